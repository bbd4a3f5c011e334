// SPDX-License-Identifier: Apache-2.0
// The report of a process that ends badly, made while its state still stands.
#pragma once

#include "process/control_block.hpp"

namespace kin::detail {

/// In the process, when its code runs no more. Waits for a moment if it has links: for what it takes
/// with it to say what that is.
void report_crash(control_block& p) noexcept;

/// Parent, its parent, and so on; names where they had one.
std::vector<std::string> ancestors_of(const control_block& p);

}  // namespace kin::detail
