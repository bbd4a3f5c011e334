// SPDX-License-Identifier: Apache-2.0
// simple_one_for_one: children without an id or an order, all of one template.
//   I1  A child is in the map under its pid; while it is restarting, under the one it had, with one
//       try_again on its way.
//   I2  What it was started with is kept while it can be restarted: not if it is temporary.
#include <kin/process.hpp>
#include <kin/send.hpp>

#include "pid_map.hpp"
#include "supervision.hpp"

#include <utility>

namespace kin::detail {
namespace {

struct child_entry {
  std::shared_ptr<const void> kept = {};
  bool is_restarting = false;
};

class dynamic final : public supervision {
 public:
  dynamic(const supervisor& tree, bool is_root)
      : supervision(tree.options(), is_root),
        spec_(tree.children().front()),
        recipe_(tree.recipe()),
        keeps_(spec_.restart != temporary) {}

  std::optional<exit_reason> start_all() override { return std::nullopt; }

  void stop_all() override {
    std::vector<pid> all;
    all.reserve(children_.size());
    children_.for_each([&](pid child, const child_entry& entry) {
      if (!entry.is_restarting) all.push_back(child);
    });
    const shutdown_limit limit = spec_.how_long();
    for (const auto& [why, count] : stop_children(all, limit, met())) {
      if (!ended_as_told(spec_.restart, limit, why))
        report().shutdown_error(why, {.spec = spec_, .count = count});
    }
    children_.clear();
  }

  next child_ended(const exited& ended) override {
    child_entry* child = children_.find(ended.from);
    if (child == nullptr || child->is_restarting) return {};
    const exit_rule rule = rule_for(spec_.restart, ended.reason.is_orderly());
    if (rule.reported) report().child_terminated(ended.reason, {spec_, ended.from});
    if (rule.fate == fate::starts_again) return restart(ended.from);
    children_.erase(ended.from);
    return spec_.significant ? significant_child_has_gone() : next();
  }

  next retry(const try_again& what) override {
    return children_.find(what.was) == nullptr ? next() : restart(what.was);
  }

  result<pid> start_child(child_spec /*spec*/) override {
    return exit_reason(
        bad_spec{bad_spec::fault::bad_start_spec,
                 "start_child of a simple_one_for_one supervisor takes what its template wants"});
  }

  result<pid> start_child(const std::type_info& type, void* arguments) override {
    if (!same_type(type, recipe_->arguments())) {
      return exit_reason(
          bad_spec{bad_spec::fault::bad_start_spec, "start_child of this supervisor takes " +
                                                        type_name(recipe_->arguments()) + ", not " +
                                                        type_name(type)});
    }
    if (children_.size() >= options().max_children) return exit_reason(max_children);
    child_entry child;
    if (keeps_) child.kept = recipe_->keep(arguments);
    result<pid> started = started_by([&] { return recipe_->start(arguments); });
    if (started && *started) children_.insert(*started, std::move(child));
    return started;
  }

  result<void> terminate_child(const child_key& which) override {
    if (which.id() != nullptr) return exit_reason(simple_one_for_one);
    const kin::pid p = which.pid();
    const child_entry* child = children_.find(p);
    if (child == nullptr)
      return is_alive(p) ? result<void>(exit_reason(not_found)) : result<void>();
    if (!child->is_restarting) {
      const shutdown_limit limit = spec_.how_long();
      const exit_reason why = stop_child(p, limit, met());
      if (!ended_as_told(spec_.restart, limit, why)) report().shutdown_error(why, {spec_, p});
    }
    children_.erase(p);
    return {};
  }

  result<pid> restart_child(const child_key& /*which*/) override {
    return exit_reason(simple_one_for_one);
  }
  result<void> delete_child(const child_key& /*which*/) override {
    return exit_reason(simple_one_for_one);
  }

  result<child_spec> get_childspec(const child_key& which) override {
    const kin::pid p = which.pid();
    if (which.id() == nullptr && children_.find(p) == nullptr) return exit_reason(not_found);
    return spec_;
  }

  std::vector<child_info> which_children() override {
    std::vector<child_info> all;
    all.reserve(children_.size());
    children_.for_each([&](pid child, const child_entry& entry) {
      const bool waits = entry.is_restarting;
      all.push_back({spec_.id, waits ? pid{} : child, waits, spec_.type});
    });
    return all;
  }

  child_counts count_children() override {
    child_counts count{.specs = 1};
    (spec_.type == child_type::supervisor ? count.supervisors : count.workers) = children_.size();
    children_.for_each([&](pid /*child*/, const child_entry& entry) {
      if (!entry.is_restarting) ++count.active;
    });
    return count;
  }

 private:
  next restart(pid was) {
    child_entry& child = *children_.find(was);
    const offender about{spec_, was, child.is_restarting};
    if (!may_restart()) return give_up(about);
    const auto kept = child.kept;
    result<pid> started = started_by([&] { return recipe_->start_again(kept.get()); });
    if (!started) {
      report().start_error(started.error(), about);
      child.is_restarting = true;
      send(self(), try_again{.was = was});
      return {};
    }
    children_.erase(was);
    if (*started) children_.insert(*started, {kept});
    return {};
  }

  next significant_child_has_gone() {
    const bool ends =
        options().auto_shutdown == auto_shutdown::any_significant ||
        (options().auto_shutdown == auto_shutdown::all_significant && children_.empty());
    return ends ? next::stop(shutdown) : next();
  }

  child_spec spec_;
  std::shared_ptr<const child_recipe> recipe_;
  bool keeps_;
  pid_map<child_entry> children_;
};

}  // namespace

std::unique_ptr<supervision> dynamic_children(const supervisor& tree, bool is_root) {
  return std::make_unique<dynamic>(tree, is_root);
}

}  // namespace kin::detail
