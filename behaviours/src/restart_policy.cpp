// SPDX-License-Identifier: Apache-2.0
#include "restart_policy.hpp"

#include <array>
#include <cstddef>

namespace kin::detail {

exit_rule rule_for(restart type, bool orderly) {
  struct row {
    exit_rule orderly;
    exit_rule other;
  };
  static constexpr std::array<row, 3> table{{
      {{fate::starts_again, true}, {fate::starts_again, true}},   // permanent
      {{fate::is_kept, false}, {fate::starts_again, true}},       // transient
      {{fate::is_forgotten, false}, {fate::is_forgotten, true}},  // temporary
  }};
  const row& r = table[static_cast<std::size_t>(
      type)];  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index)
  return orderly ? r.orderly : r.other;
}

bool ended_as_told(restart type, shutdown_limit limit, const exit_reason& why) {
  if (why == (limit.brutal ? exit_reason(killed) : exit_reason(shutdown))) return true;
  return type != permanent && why.is_orderly();
}

}  // namespace kin::detail
