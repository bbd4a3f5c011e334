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

}  // namespace detail
}  // namespace kin
