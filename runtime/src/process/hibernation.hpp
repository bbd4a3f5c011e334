// SPDX-License-Identifier: Apache-2.0
// What a process gives back that will be idle for long.
#pragma once

#include "process/control_block.hpp"

namespace kin::detail {

/// Owner. Frees what was made for needs that it does not have now; all of its extras if none is
/// left.
void give_back_memory(control_block& p);

}  // namespace kin::detail
