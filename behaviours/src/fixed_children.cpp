// SPDX-License-Identifier: Apache-2.0
// one_for_one, one_for_all, rest_for_one: children in an order, each with an id.
//   I1  A child that runs is in by_pid_, once; no other is.
//   I2  A child has a ticket if and only if it is restarting: its last restart failed, or it waits
//       for one, and a try_again is on its way.
//   I3  significant_ is the number of significant children that run or are restarting, so that the
//       end of one costs no look at all others.
#include <kin/process.hpp>
#include <kin/send.hpp>
#include <kin/timer.hpp>

#include "pid_map.hpp"
#include "restart_delay.hpp"
#include "supervision.hpp"

#include <list>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace kin::detail {
namespace {

struct child_record {
  child_spec spec;
  kin::pid pid = {};                                // while it runs
  kin::pid was = {};                                // before it ended by itself
  std::uint64_t ticket = 0;                         // while it is restarting
  std::unique_ptr<detail::failures> failures = {};  // of a child with a back-off
  [[nodiscard]] bool is_restarting() const { return ticket != 0; }
  [[nodiscard]] offender about() const { return {spec, pid ? pid : was, is_restarting()}; }
};

class fixed final : public supervision {
  using order = std::list<child_record>;
  using place = order::iterator;

 public:
  fixed(const supervisor& tree, bool is_root) : supervision(tree.options(), is_root) {
    for (const child_spec& spec : tree.children()) add(spec);
  }

  std::optional<exit_reason> start_all() override {
    const auto failed = start_from(children_.begin());
    if (failed == children_.end()) return std::nullopt;
    exit_reason why = start_failed(failed->spec, failure_);
    stop_all(why);
    return why;
  }

  void stop_all(const exit_reason& /*why*/) override {
    stop_from(children_.begin(), children_.end());
  }

  next child_ended(const exited& ended) override {
    const place* found = by_pid_.find(ended.from);
    if (found == nullptr) return {};
    const auto child = *found;
    by_pid_.erase(ended.from);
    const exit_rule rule = rule_for(child->spec.restart, ended.reason.is_orderly());
    child->was = child->pid;
    becomes(child, {}, 0);
    if (rule.reported) report().child_terminated(ended.reason, child->about());
    if (rule.fate == fate::starts_again) return has_failed(child, ended.reason);
    const bool significant = child->spec.significant;
    if (rule.fate == fate::is_forgotten) forget(child);
    return significant ? significant_child_has_gone() : next();
  }

  next retry(const try_again& what) override {
    const auto found = by_id_.find(what.id);
    if (found == by_id_.end() || found->second->ticket != what.ticket) return {};
    const auto child = found->second;
    return child->spec.backoff.is_on() ? start_again(child) : restart(child);
  }

  result<started_child> start_child(child_spec spec) override {
    if (const auto fault = fault_of(spec, options().auto_shutdown)) return *fault;
    if (const auto found = by_id_.find(spec.id); found != by_id_.end()) {
      if (found->second->pid) return exit_reason(already_started{found->second->pid});
      return exit_reason(already_present);
    }
    start_context with;
    const result<pid> started = started_by([&] { return spec.start(with); });
    if (!started) return started.error();
    if (spec.restart == temporary) forget_start(spec);
    if (*started || spec.restart != temporary) runs(add(std::move(spec)), *started);
    return started_child{*started, std::move(with.info)};
  }

  result<started_child> start_child(const std::type_info& type, void* /*arguments*/) override {
    return wants_spec(type);
  }

  result<void> terminate_child(const child_key& which) override {
    const auto child = find(which);
    if (child == children_.end()) return exit_reason(not_found);
    if (stop(child)) child->failures.reset();
    return {};
  }

  result<started_child> restart_child(const child_key& which) override {
    const auto child = find(which);
    if (auto refused = not_idle(child)) return *refused;
    start_context with;
    const result<pid> started = started_by([&] { return child->spec.start(with); });
    if (!started) return started.error();
    child->failures.reset();
    runs(child, *started);
    return started_child{*started, std::move(with.info)};
  }

  result<void> delete_child(const child_key& which) override {
    const auto child = find(which);
    if (auto refused = not_idle(child)) return *refused;
    forget(child);
    return {};
  }

  result<child_spec> get_childspec(const child_key& which) override {
    const auto child = find(which);
    if (child == children_.end()) return exit_reason(not_found);
    return child->spec;
  }

  std::vector<child_info> which_children() override {
    std::vector<child_info> all;
    all.reserve(children_.size());
    // NOLINTNEXTLINE(modernize-loop-convert): clang 14 cannot read libstdc++'s views
    for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
      all.push_back({child->spec.id, child->pid, child->is_restarting(), child->spec.type});
    }
    return all;
  }

  child_counts count_children() override {
    child_counts count;
    for (const child_record& child : children_) {
      ++count.specs;
      ++(child.spec.type == child_type::supervisor ? count.supervisors : count.workers);
      if (child.pid && is_alive(child.pid)) ++count.active;
    }
    return count;
  }

  std::vector<degraded_child> degraded() override {
    std::vector<degraded_child> all;
    for (const child_record& child : children_) {
      if (child.is_restarting() && child.failures != nullptr)
        all.push_back(child.failures->about(child.spec.id));
    }
    return all;
  }

  supervisor tree() override {
    std::vector<child_spec> specs;
    specs.reserve(children_.size());
    for (const child_record& child : children_) specs.push_back(child.spec);
    return {options(), std::move(specs)};
  }

 protected:
  // As OTP's code_change: who is in the new tree comes first, in its order; who is not is kept.
  result<void> change_children(const supervisor& to) override {
    order kept;
    kept.swap(children_);
    for (const child_spec& spec : to.children()) {
      const auto found = by_id_.find(spec.id);
      if (found == by_id_.end()) {
        add(spec);
        continue;
      }
      const auto child = found->second;
      children_.splice(children_.end(), kept, child);
      by_id_.erase(found);  // its key lies in the old spec
      becomes(child, child->pid, child->ticket, spec);
      by_id_.emplace(child->spec.id, child);
    }
    children_.splice(children_.end(), kept);
    return {};
  }

 private:
  place add(child_spec spec) {
    const auto child = children_.insert(children_.end(), child_record{.spec = std::move(spec)});
    by_id_.emplace(child->spec.id, child);
    return child;
  }
  // Every change of what I3 counts.
  void becomes(place child, kin::pid p, std::uint64_t ticket) {
    const auto counts = [&] {
      return child->spec.significant && (child->pid || child->is_restarting()) ? 1U : 0U;
    };
    significant_ -= counts();
    child->pid = p;
    child->ticket = ticket;
    significant_ += counts();
  }
  void becomes(place child, kin::pid p, std::uint64_t ticket, child_spec spec) {
    becomes(child, {}, 0);
    child->spec = std::move(spec);
    becomes(child, p, ticket);
  }
  place forget(place child) {
    becomes(child, {}, 0);
    by_id_.erase(child->spec.id);
    return children_.erase(child);
  }
  place find(const child_key& which) {
    if (which.id() == nullptr) return children_.end();
    const auto found = by_id_.find(*which.id());
    return found == by_id_.end() ? children_.end() : found->second;
  }
  // Why the child is not one to be started or deleted.
  std::optional<exit_reason> not_idle(place child) {
    if (child == children_.end()) return exit_reason(not_found);
    if (child->pid) return exit_reason(running);
    if (child->is_restarting()) return exit_reason(restarting);
    return std::nullopt;
  }
  void runs(place child, pid p) {
    becomes(child, p, 0);
    if (!p) return;
    if (child->failures != nullptr) child->failures->runs(clock::now());
    by_pid_.insert(p, child);
    report().progress(child->about());
  }

  bool start(place child) {
    if (child->failures != nullptr) child->failures->end_stand_in(met());
    start_context with;
    const result<pid> started = started_by([&] { return child->spec.start(with); });
    if (started) {
      runs(child, *started);
      return true;
    }
    failure_ = started.error();
    report().start_error(failure_, child->about());
    return false;
  }
  // In order, up to the first that fails; that one, or the end. None of them runs.
  place start_from(place first) {
    for (auto child = first; child != children_.end();) {
      if (!start(child)) return child;
      child = !child->pid && child->spec.restart == temporary ? forget(child) : std::next(child);
    }
    return children_.end();
  }

  // Ends a child, and its restarting. False: it was temporary, and is forgotten.
  bool stop(place child) {
    if (child->failures != nullptr) child->failures->end_stand_in(met());
    const kin::pid p = child->pid;
    if (p) {
      const shutdown_limit limit = child->spec.how_long();
      const exit_reason why = stop_child(p, limit, met());
      if (!ended_as_told(child->spec.restart, limit, why))
        report().shutdown_error(why, child->about());
      by_pid_.erase(p);
    }
    becomes(child, {}, 0);
    child->was = {};
    if (child->spec.restart != temporary) return true;
    forget(child);
    return false;
  }
  // The last one first.
  void stop_from(place first, place except) {
    auto behind = children_.end();
    for (bool more = first != behind; more;) {
      const auto child = std::prev(behind);
      more = child != first;
      if (child == except || stop(child)) behind = child;
    }
  }

  // A child has ended, or did not start, and is to run.
  next has_failed(place child, const exit_reason& why) {
    return child->spec.backoff.is_on() ? delay(child, why) : restart(child);
  }
  next restart(place child) {
    if (!may_restart()) return give_up(child->about());
    return start_again(child);
  }
  next start_again(place child) {
    const auto failed = try_restart(child);
    if (failed == children_.end()) return {};
    becomes(child, child->pid, 0);
    if (failed->spec.backoff.is_on()) return delay(failed, failure_);
    becomes(failed, {}, ++tickets_);
    send(self(), try_again{.id = failed->spec.id, .ticket = failed->ticket});
    return {};
  }
  // Who depends on it does not run without it meanwhile.
  next delay(place child, const exit_reason& why) {
    if (child->failures == nullptr) child->failures = std::make_unique<detail::failures>();
    if (!child->failures->add(child->spec.backoff, why, child->was, clock::now()))
      return give_up(child->about());
    becomes(child, {}, ++tickets_);
    const try_again again{.id = child->spec.id, .ticket = child->ticket};
    if (options().strategy == one_for_all) stop_from(children_.begin(), child);
    if (options().strategy == rest_for_one) stop_from(std::next(child), children_.end());
    child->failures->stand_in(child->spec);
    send_after(child->failures->wait(), self(), again);
    return {};
  }
  // As start_from. What has been started stays, whoever fails after it: the next try sees to it.
  place try_restart(place child) {
    switch (options().strategy) {
      case one_for_all:
        stop_from(children_.begin(), child);
        return start_from(children_.begin());
      case rest_for_one:
        stop_from(std::next(child), children_.end());
        return start_from(child);
      default:
        return start(child) ? children_.end() : child;
    }
  }

  next significant_child_has_gone() {
    switch (options().auto_shutdown) {
      case auto_shutdown::never:
        return {};
      case auto_shutdown::any_significant:
        return next::stop(shutdown);
      case auto_shutdown::all_significant:
        return significant_ == 0 ? next::stop(shutdown) : next();
    }
    return {};
  }

  order children_;
  std::unordered_map<std::string_view, place> by_id_;  // keys lie in the records
  pid_map<place> by_pid_;
  std::uint64_t tickets_ = 0;
  std::size_t significant_ = 0;
  exit_reason failure_;
};

}  // namespace

std::unique_ptr<supervision> fixed_children(const supervisor& tree, bool is_root) {
  return std::make_unique<fixed>(tree, is_root);
}

}  // namespace kin::detail
