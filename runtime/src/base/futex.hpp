// SPDX-License-Identifier: Apache-2.0
// A wait for a word of memory to change: the kernel's futex.
#pragma once

#include "base/atomic.hpp"
#include "base/clock.hpp"

namespace kin::detail {

/// Sleeps if `word` is still `value`, until a wake, `until`, or for no reason.
void futex_wait(atomic<int>& word, int value, nanotime until) noexcept;
/// Wakes one that sleeps.
void futex_wake(atomic<int>& word) noexcept;

}  // namespace kin::detail
