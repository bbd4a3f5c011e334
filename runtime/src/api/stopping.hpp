// SPDX-License-Identifier: Apache-2.0
// How the processes of a machine are told to end: roots first, so that supervisors stop their
// children in order; then those that nobody is there to stop; then who is left, by force.
#pragma once

namespace kin::detail {

class machine_core;

/// Exit signal `shutdown` to what was spawned from outside, newest first.
void stop_roots(machine_core& core);
/// The same to all whose parent has gone.
void stop_orphans(machine_core& core);
/// Exit signal `kill` to all.
void kill_all(machine_core& core);

}  // namespace kin::detail
