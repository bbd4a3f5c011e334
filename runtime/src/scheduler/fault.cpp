// SPDX-License-Identifier: Apache-2.0
#include "scheduler/fault.hpp"

#include "base/cpu.hpp"
#include "scheduler/crash_file.hpp"
#include "scheduler/overflow.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <unistd.h>

namespace kin::detail {
namespace {

struct watched_signal {
  int number;
  const char* name;
  struct sigaction before;
};
std::array<watched_signal, 5> watched{{{SIGSEGV, "SIGSEGV", {}},
                                       {SIGBUS, "SIGBUS", {}},
                                       {SIGFPE, "SIGFPE", {}},
                                       {SIGILL, "SIGILL", {}},
                                       {SIGABRT, "SIGABRT", {}}}};
std::atomic<bool> installed{false};

// The first that dies writes; others that die meanwhile must not end the program before it is done.
std::atomic<bool> someone_writes{false};
std::atomic<bool> is_written{false};

void wait_for_writer() noexcept {
  constexpr timespec moment{0, 1'000'000};
  while (!is_written.load(std::memory_order_acquire)) nanosleep(&moment, nullptr);
}

void on_fault(int number, siginfo_t* info, void* /*context*/) {
  const int kept = errno;
  const bool was_sent = info->si_code <= 0;  // by kill, raise, abort: it does not come again
  auto* it = watched.begin();
  while (it->number != number) ++it;
  if (!someone_writes.exchange(true, std::memory_order_acq_rel)) {
    const bool overflow = !was_sent && report_overflow(number, info->si_addr);
    write_crash_file(overflow ? "stack overflow" : it->name, was_sent ? nullptr : info->si_addr);
    is_written.store(true, std::memory_order_release);
  } else {
    wait_for_writer();
  }
  // Again, and this time for whoever was there before: as if this handler were not.
  sigaction(number, &it->before, nullptr);
  if (was_sent) raise(number);  // blocked until this returns
  errno = kept;
}

}  // namespace

void install_fault_report() {
  if (KIN_ASAN || KIN_TSAN || installed.exchange(true)) return;
  struct sigaction action {};
  action.sa_sigaction = &on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (watched_signal& s : watched) sigaction(s.number, &action, &s.before);
}

}  // namespace kin::detail
