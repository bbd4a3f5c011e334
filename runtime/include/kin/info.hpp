// SPDX-License-Identifier: Apache-2.0
// Looking at a process without touching it.
#pragma once

#include <kin/export.hpp>
#include <kin/pid.hpp>
#include <kin/process.hpp>
#include <kin/time.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

/// What a process does.
enum class process_status : std::uint8_t { running, runnable, waiting, suspended };
std::ostream& operator<<(std::ostream& out, process_status s);

/// What can be known of a process. See  erlang:process_info/2.
struct process_info {
  kin::pid pid = {};                                ///< of whom
  process_status status = process_status::running;  ///< when it served the question
  std::string registered_name = {};                 ///< empty: none
  std::string subject = {};                         ///< the server's class, or the function it runs
  kin::pid parent = {};                             ///< a default pid: none, or a thread
  std::vector<std::string> ancestors = {};          ///< nearest first
  kin::pid group_leader = {};                       ///< a default pid: none
  kin::priority priority = kin::priority::normal;   ///< who runs first
  bool traps_exits = false;                         ///< exit signals come as messages
  bool holds_stack = false;                         ///< waits in the middle of a function
  /// What it waits in: kin::receive, kin::call (for an answer of any kind), kin::sleep, kin::yield,
  /// kin::blocking, kin::hibernate; empty: it runs, or waits for its next message as a server does.
  std::string current_function = {};
  /// How much it has done: messages handled or received, calls, checkpoints. Never less than before.
  std::uint64_t reductions = 0;
  std::size_t message_queue_len = 0;  ///< messages that wait
  kin::message_queue_data message_queue_data = kin::message_queue_data::on_heap;  ///< as it was set
  std::uint64_t dropped = 0;                ///< messages that a bounded mailbox has thrown away
  std::vector<kin::pid> links = {};         ///< to whom
  std::vector<kin::pid> monitors = {};      ///< whom it watches
  std::vector<kin::pid> monitored_by = {};  ///< who watches it, once a monitor; callers too
  std::vector<std::string> messages = {};   ///< printed, oldest first; if asked for
  std::vector<std::pair<std::string, std::string>> dictionary = {};  ///< printed; if asked for
  /// Where in the program it waits, in the middle of a function: `src/shop.cpp:42 in shop::sell()`,
  /// innermost first, kin's own functions left out; if asked for.
  std::vector<std::string> stack = {};
};

/// What to ask for beside the rest.
struct info_options {
  bool messages = false;      ///< printed: takes a while if there are many
  bool dictionary = false;    ///< what it keeps by kin::put, printed
  bool stack = false;         ///< files and lines take up to a second the first time, in the caller
  duration limit = infinity;  ///< how long to wait for the process to serve the question
};
/// Nothing if the process is dead or ends. Sees all that the caller sent it before. Another process
/// answers when it next serves its signals, which a long callback delays; when `limit` is over,
/// what can be told from outside: `running`, and nothing but the pid. Of a thread that has called:
/// nothing. Waits; a thread that runs no process blocks.
[[nodiscard]] std::optional<process_info> info(pid p, const info_options& options = {});

}  // namespace kin
