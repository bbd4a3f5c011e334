// SPDX-License-Identifier: Apache-2.0
// A call carries its deadline: the server that handles it can ask how long its caller still waits,
// and calls others for no longer than that.
//
//   int handle_call(price_of request) {
//     return kin::call(stock, count{request.what}, kin::inherit);      // what is left, 5 s at most
//     return kin::call(stock, count{request.what}, kin::inherit(1s));  // ... 1 s at most
//   }
#pragma once

#include <kin/export.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <optional>

namespace KIN_PUBLIC kin {

/// When the caller of the request that is handled here gives up; nothing if it never does, if it has
/// been answered, or if no request is handled here. A `from` that was kept has its own, see
/// from::deadline.
///
/// Thread  any; outside a process there is nothing.   Cost  a few ns.
[[nodiscard]] std::optional<clock::time_point> request_deadline();

/// The type of kin::inherit.
struct inherit_t {
  /// What is left of the time that the caller of the request in hand waits, but no more than `own`;
  /// `own` where there is none. Zero if it has given up: a call with that time fails at once, and a
  /// server that drops what has expired does not handle it.
  [[nodiscard]] duration operator()(duration own = std::chrono::seconds(5)) const;
  /// The same: 5 s at most.
  operator duration() const { return (*this)(); }  // NOLINT(google-explicit-constructor)
};
/// As the time limit of a call, or of anything else that waits: as long as the caller of the request
/// in hand waits for its answer.
inline constexpr inherit_t inherit{};

}  // namespace kin
