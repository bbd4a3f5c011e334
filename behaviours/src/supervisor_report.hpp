// SPDX-License-Identifier: Apache-2.0
// What supervisors report, as OTP lays it out.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace kin::detail {

/// Which process the report is about.
struct offender {
  const child_spec& spec;
  kin::pid pid = {};        // none: it never ran
  bool restarting = false;  // `pid` ended, and its restart failed before
  std::size_t count = 0;    // not 0: so many children of that spec
};

/// Reports by one supervisor.
class supervisor_report {
 public:
  explicit supervisor_report(std::string name) : name_(std::move(name)) {}
  void start_error(const exit_reason& why, const offender& child) const {
    error("start_error", why, child);
  }
  void child_terminated(const exit_reason& why, const offender& child) const {
    error("child_terminated", why, child);
  }
  void shutdown_error(const exit_reason& why, const offender& child) const {
    error("shutdown_error", why, child);
  }
  /// Too many restarts.
  void shutdown(const exit_reason& why, const offender& child) const {
    error("shutdown", why, child);
  }
  void progress(const offender& started) const;
  /// A message that no supervisor understands.
  void unexpected(const std::string& message) const;

 private:
  void error(const char* context, const exit_reason& why, const offender& child) const;
  [[nodiscard]] std::string supervisor() const;
  std::string name_;  // empty: none
};

}  // namespace kin::detail
