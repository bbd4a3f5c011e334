// SPDX-License-Identifier: Apache-2.0
// The report on a world in which nothing can happen any more.
#pragma once

#include <string>

namespace kin::detail {

class machine_core;

/// Of each process, in the order they were started: who it is and what it waits for; if it waits in
/// the middle of a function, where in the program, and since when; then each circle of processes
/// that wait for each other's replies. Lines. Nothing of the machine may run. Asks addr2line once
/// for each place.
[[nodiscard]] std::string who_waits(machine_core& core);

}  // namespace kin::detail
