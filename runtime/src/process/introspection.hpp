// SPDX-License-Identifier: Apache-2.0
// What a process says of itself.
#pragma once

#include <kin/info.hpp>

#include "process/control_block.hpp"
#include "process/signal.hpp"

#include <optional>

namespace kin::detail {

/// Owner. Nothing if it ends.
[[nodiscard]] std::optional<process_info> describe(control_block& p, const info_signal& wanted);
/// Owner.
[[nodiscard]] pid group_leader_of(const control_block& p);
/// Owner. Children to come inherit it.
void set_group_leader(control_block& p, pid leader);

}  // namespace kin::detail
