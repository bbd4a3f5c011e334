// SPDX-License-Identifier: Apache-2.0
#include "scheduler/crash.hpp"

#include <kin/print.hpp>
#include <kin/report.hpp>

#include "process/introspection.hpp"
#include "process/mailbox.hpp"
#include "process/name_table.hpp"
#include "process/remote.hpp"
#include "process/scheduling.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <algorithm>
#include <chrono>
#include <cxxabi.h>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

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

// ---- neighbours -----------------------------------------------------------------------------------
// As proc_lib does it: they are asked before they hear of the end, and so before they die of it. The
// process ends already and nothing can change that: no signal but the answer counts any more.

constexpr std::size_t neighbours_shown = 15;
constexpr std::size_t neighbours_asked = 40;
constexpr auto neighbours_limit = std::chrono::milliseconds(50);  // for all of them

void take_news(control_block& p) {
  if (p.is(flag_in_place)) {
    detach_in_hand(p);
  } else {
    drain(p);
  }
}

std::optional<description> ask(control_block& p, pid other, bool as_neighbour, nanotime until) {
  auto* question = make_signal<info_signal>(signal_kind::info_question);
  question->messages = question->dictionary = question->stack = false;
  question->as_neighbour = as_neighbour;
  question->caller = p.name();
  question->number = p.fresh_call();
  wait w;
  w.kind = wait_kind::reply;
  w.reply_number = question->number;
  w.deadline = until;
  p.waiting = &w;
  if (post(other, question)) {
    arm_tick(p, until);
    for (take_news(p); w.answer == nullptr && !w.late; take_news(p))
      this_worker().wait_here(p, landing_action::go_idle);
  } else {
    free_signal(question);
  }
  p.waiting = nullptr;
  if (w.answer == nullptr) return std::nullopt;
  auto about =
      std::move(static_cast<reply_value<std::optional<description>>*>(value_of(*w.answer))->value);
  destroy_signal(w.answer);
  return about;
}

std::vector<process_info> neighbours_of(control_block& p, const std::vector<pid>& links) {
  std::vector<process_info> found;
  if (p.is(flag_no_wait)) return found;  // it holds what belongs to its thread
  std::vector<pid> known{p.name()};
  std::vector<pid> to_ask = links;
  const nanotime until = add(now(), neighbours_limit);
  for (std::size_t i = 0; i < to_ask.size() && i < neighbours_asked; ++i) {
    const pid other = to_ask[i];
    if (std::find(known.begin(), known.end(), other) != known.end()) continue;
    if (remote_router::is_remote(pid_access::hint(other)) || now() >= until) continue;
    known.push_back(other);
    auto about = ask(p, other, true, until);
    if (!about) continue;
    to_ask.insert(to_ask.end(), about->links.begin(), about->links.end());
    found.push_back(std::move(*about));
    if (found.size() == neighbours_shown) break;
  }
  return found;
}

// Who waits for the answer to the call in hand.
std::string client_of(control_block& p) {
  if (p.in_hand == nullptr || p.in_hand->kind != signal_kind::request) return {};
  const request_head head = head_of(*p.in_hand);
  if (head.number == 0 || !head.caller) return {};
  std::string client = kin::to_string(head.caller);
  if (is_gone(head.caller)) return client + " is dead";
  if (p.is(flag_no_wait) || remote_router::is_remote(pid_access::hint(head.caller))) return client;
  const auto about = ask(p, head.caller, false, add(now(), neighbours_limit));
  if (!about) return is_gone(head.caller) ? client + " is dead" : client;
  if (!about->registered_name.empty()) client += " registered as " + about->registered_name;
  return about->current_function.empty() ? client : client + " in " + about->current_function;
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
  crash.client = client_of(p);
  for (link_half* half = p.links.first(); half != nullptr && crash.links.size() < links_shown;
       half = link_list::next(*half)) {
    crash.links.push_back(half->peer());
  }
  for (const signal* s = p.queue_first; s != nullptr; s = s->next) ++crash.mailbox_length;
  crash.traps_exits = p.is(flag_traps);
  if (!crash.links.empty()) crash.neighbours = neighbours_of(p, crash.links);
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
