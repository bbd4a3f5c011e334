// SPDX-License-Identifier: Apache-2.0
// Too many restarts, too soon. Holds the stamps of the last period, at most limit + 1 of them.
#pragma once

#include <kin/time.hpp>

#include <chrono>
#include <deque>

namespace kin::detail {

class intensity {
 public:
  using time = clock::time_point;
  intensity(unsigned limit, duration period) : limit_(limit), period_(period) {}

  /// Counts a restart. False: more than `limit` lie within the period, and one is as old as the
  /// period at most.
  [[nodiscard]] bool allows(time now);
  /// From now on; what was counted stays counted.
  void become(unsigned limit, duration period) {
    limit_ = limit;
    period_ = period;
  }

 private:
  std::deque<time> restarts_;  // oldest first
  unsigned limit_;
  duration period_;
};

}  // namespace kin::detail
