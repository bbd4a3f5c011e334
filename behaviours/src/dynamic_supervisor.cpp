// SPDX-License-Identifier: Apache-2.0
#include <kin/dynamic_supervisor.hpp>
#include <kin/print.hpp>

#include "many_children.hpp"

#include <ostream>
#include <utility>

namespace kin::detail {
namespace {

// Children of a spec of their own, which is what is kept of each.
class any_children final : public many_children {
 public:
  any_children(const supervisor& tree, bool is_root, dynamic_shape shape)
      : many_children(tree.options(), is_root), shape_(std::move(shape)) {}

  result<started_child> start_child(child_spec spec) override {
    if (spec.id.empty()) spec.id = "undefined";  // nobody asks by it
    if (auto fault = fault_of(spec, auto_shutdown::never)) return *std::move(fault);
    if (size() >= shape_.max_children) return exit_reason(max_children);
    start_context with{.extra_type = shape_.extra_type, .extra = shape_.extra.get()};
    const result<pid> started = started_by([&] { return spec.start(with); });
    if (!started) return started.error();
    if (*started) {
      if (spec.restart == temporary) forget_start(spec);
      add(*started, std::make_shared<const child_spec>(std::move(spec)));
    }
    return started_child{*started, std::move(with.info)};
  }
  result<started_child> start_child(const std::type_info& type, void* /*arguments*/) override {
    return wants_spec(type);
  }

  result<void> terminate_child(const child_key& which) override {
    if (!has(which.pid())) return exit_reason(not_found);
    return many_children::terminate_child(which);
  }
  result<started_child> restart_child(const child_key& /*which*/) override {
    return exit_reason(badcall);
  }
  result<void> delete_child(const child_key& /*which*/) override { return exit_reason(badcall); }
  result<child_spec> get_childspec(const child_key& which) override {
    if (!has(which.pid())) return exit_reason(not_found);
    return spec_at(which.pid());
  }
  child_counts count_children() override {
    child_counts count = many_children::count_children();
    count.specs = size();
    return count;
  }

  void print(std::ostream& out) const override { out << "dynamic_supervisor"; }
  supervisor tree() override {
    supervisor all(options());
    supervision_kind::put(all, std::make_shared<const dynamic_kind>(shape_));
    return all;
  }

 protected:
  result<void> change_children(const supervisor& to) override {
    const auto* other = dynamic_cast<const dynamic_kind*>(supervision_kind::of(to));
    const auto same = [](const std::type_info* a, const std::type_info* b) {
      return a == b || (a != nullptr && b != nullptr && same_type(*a, *b));
    };
    if (other == nullptr || !same(other->shape().extra_type, shape_.extra_type)) {
      return exit_reason(
          bad_spec{bad_spec::fault::invalid_strategy,
                   "a dynamic_supervisor stays one, with extra arguments of the same types"});
    }
    shape_ = other->shape();
    return {};
  }

  [[nodiscard]] const child_spec& spec_of(const entry& child) const override {
    return *static_cast<const child_spec*>(child.kept.get());
  }
  result<pid> start_again(const std::shared_ptr<const void>& kept) override {
    start_context with{.extra_type = shape_.extra_type, .extra = shape_.extra.get()};
    return static_cast<const child_spec*>(kept.get())->start(with);
  }
  // Elixir's rule: an orderly end is as good as the one that was asked for, whatever the child is.
  [[nodiscard]] bool is_as_told(const child_spec& spec, const exit_reason& why) const override {
    const bool is_shutdown = why.is_orderly() && why != normal;
    return is_shutdown || many_children::is_as_told(spec, why);
  }
  void report_failures(const std::vector<failed_end>& failed) override {
    for (const auto& [child, known, why] : failed)
      report().shutdown_error(why, {spec_of(known), child});
  }

 private:
  dynamic_shape shape_;
};

}  // namespace

std::unique_ptr<supervision> dynamic_kind::make(const supervisor& tree, bool is_root) const {
  return std::make_unique<any_children>(tree, is_root, shape_);
}
std::optional<exit_reason> dynamic_kind::fault(const supervisor& /*tree*/) const {
  return std::nullopt;
}
exit_reason has_no_extra(const std::type_info& wanted) {
  return exit_reason(bad_spec{bad_spec::fault::bad_start_spec,
                              "the supervisor has no extra arguments " + type_name(wanted)});
}

}  // namespace kin::detail
