// SPDX-License-Identifier: Apache-2.0
// What this floor asks of the one above it. Defined in scheduler/.
#pragma once

#include <kin/pid.hpp>

#include "base/clock.hpp"

#include <cstdint>

namespace kin::detail {

enum class mail_fate : std::uint8_t;
struct control_block;
struct lineage;
struct record_signal;
struct signal;

/// The caller has just replaced its IDLE: it must run; or it is a thread's, and that must look. Any
/// thread.
void schedule(control_block& p);
/// A signal to `p`, which lives and is known as `to`: its machine's driver takes it, and hands it
/// in some time; without one it is counted, and handed in. False, and `s` still the caller's: nobody
/// will.
[[nodiscard]] bool carry(control_block& p, pid to, signal* s) noexcept;
/// So many more of the mail of `p` have come to that; no more than before if its machine does not count.
/// Any thread.
void count_mail(control_block& p, mail_fate f, std::int64_t by) noexcept;
/// Whether the driver of its machine, if it has one that carries, wants the mailbox of `p`, which has
/// a bound, to be full for what comes now.
[[nodiscard]] bool finds_full(control_block& p) noexcept;
/// The process itself, or null on a thread that runs none. Never remembered over a wait.
control_block* current_process() noexcept;
/// One use less of `origin`, at once or soon. The process itself, at its end.
void release_origin(lineage& origin) noexcept;
/// What time it is for that process. In a process.
[[nodiscard]] nanotime now();
/// The same, or the system's time on a thread that is no worker's. Any thread.
[[nodiscard]] nanotime time_here();
/// A deadline that is never early. A long one may be late by 20 ms, and is cheap. In a process.
[[nodiscard]] nanotime deadline_in(duration limit);
/// A number that no reference of this machine had before. In a process.
std::uint64_t fresh_reference();

/// A tick will reach the process at or after `deadline`, unless an earlier one is under way. In the
/// process.
void arm_tick(control_block& p, nanotime deadline);
/// Consumes a tick that has come; false if it is one that was replaced by another. In the process.
bool tick_is_current(control_block& p, record_signal& tick);
/// Consumes a tick for a process that is no more.
void discard_tick(record_signal& tick) noexcept;
/// What the process has sent itself for later is void from now on. In the process, at its end.
void drop_own_timers(control_block& p) noexcept;
/// Those to itself that have fired are nothing any more. In the process.
void forget_fired_timers(control_block& p) noexcept;
/// No tick is wanted any more. In the process.
void drop_tick(control_block& p) noexcept;

}  // namespace kin::detail
