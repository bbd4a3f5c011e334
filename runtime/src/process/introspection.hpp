// SPDX-License-Identifier: Apache-2.0
// What a process says of itself.
#pragma once

#include <kin/info.hpp>

#include "process/control_block.hpp"
#include "process/signal.hpp"

#include <optional>
#include <vector>

namespace kin::detail {

/// Owner. The function of kin's that it waits in; empty: it runs, or waits as a server does.
[[nodiscard]] const char* function_of(const control_block& p);
/// What is said of a process, and the return addresses of its stack, which are told as text where
/// nobody waits for it.
struct description : process_info {
  std::vector<const void*> frames = {};
};
/// Owner. Nothing if it ends.
[[nodiscard]] std::optional<description> describe(control_block& p, const info_signal& wanted);
/// Owner.
[[nodiscard]] pid group_leader_of(const control_block& p);
/// Owner. Children to come inherit it.
void set_group_leader(control_block& p, pid leader);

}  // namespace kin::detail
