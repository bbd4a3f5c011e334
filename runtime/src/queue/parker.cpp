// SPDX-License-Identifier: Apache-2.0
#include "queue/parker.hpp"

#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kin::detail {
namespace {

long futex(std::atomic<int>& word, int operation, int value, const timespec* until) noexcept {
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, until, nullptr,
                 FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void parker::sleep(nanotime until) noexcept {
  int seen = none;
  if (state_.compare_exchange_strong(seen, sleeping, std::memory_order_acq_rel)) {
    timespec at{};
    if (until != never) {
      at.tv_sec = until / 1'000'000'000;
      at.tv_nsec = until % 1'000'000'000;
    }
    // WAIT_BITSET takes an absolute monotonic time.
    futex(state_, FUTEX_WAIT_BITSET, sleeping, until == never ? nullptr : &at);
  }
  state_.store(none, std::memory_order_release);
}

void parker::wake() noexcept {
  if (state_.exchange(woken, std::memory_order_acq_rel) == sleeping)
    futex(state_, FUTEX_WAKE, 1, nullptr);
}

}  // namespace kin::detail
