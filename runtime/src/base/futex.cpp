// SPDX-License-Identifier: Apache-2.0
#include "base/futex.hpp"

#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kin::detail {
namespace {

long futex(atomic<int>& word, int operation, int value, const timespec* until) noexcept {
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, until, nullptr,
                 FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void futex_wait(atomic<int>& word, int value, nanotime until) noexcept {
  timespec at{};
  if (until != never) {
    at.tv_sec = until / 1'000'000'000;
    at.tv_nsec = until % 1'000'000'000;
  }
  // WAIT_BITSET takes an absolute monotonic time.
  futex(word, FUTEX_WAIT_BITSET, value, until == never ? nullptr : &at);
}

void futex_wake(atomic<int>& word) noexcept { futex(word, FUTEX_WAKE, 1, nullptr); }

}  // namespace kin::detail
