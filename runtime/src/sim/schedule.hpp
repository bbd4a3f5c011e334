// SPDX-License-Identifier: Apache-2.0
// A schedule: the choices of a run that are not the plain ones. Two runs of a program with the same
// schedule are the same run, to the last event.
//
// The plain way is that of one thing after another: what the last step has brought about comes
// next, in the order in which it came about; who gave way comes last; a turn takes all messages that
// wait, and nothing fails. So what is left of a schedule that was shrunk is where something else
// comes between.
//
// As text: `plain`, then a word a choice, that begins with the step in which it is made.
//   9:4      the turn of <0.4.0>             9:d0+1500  its first signal is delayed by 1500 µs
//   9:4<2    what <0.2.0> has sent <0.4.0>   9:t0+800   its first timer that is due is late by 800 µs
//   9:4<x3   ... what the third from outside has     9:s0, 9:f0, 9:a0   its first spawn fails, its first
//   9:k4     <0.4.0> is killed               mailbox is found full, its first allocation fails
//   9:c2     the turn takes two messages     (of the second it would be 1 instead of 0)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kin::detail {

/// Who can come next: a process whose turn it may be, or two between whom a signal is under way.
struct actor {
  std::uint64_t to = 0;
  std::uint64_t from = 0;  // 0, and to itself: a turn
  bool is_turn = true;

  friend bool operator==(const actor&, const actor&) = default;
};

/// A bit in `from`: the sender is no process. The rest of it counts such senders.
inline constexpr std::uint64_t from_outside = std::uint64_t{1} << 63U;

enum class choice_kind : std::uint8_t {
  next,  // what comes
  cut,   // how many messages the turn takes
  kill,
  delay,
  late_timer,
  failed_spawn,
  full_mailbox,
  failed_allocation
};
inline constexpr std::size_t choice_kinds = 8;

struct choice {
  std::uint64_t step = 0;
  choice_kind kind = choice_kind::next;
  std::uint64_t nth = 0;     // of its kind in this step
  actor who = {};            // what comes; who is killed
  std::uint64_t amount = 0;  // µs, or messages

  friend bool operator==(const choice&, const choice&) = default;
};

/// In order of their steps.
using choice_list = std::vector<choice>;

[[nodiscard]] std::string text_of(const choice_list& choices);
/// Throws kin::error with badarg if it is none.
[[nodiscard]] choice_list schedule_of(std::string_view text);

}  // namespace kin::detail
