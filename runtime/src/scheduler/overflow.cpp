// SPDX-License-Identifier: Apache-2.0
#include "scheduler/overflow.hpp"

#include "base/plain_text.hpp"
#include "scheduler/crash_file.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <csignal>
#include <cstdint>
#include <new>
#include <unistd.h>

namespace kin::detail {
namespace {

constexpr std::size_t alternate_bytes = std::size_t{64} << 10U;

// Where it stands was made for all processes, not by kin::with_stack.
bool is_of_machine(const worker& w) noexcept { return w.on->entry == &enter_loop; }

void report(const worker& w) noexcept {
  plain_text text(STDERR_FILENO);
  text.add("\n=STACK OVERFLOW====\n  process: ");
  const control_block* p = w.current;
  if (p == nullptr) {
    text.add("none (kin's own loop)");
  } else {
    write_name(text, *p);
  }
  text.add("\n  It used more than its stack of ")
      .add(w.on->usable / 1024)
      .add(is_of_machine(w)
               ? " KiB. Raise machine_options::stack_bytes, or give what needs more to "
                 "kin::with_stack.\n"
               : " KiB, which kin::with_stack gave it. Ask for more there.\n")
      .add(
          "  A function whose frame is larger than the guard of 16 KiB can jump over it, and be "
          "reported as an unknown\n"
          "  address: compile with -fstack-clash-protection.\n");
}

}  // namespace

overflow_guard::overflow_guard() {
  stack_t now_used{};
  if (sigaltstack(nullptr, &now_used) == 0 && (now_used.ss_flags & SS_DISABLE) == 0)
    return;  // a sanitizer's
  stack_.reset(new (std::nothrow) char[alternate_bytes]);
  if (stack_ == nullptr) return;  // no report is better than no worker
  stack_t mine{};
  mine.ss_sp = stack_.get();
  mine.ss_size = alternate_bytes;
  sigaltstack(&mine, nullptr);
}

overflow_guard::~overflow_guard() {
  if (stack_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
}

bool report_overflow(int number, const void* address) noexcept {
  if (number != SIGSEGV && number != SIGBUS) return false;
  const worker* w = here();
  if (w == nullptr || (!w->machine.stacks.is_guard(address) && !is_below(address, *w->on)))
    return false;
  report(*w);
  return true;
}

}  // namespace kin::detail
