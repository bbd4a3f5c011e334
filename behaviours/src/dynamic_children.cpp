// SPDX-License-Identifier: Apache-2.0
// simple_one_for_one: many children of one template.
#include <kin/print.hpp>
#include <kin/process.hpp>

#include "many_children.hpp"

#include <string>
#include <unordered_map>
#include <utility>

namespace kin::detail {
namespace {

class dynamic final : public many_children {
 public:
  dynamic(const supervisor& tree, bool is_root)
      : many_children(tree.options(), is_root),
        spec_(tree.children().front()),
        recipe_(tree.recipe()) {}

  result<started_child> start_child(child_spec /*spec*/) override { return wants_arguments(); }

  result<started_child> start_child(const std::type_info& type, void* arguments) override {
    if (!same_type(type, recipe_->arguments())) {
      return exit_reason(
          bad_spec{bad_spec::fault::bad_start_spec, "start_child of this supervisor takes " +
                                                        type_name(recipe_->arguments()) + ", not " +
                                                        type_name(type)});
    }
    if (size() >= options().max_children) return exit_reason(max_children);
    std::shared_ptr<const void> kept;
    if (spec_.restart != temporary) kept = recipe_->keep(arguments);
    message info;
    const result<pid> started = started_by([&] { return recipe_->start(arguments, info); });
    if (!started) return started.error();
    if (*started) add(*started, std::move(kept));
    return started_child{*started, std::move(info)};
  }

  result<void> terminate_child(const child_key& which) override {
    if (which.id() != nullptr) return exit_reason(simple_one_for_one);
    return many_children::terminate_child(which);
  }
  result<started_child> restart_child(const child_key& /*which*/) override {
    return exit_reason(simple_one_for_one);
  }
  result<void> delete_child(const child_key& /*which*/) override {
    return exit_reason(simple_one_for_one);
  }

  result<child_spec> get_childspec(const child_key& which) override {
    if (which.id() == nullptr && !has(which.pid())) return exit_reason(not_found);
    return spec_;
  }

  supervisor tree() override {
    supervisor all(options(), std::vector{spec_});
    supervision_kind::put(all, recipe_);
    return all;
  }

 protected:
  result<void> change_children(const supervisor& to) override {
    if (!same_type(to.recipe()->arguments(), recipe_->arguments())) {
      return exit_reason(bad_spec{bad_spec::fault::bad_start_spec,
                                  "children were started with " + type_name(recipe_->arguments()) +
                                      ", the new template takes " +
                                      type_name(to.recipe()->arguments())});
    }
    if (spec_.restart == temporary && to.children().front().restart != temporary && size() != 0) {
      return exit_reason(bad_spec{bad_spec::fault::invalid_restart_type,
                                  "what its temporary children were started with was not kept, "
                                  "so they cannot be restarted"});
    }
    spec_ = to.children().front();
    recipe_ = to.recipe();
    return {};
  }

  [[nodiscard]] const child_spec& spec_of(const entry& /*child*/) const override { return spec_; }
  result<pid> start_again(const std::shared_ptr<const void>& kept) override {
    return recipe_->start_again(kept.get());
  }

  // One report a reason. Reasons are told apart by their text first: among thousands of children each
  // may have its own.
  void report_failures(const std::vector<failed_end>& failed) override {
    struct counted {
      exit_reason why;
      std::size_t times = 1;
    };
    std::vector<counted> reasons;
    std::unordered_multimap<std::string, std::size_t> by_text;
    for (const auto& [child, known, why] : failed) {
      std::string text = to_string(why);
      auto [at, end] = by_text.equal_range(text);
      while (at != end && reasons[at->second].why != why) ++at;
      if (at != end) {
        ++reasons[at->second].times;
      } else {
        by_text.emplace(std::move(text), reasons.size());
        reasons.push_back({why});
      }
    }
    for (const counted& c : reasons)
      report().shutdown_error(c.why, {.spec = spec_, .count = c.times});
  }

 private:
  child_spec spec_;
  std::shared_ptr<const child_recipe> recipe_;
};

}  // namespace

std::unique_ptr<supervision> dynamic_children(const supervisor& tree, bool is_root) {
  return std::make_unique<dynamic>(tree, is_root);
}

}  // namespace kin::detail
