// SPDX-License-Identifier: Apache-2.0
// one_for_one, one_for_all, rest_for_one: children in an order, each with an id.
//   I1  A child that runs is in by_pid_, once; no other is.
//   I2  A child has a ticket if and only if it is restarting: its last restart failed, and a
//       try_again is on its way.
#include <kin/process.hpp>
#include <kin/send.hpp>

#include "pid_map.hpp"
#include "supervision.hpp"

#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace kin::detail {
namespace {

struct child_record {
  child_spec spec;
  kin::pid pid = {};         // while it runs
  kin::pid was = {};         // before it ended by itself
  std::uint64_t ticket = 0;  // while it is restarting
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
    stop_all();
    return why;
  }

  void stop_all() override { stop_from(children_.begin(), children_.end()); }

  next child_ended(const exited& ended) override {
    const place* found = by_pid_.find(ended.from);
    if (found == nullptr) return {};
    const auto child = *found;
    by_pid_.erase(ended.from);
    const exit_rule rule = rule_for(child->spec.restart, ended.reason.is_orderly());
    child->was = std::exchange(child->pid, {});
    if (rule.reported) report().child_terminated(ended.reason, child->about());
    if (rule.fate == fate::starts_again) return restart(child);
    const bool significant = child->spec.significant;
    if (rule.fate == fate::is_forgotten) forget(child);
    return significant ? significant_child_has_gone() : next();
  }

  next retry(const try_again& what) override {
    const auto found = by_id_.find(what.id);
    if (found == by_id_.end() || found->second->ticket != what.ticket) return {};
    return restart(found->second);
  }

  result<pid> start_child(child_spec spec) override {
    if (const auto fault = fault_of(spec, options().auto_shutdown)) return *fault;
    if (const auto found = by_id_.find(spec.id); found != by_id_.end()) {
      if (found->second->pid) return exit_reason(already_started{found->second->pid});
      return exit_reason(already_present);
    }
    result<pid> started = started_by(spec.start);
    if (!started || (!*started && spec.restart == temporary)) return started;
    runs(add(std::move(spec)), *started);
    return started;
  }

  result<pid> start_child(const std::type_info& type, void* /*arguments*/) override {
    return exit_reason(
        bad_spec{bad_spec::fault::bad_start_spec,
                 "start_child of this supervisor takes a child_spec, not " + type_name(type)});
  }

  result<void> terminate_child(const child_key& which) override {
    const auto child = find(which);
    if (child == children_.end()) return exit_reason(not_found);
    stop(child);
    return {};
  }

  result<pid> restart_child(const child_key& which) override {
    const auto child = find(which);
    if (auto refused = not_idle(child)) return *refused;
    result<pid> started = started_by(child->spec.start);
    if (started) runs(child, *started);
    return started;
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

 private:
  place add(child_spec spec) {
    const auto child = children_.insert(children_.end(), child_record{.spec = std::move(spec)});
    by_id_.emplace(child->spec.id, child);
    return child;
  }
  place forget(place child) {
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
    child->pid = p;
    child->ticket = 0;
    if (!p) return;
    by_pid_.insert(p, child);
    report().progress(child->about());
  }

  bool start(place child) {
    result<pid> started = started_by(child->spec.start);
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
    const kin::pid p = child->pid;
    if (p) {
      const shutdown_limit limit = child->spec.how_long();
      const exit_reason why = stop_child(p, limit, met());
      if (!ended_as_told(child->spec.restart, limit, why))
        report().shutdown_error(why, child->about());
      by_pid_.erase(p);
    }
    child->pid = child->was = {};
    child->ticket = 0;
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

  next restart(place child) {
    if (!may_restart()) return give_up(child->about());
    const auto failed = try_restart(child);
    if (failed == children_.end()) return {};
    child->ticket = 0;
    failed->ticket = ++tickets_;
    send(self(), try_again{.id = failed->spec.id, .ticket = failed->ticket});
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
        for (const child_record& child : children_) {
          if (child.spec.significant && child.pid) return {};
        }
        return next::stop(shutdown);
    }
    return {};
  }

  order children_;
  std::unordered_map<std::string_view, place> by_id_;  // keys lie in the records
  pid_map<place> by_pid_;
  std::uint64_t tickets_ = 0;
  exit_reason failure_;
};

}  // namespace

std::unique_ptr<supervision> fixed_children(const supervisor& tree, bool is_root) {
  return std::make_unique<fixed>(tree, is_root);
}

}  // namespace kin::detail
