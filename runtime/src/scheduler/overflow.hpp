// SPDX-License-Identifier: Apache-2.0
// The report of a stack overflow, by the name of the process.
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

/// In the handler of that signal: if it is an overflow, says whose on standard error, and that it is
/// one.
bool report_overflow(int number, const void* address) noexcept;

}  // namespace kin::detail
