// SPDX-License-Identifier: Apache-2.0
#include "scheduler/crash.hpp"

#include <kin/print.hpp>
#include <kin/report.hpp>

#include "process/mailbox.hpp"
#include "process/name_table.hpp"
#include "scheduler/machine_core.hpp"

#include <cxxabi.h>
#include <exception>
#include <sstream>
#include <utility>

namespace kin::detail {
namespace {

constexpr std::size_t links_shown = 20;

std::string exception_type(const exit_reason& why) {
  const std::exception_ptr* thrown = reason_access::rep(why)->thrown();
  if (thrown == nullptr) return {};
  try {
    std::rethrow_exception(*thrown);
  } catch (const std::exception& e) {
    return type_name(typeid(e));
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type == nullptr ? "unknown" : type_name(*type);
  }
}

crash_report describe(control_block& p) {
  crash_report crash;
  crash.pid = p.name();
  if (p.extra != nullptr && p.extra->name != nullptr) crash.registered_name = p.extra->name->text;
  if (p.body != nullptr) {
    crash.subject = type_name(p.body->subject());
    std::ostringstream state;
    p.body->print_state(state);
    crash.state = std::move(state).str();
  }
  crash.ancestors = ancestors_of(p);
  crash.reason = reason_of(p);
  crash.exception_type = exception_type(crash.reason);
  if (p.in_hand != nullptr && p.in_hand->type != nullptr) {
    std::ostringstream last;
    p.in_hand->type->print(last, value_of(*p.in_hand));
    crash.last_message = std::move(last).str();
  }
  for (link_half* half = p.links.first(); half != nullptr && crash.links.size() < links_shown;
       half = link_list::next(*half)) {
    crash.links.push_back(half->peer());
  }
  for (const signal* s = p.queue_first; s != nullptr; s = s->next) ++crash.mailbox_length;
  crash.traps_exits = p.is(flag_traps);
  if (p.body != nullptr) p.body->format(crash);
  return crash;
}

}  // namespace

std::vector<std::string> ancestors_of(const control_block& p) {
  std::vector<std::string> all;
  for (const lineage* l = p.born_of; l != nullptr; l = l->above) {
    all.push_back(l->parent_name.empty() ? kin::to_string(l->parent) : l->parent_name);
  }
  return all;
}

void report_crash(control_block& p) noexcept {
  try {
    emit(report_of(describe(p)));
  } catch (...) {
    // A report that fails must not take the program down: the exit reason still reaches links and
    // watchers.
  }
}

}  // namespace kin::detail
