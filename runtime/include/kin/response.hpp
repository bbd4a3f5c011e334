// SPDX-License-Identifier: Apache-2.0
// The answer to a request that nobody stood and waited for, as a message: see kin/send_request.hpp.
#pragma once

#include <kin/export.hpp>
#include <kin/request.hpp>
#include <kin/result.hpp>

#include <cstdint>
#include <iosfwd>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {
class response_access;
}

/// What the process that called send_request gets, once: the reply, or why there is none. Which
/// request it belongs to, and the value, kin::check_response says.
class response {
 public:
  /// Made by the runtime.
  response(std::uint64_t number, detail::reply outcome)
      : number_(number), outcome_(std::move(outcome)) {}
  /// Whether the server has answered; else it has ended first, or was not there.
  [[nodiscard]] bool is_reply() const { return static_cast<bool>(outcome_); }
  friend std::ostream& operator<<(std::ostream& out, const response& r);

 private:
  friend class detail::response_access;
  std::uint64_t number_;
  detail::reply outcome_;
};

namespace detail {

/// For those who know what type was asked for.
class response_access {
 public:
  [[nodiscard]] static std::uint64_t number(const response& r) { return r.number_; }
  /// The value, moved out, or the reason there is none.
  template <class R>
  static result<R> take(response& r) {
    if (!r.outcome_) return r.outcome_.error();
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return std::move(r.outcome_.template value<R>());
    }
  }
};

/// Sends a request to `to`, who may be nobody: then the answer says noproc. It comes as a
/// kin::response with the number that is returned. Waits only for room in a bounded mailbox.
/// Context  a process.
std::uint64_t post_request(std::optional<pid> to, signal* request);
/// What answers that request from now on is thrown away.
void abandon_request(std::uint64_t number);

}  // namespace detail

}  // namespace kin
