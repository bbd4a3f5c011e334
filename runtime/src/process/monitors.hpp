// SPDX-License-Identifier: Apache-2.0
// What monitors do: made, given up, fired. All in the owner, but for what is refused.
#pragma once

#include <kin/pid.hpp>

#include "process/control_block.hpp"

#include <cstdint>

namespace kin::detail {

/// A monitor of a process that starts by its starter, both ours now: no signal.
void monitor_at_birth(control_block& parent, control_block& child, std::uint64_t reference);
void start_monitor(control_block& p, pid other, std::uint64_t reference);
/// False if this process has no such monitor (any more).
bool stop_monitor(control_block& p, std::uint64_t reference);
/// Takes the message of that monitor out of the mailbox, if it is there.
bool flush_down(control_block& p, std::uint64_t reference);
/// A dying process tells its watchers. False when the budget is used up first.
bool tell_watchers(control_block& p, const exit_reason& why, int& budget);
/// A dying process watches no more. False when the budget is used up first.
bool stop_watching(control_block& p, int& budget);

// Signals, drained.
void take_monitor(control_block& p, record_signal& s);
void take_demonitor(control_block& p, record_signal& s);
void take_monitor_fired(control_block& p, monitor_record& record);
// Signals that reached a later user of a block.
void refuse_monitor(record_signal& s) noexcept;
void discard_monitor_fired(monitor_record& record) noexcept;

}  // namespace kin::detail
