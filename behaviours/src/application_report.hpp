// SPDX-License-Identifier: Apache-2.0
// What the controller reports of applications, as OTP lays it out.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/report.hpp>

#include <sstream>
#include <string>
#include <utility>

namespace kin::detail {

/// Reports, each a text of several lines.
class application_report {
 public:
  static void started(const std::string& name) {
    emit({severity::info, "PROGRESS REPORT",
          "    application: " + name + "\n    started_at: nonode@nohost"});
  }
  /// Whatever it ended for, `stopped` among it.
  static void ended(const std::string& name, const std::string& why, restart type) {
    std::ostringstream text;
    text << "    application: " << name << "\n    exited: " << why << "\n    type: " << type;
    emit({severity::notice, "INFO REPORT", std::move(text).str()});
  }
};

}  // namespace kin::detail
