// SPDX-License-Identifier: Apache-2.0
#include "queue/parker.hpp"

#include "base/futex.hpp"

namespace kin::detail {

void parker::sleep(nanotime until) noexcept {
  int seen = none;
  // relaxed: all threads change this one word, so either this sees `woken`, or `wake` sees `sleeping`.
  if (state_.compare_exchange_strong(seen, sleeping, std::memory_order_relaxed))
    futex_wait(state_, sleeping, until);
  // acquire: pairs with `wake`, whose caller has done something that the caller of this looks at next.
  // Not a store: when the time is up, or two wake, this may take away a wake that comes just now, and
  // a store may be seen later than it stands, after that look.
  state_.exchange(none, std::memory_order_acquire);
}

void parker::wake() noexcept {
  if (state_.exchange(woken, std::memory_order_release) == sleeping) futex_wake(state_);
}

}  // namespace kin::detail
