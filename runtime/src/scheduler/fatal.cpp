// SPDX-License-Identifier: Apache-2.0
#include "scheduler/fatal.hpp"

#include <kin/print.hpp>

#include "process/mailbox.hpp"
#include "process/name_table.hpp"
#include "process/scheduling.hpp"
#include "process/unwinding.hpp"
#include "scheduler/crash_file.hpp"
#include "scheduler/worker.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <typeinfo>

namespace kin::detail {
namespace {

std::terminate_handler before = nullptr;
std::atomic<bool> installed{false};

void name_process(std::ostream& out, const control_block& p) {
  out << "  process: " << p.name();
  if (p.extra != nullptr && p.extra->name != nullptr)
    out << " registered as " << p.extra->name->text;
  if (p.body != nullptr) out << "\n  it runs: " << type_name(p.body->subject());
  out << '\n';
}

// It was to end, and its exit could not leave a function.
void tell_exit(std::ostream& out, const control_block& p, bool while_ending) {
  out << "  reason of its exit: " << reason_of(p) << '\n';
  if (while_ending) {
    out << "  A destructor of this process, which ends, waits without a time limit. While a "
           "process "
           "ends its waits\n"
           "  fail at once: give the receive a kin::after, or do not wait in destructors.\n";
  } else {
    out << "  It was to end where it waits, but between there and its beginning stands a noexcept "
           "function or a\n"
           "  destructor, which nothing may leave by an exception. Do not wait, nor call "
           "kin::exit, "
           "below one.\n";
  }
}

void tell_exception(std::ostream& out, const std::type_info* type) {
  out << "  exception: " << (type == nullptr ? "none" : type_name(*type));
  try {
    if (type != nullptr) throw;
  } catch (const std::exception& e) {
    out << ": " << e.what();
  } catch (...) {
    out << ", not a std::exception";
  }
  out << "\n  It met a noexcept function or a destructor, which nothing may leave by an exception; "
         "else it would\n"
         "  have ended this process alone.\n";
}

// Takes no memory, since there is none.
void tell_no_memory() noexcept {
  try {
    if (abi::__cxa_current_exception_type() != nullptr) throw;
  } catch (const std::bad_alloc&) {
    static_cast<void>(!std::fputs(
        "\n=FATAL====\n  out of memory where nothing may fail: kin had to queue a process or to "
        "tell of "
        "an end, or a noexcept\n"
        "  function of the program wanted some. Elsewhere it ends the process alone that asked for "
        "it.\n",
        stderr));
  } catch (...) {  // NOLINT(bugprone-empty-catch): told by report
  }
}

void report(const control_block& p) {
  const std::type_info* type = abi::__cxa_current_exception_type();
  std::ostringstream out;
  out << "\n=FATAL====\n";
  name_process(out, p);
  if (type != nullptr && *type == typeid(unwinding)) {
    tell_exit(out, p, p.is(flag_exiting) || std::uncaught_exceptions() != 0);
  } else {
    tell_exception(out, type);
  }
  const std::string text = std::move(out).str();
  std::fwrite(text.data(), 1, text.size(), stderr);
  note_last_words(text);
}

void on_terminate() {
  if (here() != nullptr) tell_no_memory();
  if (const control_block* p = current_process()) report(*p);
  if (before != nullptr) before();
  std::abort();
}

}  // namespace

void install_fatal_report() {
  if (!installed.exchange(true)) before = std::set_terminate(&on_terminate);
}

}  // namespace kin::detail
