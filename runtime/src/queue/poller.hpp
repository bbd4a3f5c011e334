// SPDX-License-Identifier: Apache-2.0
// Where a worker with nothing to do waits for the world outside. Here that is a wake from another
// thread or a time (parker.hpp); whoever has descriptors to watch waits for them in the same place.
#pragma once

#include "base/clock.hpp"

namespace kin::detail {

class poller {
 public:
  poller() = default;
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;
  virtual ~poller() = default;

  /// One thread. Returns after a wake, at `until`, or for no reason; at once if a wake has come
  /// since the last sleep.
  virtual void sleep(nanotime until) noexcept = 0;
  /// Any thread.
  virtual void wake() noexcept = 0;
};

}  // namespace kin::detail
