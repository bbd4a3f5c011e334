// SPDX-License-Identifier: Apache-2.0
// For behaviours that put requests aside and handle them again.
#pragma once

#include <kin/export.hpp>
#include <kin/request.hpp>

namespace KIN_PUBLIC kin {
namespace detail {

/// What `duty` owes; whoever takes it owes it from now on. Number 0: nothing.
/// Context  the process that made the promise.
[[nodiscard]] request_head take_back(promise& duty) noexcept;
/// `duty` is kept by the process that made it, and only that will answer: who waits for it waits for
/// that process, see kin::call_cycle.
/// Context  that process.
void keep_here(promise& duty) noexcept;

/// While it lives, the process that runs this handles `request`, which was put aside before.
class in_hand_again {
 public:
  explicit in_hand_again(signal& request);
  in_hand_again(const in_hand_again&) = delete;
  in_hand_again& operator=(const in_hand_again&) = delete;
  ~in_hand_again();
};

}  // namespace detail
}  // namespace kin
