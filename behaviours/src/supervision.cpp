// SPDX-License-Identifier: Apache-2.0
#include "supervision.hpp"

#include <string>
#include <unordered_set>
#include <utility>

namespace kin::detail {
namespace {

exit_reason bad(bad_spec::fault what, std::string text) {
  return exit_reason(bad_spec{what, std::move(text)});
}
std::string quoted(const std::string& id) { return "child \"" + id + "\": "; }

// As fault_of a spec; a template has no start of its own.
std::optional<exit_reason> fault_of_options(const child_spec& spec, auto_shutdown mode) {
  using enum bad_spec::fault;
  if (spec.id.empty()) return bad(missing_id, "a child has no id");
  if (spec.how_long().limit < duration::zero()) {
    return bad(invalid_shutdown, quoted(spec.id) + "its shutdown limit is negative");
  }
  if (!spec.significant) return std::nullopt;
  if (spec.restart == permanent) {
    return bad(
        bad_combination,
        quoted(spec.id) + "a permanent child is always restarted, and cannot be significant");
  }
  if (mode == auto_shutdown::never) {
    return bad(bad_combination,
               quoted(spec.id) + "it is significant, but its supervisor has no auto_shutdown");
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

}  // namespace

std::optional<exit_reason> fault_of(const child_spec& spec, auto_shutdown mode) {
  if (!spec.id.empty() && !spec.start) {
    return bad(bad_spec::fault::missing_start,
               quoted(spec.id) + "it has no function to start it with");
  }
  return fault_of_options(spec, mode);
}

std::optional<exit_reason> fault_of(const supervisor& tree) {
  using enum bad_spec::fault;
  if (tree.options().period <= duration::zero())
    return bad(invalid_period, "the period must be longer than nothing");
  if (tree.options().strategy == simple_one_for_one) return fault_of_template(tree);
  if (tree.recipe() != nullptr)
    return bad(bad_start_spec, "a child_template needs the strategy simple_one_for_one");
  std::unordered_set<std::string_view> ids;
  for (const child_spec& spec : tree.children()) {
    if (auto fault = fault_of(spec, tree.options().auto_shutdown)) return fault;
    if (!ids.insert(spec.id).second) {
      return bad(duplicate_child_name,
                 quoted(spec.id) + "another one has this id; set .id to tell them apart");
    }
  }
  return std::nullopt;
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
