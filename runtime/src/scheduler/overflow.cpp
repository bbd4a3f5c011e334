// SPDX-License-Identifier: Apache-2.0
#include "scheduler/overflow.hpp"

#include "process/name_table.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <unistd.h>

namespace kin::detail {
namespace {

constexpr std::size_t alternate_bytes = std::size_t{64} << 10U;

struct sigaction before_segv;
struct sigaction before_bus;
std::atomic<bool> installed{false};

// Async-signal-safe text: the fault may have come in the middle of malloc.
class plain_text {
 public:
  plain_text& add(const char* text) noexcept { return add(text, std::strlen(text)); }
  plain_text& add(const char* text, std::size_t length) noexcept {
    for (std::size_t i = 0; i < length && used_ < text_.size(); ++i) text_[used_++] = text[i];
    return *this;
  }
  plain_text& add(std::uint64_t number) noexcept {
    std::array<char, 20> digits{};
    std::size_t at = digits.size();
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return add(&digits[at], digits.size() - at);
  }
  void write() const noexcept { static_cast<void>(!::write(STDERR_FILENO, text_.data(), used_)); }

 private:
  std::array<char, 1024> text_{};
  std::size_t used_ = 0;
};

// Where it stands was made for all processes, not by kin::with_stack.
bool is_of_machine(const worker& w) noexcept { return w.on->entry == &enter_loop; }

void report(const worker& w) noexcept {
  plain_text text;
  text.add("\n=STACK OVERFLOW====\n  process: ");
  const control_block* p = w.current;
  if (p == nullptr) {
    text.add("none (kin's own loop)");
  } else {
    const pid name = p->name_seen_from_outside();
    text.add("<").add(std::uint64_t{name.machine()}).add(".");
    text.add(std::uint64_t{name.number()}).add(".").add(std::uint64_t{name.serial()}).add(">");
    if (p->extra != nullptr && p->extra->name != nullptr) {
      text.add(" registered as ").add(p->extra->name->text.data(), p->extra->name->text.size());
    }
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
  text.write();
}

void on_fault(int number, siginfo_t* info, void* /*context*/) {
  worker* w = here();
  if (w != nullptr &&
      (w->machine.stacks.is_guard(info->si_addr) || is_below(info->si_addr, *w->on))) {
    report(*w);
  }
  // Again, and this time for whoever was there before: as if this handler were not.
  sigaction(number, number == SIGSEGV ? &before_segv : &before_bus, nullptr);
}

}  // namespace

overflow_guard::overflow_guard() {
  stack_t now_used{};
  if (sigaltstack(nullptr, &now_used) == 0 && (now_used.ss_flags & SS_DISABLE) == 0)
    return;                                            // a sanitizer's
  stack_ = std::make_unique<char[]>(alternate_bytes);  // NOLINT(modernize-avoid-c-arrays)
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

void install_overflow_report() {
  if (KIN_ASAN || KIN_TSAN || installed.exchange(true)) return;
  struct sigaction action {};
  action.sa_sigaction = &on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &before_segv);
  sigaction(SIGBUS, &action, &before_bus);
}

}  // namespace kin::detail
