// SPDX-License-Identifier: Apache-2.0
#include "supervisor_report.hpp"

#include <kin/print.hpp>
#include <kin/process.hpp>
#include <kin/report.hpp>

#include "report_lines.hpp"

#include <sstream>
#include <string>
#include <utility>

namespace kin::detail {
namespace {

std::ostream& operator<<(std::ostream& out, const offender& child) {
  out << '[';
  if (child.count != 0) {
    out << "{nb_children, " << child.count << "}, ";
  } else if (child.restarting) {
    out << "{pid, {restarting, " << child.pid << "}}, ";
  } else if (child.pid) {
    out << "{pid, " << child.pid << "}, ";
  } else {
    out << "{pid, undefined}, ";
  }
  const std::type_info& made_of =
      child.spec.module != nullptr ? *child.spec.module : child.spec.start.type();
  return out << "{id, " << child.spec.id << "}, {mfargs, " << type_name(made_of)
             << "}, {restart_type, " << child.spec.restart << "}, {significant, "
             << (child.spec.significant ? "true" : "false") << "}, {shutdown, "
             << child.spec.how_long() << "}, {child_type, " << child.spec.type << "}]";
}

std::string text_of(const offender& child) {
  std::ostringstream out;
  out << child;
  return std::move(out).str();
}

}  // namespace

std::string supervisor_report::supervisor() const {
  if (!name_.empty()) return "{local, " + name_ + "}";
  return "{" + to_string(self()) + ", kin::supervisor}";
}

void supervisor_report::error(const char* context, const exit_reason& why,
                              const offender& child) const {
  emit(laid_out({.severity = severity::error,
                 .title = "SUPERVISOR REPORT",
                 .label = "supervisor " + std::string(context),
                 .domain = "otp.sasl",
                 .fields = {{"supervisor", supervisor()},
                            {"errorContext", context},
                            {"reason", to_string(why)},
                            {"offender", text_of(child)}},
                 .lay_out = &lay_out_colons}));
}

void supervisor_report::progress(const offender& started) const {
  emit(laid_out({.severity = severity::info,
                 .title = "PROGRESS REPORT",
                 .label = "supervisor progress",
                 .domain = "otp.sasl",
                 .fields = {{"supervisor", supervisor()}, {"started", text_of(started)}},
                 .lay_out = &lay_out_colons}));
}

void supervisor_report::unexpected(const std::string& message) const {
  emit({.severity = severity::error,
        .title = "ERROR REPORT",
        .text = "Supervisor received unexpected message: " + message,
        .label = "supervisor unexpected_msg",
        .domain = "otp"});
}

}  // namespace kin::detail
