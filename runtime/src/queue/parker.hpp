// SPDX-License-Identifier: Apache-2.0
// Where one thread sleeps, until it is woken or a time has come. One token: a wake before the sleep
// makes it short.
#pragma once

#include "base/clock.hpp"

#include <atomic>

namespace kin::detail {

class parker {
 public:
  /// The one thread. Returns after a wake, at `until`, or for no reason.
  void sleep(nanotime until) noexcept;
  /// Any thread. Some 1.3 µs if the other sleeps, else a few ns.
  void wake() noexcept;

 private:
  enum token : int { none = 0, woken = 1, sleeping = 2 };
  std::atomic<int> state_{none};
};

}  // namespace kin::detail
