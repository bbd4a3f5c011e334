// SPDX-License-Identifier: Apache-2.0
#include "many_children.hpp"

#include <kin/process.hpp>
#include <kin/send.hpp>
#include <kin/timer.hpp>

namespace kin::detail {

void many_children::stop_all(const exit_reason& /*why*/) {
  std::vector<doomed> all;
  all.reserve(children_.size());
  children_.for_each([&](pid child, const entry& one) {
    if (one.failures != nullptr) one.failures->end_stand_in(met());
    if (!one.is_restarting) all.push_back({child, spec_of(one).how_long()});
  });
  std::vector<failed_end> failed;
  stop_children(all, met(), [&](pid child, const exit_reason& why) {
    entry& one = *children_.find(child);
    if (!is_as_told(spec_of(one), why)) failed.push_back({child, std::move(one), why});
  });
  report_failures(failed);
  children_.clear();
}

next many_children::child_ended(const exited& ended) {
  const entry* child = children_.find(ended.from);
  if (child == nullptr || child->is_restarting) return {};
  const child_spec& spec = spec_of(*child);
  const exit_rule rule = rule_for(spec.restart, ended.reason.is_orderly());
  if (rule.reported) report().child_terminated(ended.reason, {spec, ended.from});
  if (rule.fate == fate::starts_again)
    return spec.backoff.is_on() ? delay(ended.from, ended.reason) : restart(ended.from);
  const bool significant = spec.significant;
  children_.erase(ended.from);
  return significant ? significant_child_has_gone() : next();
}

next many_children::retry(const try_again& what) {
  const entry* child = children_.find(what.was);
  if (child == nullptr || !child->is_restarting) return {};
  return child->failures != nullptr ? try_restart(what.was) : restart(what.was);
}

next many_children::restart(pid was) {
  const entry& child = *children_.find(was);
  if (!may_restart()) return give_up({spec_of(child), was, child.is_restarting});
  return try_restart(was);
}

next many_children::try_restart(pid was) {
  entry child = std::move(*children_.find(was));
  if (child.failures != nullptr) child.failures->end_stand_in(met());
  const result<pid> started = started_by([&] { return start_again(child.kept); });
  if (!started) {
    const child_spec& spec = spec_of(child);
    report().start_error(started.error(), {spec, was, child.is_restarting});
    *children_.find(was) = std::move(child);
    if (spec.backoff.is_on()) return delay(was, started.error());
    children_.find(was)->is_restarting = true;
    send(self(), try_again{.was = was});
    return {};
  }
  children_.erase(was);
  if (!*started) return {};
  if (child.failures != nullptr) child.failures->runs(clock::now());
  child.is_restarting = false;
  children_.insert(*started, std::move(child));
  return {};
}

next many_children::delay(pid was, const exit_reason& why) {
  entry& child = *children_.find(was);
  const child_spec& spec = spec_of(child);
  if (child.failures == nullptr) child.failures = std::make_unique<detail::failures>();
  if (!child.failures->add(spec.backoff, why, was, clock::now()))
    return give_up({spec, was, child.is_restarting});
  child.is_restarting = true;
  child.failures->stand_in(spec);
  send_after(child.failures->wait(), self(), try_again{.was = was});
  return {};
}

next many_children::significant_child_has_gone() {
  const bool ends =
      options().auto_shutdown == auto_shutdown::any_significant ||
      (options().auto_shutdown == auto_shutdown::all_significant && children_.empty());
  return ends ? next::stop(shutdown) : next();
}

result<void> many_children::terminate_child(const child_key& which) {
  const kin::pid p = which.pid();
  const entry* child = children_.find(p);
  if (child == nullptr) return is_alive(p) ? result<void>(exit_reason(not_found)) : result<void>();
  if (child->failures != nullptr) child->failures->end_stand_in(met());
  if (!child->is_restarting) {
    const child_spec& spec = spec_of(*child);
    const exit_reason why = stop_child(p, spec.how_long(), met());
    if (!is_as_told(spec, why)) report().shutdown_error(why, {spec, p});
  }
  children_.erase(p);
  return {};
}

std::vector<child_info> many_children::which_children() {
  std::vector<child_info> all;
  all.reserve(children_.size());
  children_.for_each([&](pid child, const entry& one) {
    const bool waits = one.is_restarting;
    const child_spec& spec = spec_of(one);
    all.push_back({spec.id, waits ? pid{} : child, waits, spec.type});
  });
  return all;
}

child_counts many_children::count_children() {
  child_counts count{.specs = 1};
  children_.for_each([&](pid /*child*/, const entry& one) {
    ++(spec_of(one).type == child_type::supervisor ? count.supervisors : count.workers);
    if (!one.is_restarting) ++count.active;
  });
  return count;
}

std::vector<degraded_child> many_children::degraded() {
  std::vector<degraded_child> all;
  children_.for_each([&](pid /*child*/, const entry& one) {
    if (one.is_restarting && one.failures != nullptr)
      all.push_back(one.failures->about(spec_of(one).id));
  });
  return all;
}

}  // namespace kin::detail
