// SPDX-License-Identifier: Apache-2.0
// All that one process does to another, as it lies in an inbox.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>

#include <cstdint>

namespace kin::detail {

class promise_record;
struct relation;
struct timer_entry;

enum class signal_kind : std::uint8_t {
  // What goes into the mailbox.
  message,
  request,  // a call or cast: request_head, then the value
  // What takes effect when the inbox is drained, in the order it came.
  reply,           // number, value: ends the call that waits for this number
  refusal,         // the same, with a reason instead of a value
  exit,            // exit(pid, reason)
  stop,            // the machine stops: shutdown, for those whose parent is gone
  link,            // the other side of a link was made
  unlink,          // ... is given up
  link_broken,     // a half of a link: the process at its other side has ended
  monitor,         // somebody wants to hear of the end
  demonitor,       // ... no longer
  monitor_fired,   // the watcher's half of a monitor: the watched process has ended
  promise_kept,    // a promise of this process was answered elsewhere
  tick,            // a timer of this process itself
  job_done,        // what kin::blocking ran has returned
  alive_question,  // number, caller: is_alive
  info_question,   // ... and info
  suspend,         // number, caller: stop where you are
  resume,          // ... go on
  group_leader,    // from now on that one
  room_wanted,     // number, caller: tell me when there is room in the mailbox
  aliased,         // mail that came by an alias
  named,           // somebody gave this process a name
  probe,           // goes along calls that wait: see probe.hpp
};
/// A flag of mail: its value is a kin::down, or begins with one.
inline constexpr std::uint16_t carries_down = 1;

inline bool is_mail(signal_kind k) { return k <= signal_kind::request; }

struct refusal_signal : signal {
  std::uint64_t number;
  exit_reason why;
};
struct exit_signal_node : signal {
  pid from;
  exit_reason why;
};
/// link, unlink, monitor, demonitor, named, tick: about this record.
struct record_signal : signal {
  void* record;
};
struct question_signal : signal {
  pid caller;
  std::uint64_t number;
};
struct info_signal : question_signal {
  bool messages;
  bool dictionary;
  bool stack;
  bool as_neighbour;  // asked by one that crashes: little is wanted, and of who traps exits nothing
};
struct aliased_signal : signal {
  std::uint64_t number;
  signal* mail;
};

/// A node for a signal without a value of a type; fields are set by the caller.
template <class Node>
Node* make_signal(signal_kind kind);

void* allocate_signal(std::size_t bytes, signal_kind kind);

template <class Node>
Node* make_signal(signal_kind kind) {
  auto* header = static_cast<signal*>(allocate_signal(sizeof(Node), kind));
  const signal kept = *header;
  auto* node = new (header) Node{};
  static_cast<signal&>(*node) = kept;
  return node;
}

}  // namespace kin::detail
