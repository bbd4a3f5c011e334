// SPDX-License-Identifier: Apache-2.0
#include "supervision.hpp"

#include <kin/print.hpp>

#include <string>
#include <unordered_set>
#include <utility>

namespace kin::detail {
namespace {

exit_reason bad(bad_spec::fault what, std::string text) {
  return exit_reason(bad_spec{what, std::move(text)});
}
std::string quoted(const std::string& id) { return "child \"" + id + "\": "; }

std::optional<exit_reason> fault_of_significance(const child_spec& spec,
                                                 std::optional<auto_shutdown> mode) {
  using enum bad_spec::fault;
  if (!spec.significant) return std::nullopt;
  if (mode == auto_shutdown::never) {
    return bad(bad_combination,
               quoted(spec.id) + "it is significant, but its supervisor has no auto_shutdown");
  }
  if (spec.restart == permanent) {
    return bad(
        bad_combination,
        quoted(spec.id) + "a permanent child is always restarted, and cannot be significant");
  }
  return std::nullopt;
}

bool is_possible(const backoff& b) {
  return b.first >= duration::zero() && b.limit >= duration::zero() && b.calm >= duration::zero() &&
         b.factor >= 1 && b.jitter >= 0 && b.jitter <= 1;
}

// As fault_of a spec; a template has no start of its own.
std::optional<exit_reason> fault_of_options(const child_spec& spec,
                                            std::optional<auto_shutdown> mode) {
  using enum bad_spec::fault;
  if (spec.restart > temporary)
    return bad(invalid_restart_type, quoted(spec.id) + "its restart is none of kin::restart");
  if (auto fault = fault_of_significance(spec, mode)) return fault;
  if (spec.type > child_type::supervisor)
    return bad(invalid_child_type, quoted(spec.id) + "its type is none of kin::child_type");
  if (spec.how_long().limit < duration::zero())
    return bad(invalid_shutdown, quoted(spec.id) + "its shutdown limit is negative");
  if (!is_possible(spec.backoff)) {
    return bad(invalid_backoff, quoted(spec.id) +
                                    "no time of its backoff may be negative, its factor is 1 or "
                                    "more, its jitter lies from 0 to 1");
  }
  return std::nullopt;
}

std::optional<exit_reason> fault_of_template(const supervisor& tree) {
  using enum bad_spec::fault;
  if (tree.recipe() == nullptr || tree.children().size() != 1) {
    return bad(bad_start_spec,
               "a simple_one_for_one supervisor has one child, a kin::child_template");
  }
  const child_spec& spec = tree.children().front();
  if (spec.restart != temporary && !tree.recipe()->can_keep()) {
    return bad(bad_start_spec,
               quoted(spec.id) +
                   "what start_child brings cannot be copied for a restart, so it must be "
                   "temporary");
  }
  return fault_of_options(spec, tree.options().auto_shutdown);
}

// In OTP's order.
std::optional<exit_reason> fault_of_own(const supervisor_options& options) {
  using enum bad_spec::fault;
  if (options.strategy > simple_one_for_one)
    return bad(invalid_strategy, "the strategy is none of kin::strategy");
  if (options.period <= duration::zero())
    return bad(invalid_period, "the period must be longer than nothing");
  if (options.auto_shutdown > auto_shutdown::all_significant)
    return bad(invalid_auto_shutdown, "auto_shutdown is none of kin::auto_shutdown");
  return std::nullopt;
}

}  // namespace

std::optional<exit_reason> fault_of(const child_spec& spec, std::optional<auto_shutdown> mode) {
  if (spec.id.empty()) return bad(bad_spec::fault::missing_id, "a child has no id");
  if (!spec.start) {
    return bad(bad_spec::fault::missing_start,
               quoted(spec.id) + "it has no function to start it with");
  }
  return fault_of_options(spec, mode);
}

std::optional<exit_reason> fault_of(const std::vector<child_spec>& specs,
                                    std::optional<auto_shutdown> mode) {
  std::unordered_set<std::string_view> ids;
  for (const child_spec& spec : specs) {
    if (auto fault = fault_of(spec, mode)) return fault;
    if (!ids.insert(spec.id).second) {
      return bad(bad_spec::fault::duplicate_child_name,
                 quoted(spec.id) + "another one has this id; set .id to tell them apart");
    }
  }
  return std::nullopt;
}

std::optional<exit_reason> fault_of(const supervisor& tree) {
  if (auto fault = fault_of_own(tree.options())) return fault;
  if (const auto* kind = supervision_kind::of(tree)) return kind->fault(tree);
  if (tree.options().strategy == simple_one_for_one) return fault_of_template(tree);
  if (tree.recipe() != nullptr) {
    return bad(bad_spec::fault::bad_start_spec,
               "a child_template needs the strategy simple_one_for_one");
  }
  return fault_of(tree.children(), tree.options().auto_shutdown);
}

void forget_start(child_spec& spec) {
  if (spec.module == nullptr) spec.module = &spec.start.type();
  spec.start = [] { return exit_reason("the start of a temporary child is not kept"); };
}

exit_reason wants_arguments() {
  return bad(bad_spec::fault::bad_start_spec,
             "start_child of a simple_one_for_one supervisor takes what its template wants");
}
exit_reason wants_spec(const std::type_info& given) {
  return bad(bad_spec::fault::bad_start_spec,
             "start_child of this supervisor takes a child_spec, not " + type_name(given));
}

result<void> supervision::change(const supervisor& to) {
  if (auto fault = fault_of(to)) return *std::move(fault);
  const bool was_simple = options_.strategy == simple_one_for_one;
  if (was_simple != (to.options().strategy == simple_one_for_one)) {
    return bad(bad_spec::fault::invalid_strategy,
               "a supervisor cannot become simple_one_for_one while it runs, nor another one");
  }
  if (auto changed = change_children(to); !changed) return changed;
  auto name = std::move(options_.name);
  options_ = to.options();
  options_.name = std::move(name);
  restarts_.become(options_.intensity, options_.period);
  return {};
}

next supervision::give_up(const offender& child) {
  report_.shutdown(gave_up, child);
  return next::stop(root_ ? exit_reason(gave_up) : exit_reason(shutdown));
}

exit_reason supervision::start_failed(const child_spec& spec, const exit_reason& why) const {
  const failed_to_start_child failed{spec.id, why};
  return root_ ? exit_reason(failed) : shutdown(failed);
}

}  // namespace kin::detail
