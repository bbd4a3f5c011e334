// SPDX-License-Identifier: Apache-2.0
// What the controller reports of applications, as OTP lays it out.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/report.hpp>

#include "report_lines.hpp"

#include <sstream>
#include <string>
#include <utility>

namespace kin::detail {

/// Reports, each a text of several lines.
class application_report {
 public:
  static void started(const std::string& name) {
    emit(laid_out({.severity = severity::info,
                   .title = "PROGRESS REPORT",
                   .label = "application_controller progress",
                   .domain = "otp.sasl",
                   .fields = {{"application", name}, {"started_at", "nonode@nohost"}},
                   .lay_out = &lay_out_colons}));
  }
  /// Whatever it ended for, `stopped` among it.
  static void ended(const std::string& name, const std::string& why, restart type) {
    std::ostringstream how;
    how << type;
    emit(laid_out(
        {.severity = severity::notice,
         .title = "INFO REPORT",
         .label = "application_controller exit",
         .domain = "otp",
         .fields = {{"application", name}, {"exited", why}, {"type", std::move(how).str()}},
         .lay_out = &lay_out_colons}));
  }
};

}  // namespace kin::detail
