// SPDX-License-Identifier: Apache-2.0
// Durations, and `infinity`, for every call that waits.
#pragma once

#include <kin/export.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace KIN_PUBLIC kin {

/// How long something may take. Nanoseconds, so that any std::chrono duration converts.
using duration = std::chrono::nanoseconds;

/// Wait for ever. Adding to it is safe inside kin; outside, compare with it and do not add.
inline constexpr duration infinity = duration::max();

/// The clock that waits and timers go by: monotonic, and virtual where a process is simulated, so
/// that code which asks it can be simulated too.
///
/// Thread  any.   Cost  some 25 ns.
struct clock {
  /// As a clock of the standard library has them.
  using duration = kin::duration;
  /// The same.
  using rep = duration::rep;
  /// The same.
  using period = duration::period;
  /// That of the steady clock, so that the two can be mixed outside simulation.
  using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;
  /// It never goes back.
  static constexpr bool is_steady = true;
  /// Of the machine that runs the caller; elsewhere the steady clock's.
  [[nodiscard]] static time_point now() noexcept;
};

/// `using namespace kin::literals;` gives 5s, 10ms and "text"s.
namespace literals {
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): that is its purpose
using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
}  // namespace literals

}  // namespace kin
