// SPDX-License-Identifier: Apache-2.0
// The report of a stack overflow, by the name of the process. Only while kin::run handles signals.
#pragma once

#include <memory>

namespace kin::detail {

/// Gives the thread that makes it an alternate signal stack: there is no room for a report on one
/// that is full.
class overflow_guard {
 public:
  overflow_guard();
  overflow_guard(const overflow_guard&) = delete;
  overflow_guard& operator=(const overflow_guard&) = delete;
  ~overflow_guard();

 private:
  std::unique_ptr<char[]> stack_;  // NOLINT(modernize-avoid-c-arrays)
};

/// From now on SIGSEGV and SIGBUS in a guard page are reported, then passed on to whoever handled
/// them before.
void install_overflow_report();

}  // namespace kin::detail
