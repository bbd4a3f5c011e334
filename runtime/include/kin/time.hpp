// SPDX-License-Identifier: Apache-2.0
// Durations, and `infinity`, for every call that waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kin {

/// How long something may take. Nanoseconds, so that any std::chrono duration converts.
using duration = std::chrono::nanoseconds;

/// Wait for ever. Adding to it is safe inside kin; outside, compare with it and do not add.
inline constexpr duration infinity = duration::max();

/// The clock that waits and timers go by: monotonic, and virtual where a process is simulated, so
/// that code which asks it can be simulated too. Thread  any.  Cost  some 25 ns.
struct clock {
  using duration = kin::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;
  static constexpr bool is_steady = true;
  [[nodiscard]] static time_point now() noexcept;
};

/// `using namespace kin::literals;` gives 5s, 10ms and "text"s.
namespace literals {
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): that is its purpose
using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
}  // namespace literals

}  // namespace kin
