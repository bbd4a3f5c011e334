// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/base/futex.hpp: it sleeps until it is woken, or for a time if one is
// given.
#pragma once

#include "base/atomic.hpp"
#include "base/clock.hpp"

namespace kin::detail {

inline void futex_wait(atomic<int>& word, int value, nanotime until, KIN_MODEL_HERE) {
  model::perform({.what = model::act::sleep,
                  .timed = until != never,
                  .place = word.place(),
                  .expected = model::bits_of(value),
                  .at = here});
}
inline void futex_wake(atomic<int>& word, KIN_MODEL_HERE) {
  model::perform({.what = model::act::wake, .place = word.place(), .at = here});
}

}  // namespace kin::detail
