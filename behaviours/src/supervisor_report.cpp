// SPDX-License-Identifier: Apache-2.0
#include "supervisor_report.hpp"

#include <kin/print.hpp>
#include <kin/process.hpp>
#include <kin/report.hpp>

#include <sstream>
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

}  // namespace

std::string supervisor_report::supervisor() const {
  if (!name_.empty()) return "{local, " + name_ + "}";
  return "{" + to_string(self()) + ", kin::supervisor}";
}

void supervisor_report::error(const char* context, const exit_reason& why,
                              const offender& child) const {
  std::ostringstream text;
  text << "    supervisor: " << supervisor() << "\n    errorContext: " << context
       << "\n    reason: " << why << "\n    offender: " << child;
  emit({severity::error, "SUPERVISOR REPORT", std::move(text).str()});
}

void supervisor_report::progress(const offender& started) const {
  std::ostringstream text;
  text << "    supervisor: " << supervisor() << "\n    started: " << started;
  emit({severity::info, "PROGRESS REPORT", std::move(text).str()});
}

void supervisor_report::unexpected(const std::string& message) const {
  emit({severity::error, "ERROR REPORT", "Supervisor received unexpected message: " + message});
}

}  // namespace kin::detail
