// SPDX-License-Identifier: Apache-2.0
// Restart or not, and report or not, as tables. The tables are OTP's.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/exit_reason.hpp>

namespace kin::detail {

/// What becomes of a child that ended by itself.
enum class fate : unsigned char {
  starts_again,
  is_kept,  // known, and not running
  is_forgotten,
};
struct exit_rule {
  kin::detail::fate fate;
  bool reported;
  friend bool operator==(const exit_rule&, const exit_rule&) = default;
};

/// orderly: normal, shutdown or {shutdown, _}.
[[nodiscard]] exit_rule rule_for(restart type, bool orderly);

/// Whether a child that its supervisor ended has ended as it should; else it is reported.
[[nodiscard]] bool ended_as_told(restart type, shutdown_limit limit, const exit_reason& why);

}  // namespace kin::detail
