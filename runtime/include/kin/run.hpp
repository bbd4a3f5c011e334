// SPDX-License-Identifier: Apache-2.0
// kin::run: a whole program in one call.
#pragma once

#include <kin/export.hpp>
#include <kin/machine.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

/// How a program runs; every field may be left out.
struct run_options {
  machine_options machine = {};  ///< workers, stacks, limits
  /// SIGINT and SIGTERM become an orderly shutdown, a second one ends at once. A stack overflow names
  /// its process, and so does std::terminate. SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write a
  /// crash file, then go to whoever handled them before. The faults are the sanitizers' where they
  /// are.
  bool handle_signals = true;
  /// Folder of the crash file, kin_crash.NUMBER.txt of the OS process. Empty: KIN_CRASH_DIR, or
  /// the current folder when run is called; KIN_CRASH_DIR set to nothing: no file.
  std::string crash_dir = {};
};

namespace detail {
int run_root(std::unique_ptr<behaviour> root, const run_options& options);
}

/// Starts a machine, runs `main` as its first process, waits for its end, stops the machine in
/// order, and gives the code for `return` from the program's main: 0 if `main` ended normal or
/// shutdown, 128 + n after signal n, else 1. What does not stop within the limit is named on
/// standard error, and then ends with the OS process.
///
/// Context  the thread that may block until the program ends; not a process.
/// See      machine for finer control.
template <class F>
requires std::is_invocable_v<F&>
int run(F main, const run_options& options = {}) {
  return detail::run_root(detail::body_of(std::move(main)), options);
}

}  // namespace kin
