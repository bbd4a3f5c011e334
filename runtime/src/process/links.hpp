// SPDX-License-Identifier: Apache-2.0
// What links do: made, given up, broken. All in the owner, but for what is refused.
#pragma once

#include <kin/pid.hpp>

#include "process/control_block.hpp"

namespace kin::detail {

/// The active half towards `peer`, or null.
link_half* find_link(control_block& p, pid peer);

/// A link between a process that starts and its starter, both ours now: no signal.
void link_at_birth(control_block& parent, control_block& child);
/// False if nobody is there: no link was made then.
bool make_link_to(control_block& p, pid other);
void unlink_from(control_block& p, pid other);
/// All links of a dying process: each peer gets its exit signal. False when the budget is used up
/// first.
bool break_links(control_block& p, const exit_reason& why, int& budget);

// Signals, drained.
void take_link(control_block& p, record_signal& s);
void take_unlink(control_block& p, record_signal& s);
void take_link_broken(control_block& p, link_half& half);
// Signals that reached a later user of a block.
void refuse_link(record_signal& s) noexcept;
void refuse_unlink(record_signal& s) noexcept;
void discard_link_broken(link_half& half) noexcept;

}  // namespace kin::detail
