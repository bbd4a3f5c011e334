// SPDX-License-Identifier: Apache-2.0
// Monotonic time in nanoseconds. The one place that asks the system what time it is.
#pragma once

#include <kin/time.hpp>

#include <cstdint>
#include <ctime>

namespace kin::detail {

using nanotime = std::int64_t;
inline constexpr nanotime never = INT64_MAX;

inline nanotime read_clock(clockid_t which) noexcept {
  timespec t{};
  clock_gettime(which, &t);
  return static_cast<nanotime>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}
/// 21 ns.
inline nanotime system_now() noexcept { return read_clock(CLOCK_MONOTONIC); }
/// 3 ns; behind `system_now` by at most coarse_lag.
inline nanotime coarse_system_now() noexcept { return read_clock(CLOCK_MONOTONIC_COARSE); }
inline constexpr nanotime coarse_lag = 10'000'000;  // one tick of a 100 Hz kernel

/// time + limit, without overflow.
inline nanotime add(nanotime time, duration limit) noexcept {
  return limit.count() >= never - time ? never : time + limit.count();
}
}  // namespace kin::detail
