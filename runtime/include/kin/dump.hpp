// SPDX-License-Identifier: Apache-2.0
// What a running machine looks like, as text.
#pragma once

#include <kin/export.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <iosfwd>

namespace KIN_PUBLIC kin {

/// What to write; every field may be left out.
struct dump_options {
  bool stacks = true;  ///< of processes that wait in the middle of a function: where in the program
  bool events = true;  ///< what each worker has done last
  duration limit = std::chrono::seconds(1);  ///< to wait for processes that run, of all together
};

/// Writes the processes of the caller's machine, in the order they were started: pid, registered
/// name, what it runs, what it does, how long its mailbox is, where it waits; then what each worker
/// has done last. Lines, for people. Processes answer one after the other, while all goes on: it is
/// no picture of one moment.
///
/// Throws   kin::error with badarg on a thread that has entered no machine.
/// Thread   any.
/// Cost     a message to each process; with `stacks` up to a second the first time, for addr2line.
/// See      kin::info for one process, as values.
void dump(std::ostream& out, const dump_options& options = {});

}  // namespace kin
