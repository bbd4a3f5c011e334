// SPDX-License-Identifier: Apache-2.0
// What becomes of mail, counted: what was let into a mailbox is received, refused, dropped or left
// unread, once.
//
// Only simulated machines count, and those that are told to (machine_options::counts_mail). The pids of
// their processes lead through `carry`, so that all others pay nothing.
//   I1  Mail that was counted when it was let in says so (signal flag `on_the_books`), until it is
//       struck off. So what is lost on its way is missing in the sum, and what comes twice is too
//       much.
//   I2  Where it is struck off, somebody has decided what becomes of it: `refuse` itself counts
//       nothing, or it would count what was forgotten as well.
//   I3  A ledger is immortal, since a sender may be late by a machine. Each worker counts by itself;
//       here is what others have counted.
#pragma once

#include <kin/pid.hpp>

#include "process/signal.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kin::detail {

struct control_block;

enum class mail_fate : std::uint8_t { sent, received, refused, dropped, unread };
inline constexpr std::size_t mail_fates = 5;

/// How much of what, by one thread at a time or by all.
using mail_tally = std::array<std::atomic<std::uint64_t>, mail_fates>;

struct ledger {
  mail_tally of_outsiders{};
  bool is_driven = false;  // of a machine that a driver runs
};
/// Nothing has been counted in it.
ledger& open_ledger(bool is_driven);
/// Nobody uses it any more; of a machine without a driver some may.
void close_ledger(ledger& l) noexcept;

/// A flag of mail: a ledger has it.
inline constexpr std::uint16_t on_the_books = 4;

/// Any thread. `s`, if it is mail or brings some, is let into the mailbox of `p`.
void enter_in_books(control_block& p, signal& s) noexcept;
/// Any thread. As hand_in, and if it is mail it is entered.
[[nodiscard]] bool hand_in_counted(control_block& p, pid to, signal* s) noexcept;
/// Of mail, which has not been lost: that has become of it.
void strike_off_entered(control_block& p, signal& mail, mail_fate f) noexcept;
inline void strike_off(control_block& p, signal& mail, mail_fate f) noexcept {
  if ((mail.flags & on_the_books) != 0) [[unlikely]]
    strike_off_entered(p, mail, f);
}
/// As strike_off, of any signal: what it is or brings, if that is mail.
void strike_off_mail_in(control_block& p, signal& s, mail_fate f) noexcept;
/// What of a signal is mail; null: nothing.
[[nodiscard]] inline signal* mail_in(signal& s) {
  if (s.kind == signal_kind::aliased) return static_cast<aliased_signal&>(s).mail;
  return is_mail(s.kind) ? &s : nullptr;
}
/// Owner. It was received, and is to be again.
void enter_again(control_block& p, signal& mail) noexcept;

}  // namespace kin::detail
