// SPDX-License-Identifier: Apache-2.0
// The way into a bounded mailbox: who sends passes here first, and is counted.
//
// The pid of a bounded process leads to its gate instead of its block, so that all others pay
// nothing. Only mail passes; signals, replies and what timers send go to the block at once.
//   I1  `count` carries the tag of the gate's user; it is counted and checked in one step, so that
//       a sender that is late by a user counts nothing.
//   I2  Mail that was counted says so (signal flag `counted`), until the owner takes it off.
//   I3  Gates are immortal and never anything else: a pid may be used for ever.
// Room is not reserved: who waits is told when there is some, and tries again. A reservation would
// be lost with a sender that is killed meanwhile. Nor is more than one place waited for: what a
// selective receive leaves may fill the rest for ever.
#pragma once

#include <kin/process.hpp>

#include "process/control_block.hpp"
#include "process/ledger.hpp"
#include "process/signal.hpp"

#include <atomic>
#include <cstdint>

namespace kin::detail {

struct alignas(128) gate {
  std::atomic<std::uint64_t> count{0};  // tag, messages; all zero: closed
  std::atomic<control_block*> block{nullptr};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<bool> alarmed{false};
  std::atomic<bool> struck{false};  // its owner, for what was too much
  // So many more than are too many is the owner to drop: a driver wanted it to be full.
  std::atomic<std::uint32_t> drop_more{0};
  // Read by senders that are late by a user, too.
  std::atomic<std::uint64_t> limit{0};
  std::atomic<std::uint64_t> alarm_at{0};  // 0: never
  std::atomic<when_full> policy{when_full::block};
  gate* next_free = nullptr;
};

/// A flag of mail: its gate has counted it.
inline constexpr std::uint16_t counted = 2;

/// Owner, before anybody has its pid.
void bound_mailbox(control_block& p, const mailbox_options& options);
/// Owner, at its end: nobody passes any more.
void close_gate(control_block& p) noexcept;

enum class posted : std::uint8_t { yes, gone, full };
/// Any thread. Mail to whomever, bounded or not. `s` stays the caller's unless it is posted.
[[nodiscard]] posted post_mail(pid to, signal* s) noexcept;
/// Any thread. What a full mailbox does with what comes; nothing if `to` is not bounded.
[[nodiscard]] when_full policy_of(pid to) noexcept;
/// Any thread. One that was not let in was thrown away.
void count_dropped(pid to) noexcept;

/// Any thread. What came was too much for a process that is to be killed then.
void kill_behind_gate(pid to) noexcept;

void leave_counted(control_block& p, signal& s);
/// Owner. Mail has left the mailbox, or is handled.
inline void leave_gate(control_block& p, signal& s) {
  if ((s.flags & (counted | on_the_books)) != 0) [[unlikely]]
    leave_counted(p, s);
}
/// Owner, of a process with a gate or a ledger. It stays after all.
void stay_behind_gate(control_block& p, signal& s);
/// Owner, where nobody looks at the mailbox: drops the oldest that are too many.
void drop_oldest(control_block& p);
/// Owner. Somebody waits for room.
void take_room_wanted(control_block& p, question_signal& s);

}  // namespace kin::detail
