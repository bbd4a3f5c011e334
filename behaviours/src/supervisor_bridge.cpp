// SPDX-License-Identifier: Apache-2.0
#include <kin/link.hpp>
#include <kin/print.hpp>
#include <kin/supervisor_bridge.hpp>

#include "supervision.hpp"

#include <ostream>
#include <string>
#include <utility>

namespace kin::detail {
namespace {

// A supervision of one process that it did not start itself, and never starts again.
class bridge final : public supervision {
 public:
  bridge(const supervisor& tree, bool is_root, const bridge_kind& kind)
      : supervision(tree.options(), is_root),
        tree_(tree),
        spec_{.id = type_name(kind.type()),
              .shutdown = infinity,
              .type = child_type::supervisor,
              .module = &kind.type()},
        inner_(kind.make_inner()) {}

  std::optional<exit_reason> start_all() override {
    const result<pid> started = started_by([&] { return inner_->start(); });
    if (!started) return started.error();
    if (!*started) return exit_reason(ignored);
    pid_ = *started;
    link(pid_);
    report().progress({spec_, pid_});
    return std::nullopt;
  }
  void stop_all(const exit_reason& why) override {
    if (pid_) inner_->terminate(why);
  }
  next child_ended(const exited& ended) override {
    if (!pid_ || ended.from != pid_) return {};
    if (!ended.reason.is_orderly()) report().child_terminated(ended.reason, {spec_, pid_});
    pid_ = {};
    return next::stop(ended.reason);
  }
  next retry(const try_again& /*what*/) override { return {}; }

  result<started_child> start_child(child_spec /*spec*/) override { return exit_reason(badcall); }
  result<started_child> start_child(const std::type_info& /*type*/, void* /*arguments*/) override {
    return exit_reason(badcall);
  }
  result<void> terminate_child(const child_key& /*which*/) override { return exit_reason(badcall); }
  result<started_child> restart_child(const child_key& /*which*/) override {
    return exit_reason(badcall);
  }
  result<void> delete_child(const child_key& /*which*/) override { return exit_reason(badcall); }
  result<child_spec> get_childspec(const child_key& /*which*/) override {
    return exit_reason(badcall);
  }
  std::vector<child_info> which_children() override { return {}; }
  child_counts count_children() override { return {}; }
  std::vector<degraded_child> degraded() override { return {}; }
  void print(std::ostream& out) const override { out << "bridge to " << spec_.id; }
  supervisor tree() override { return tree_; }

 protected:
  result<void> change_children(const supervisor& /*to*/) override { return exit_reason(badcall); }

 private:
  supervisor tree_;
  child_spec spec_;  // for reports
  std::unique_ptr<bridged> inner_;
  kin::pid pid_ = {};  // none: it has ended
};

}  // namespace

std::unique_ptr<supervision> bridge_kind::make(const supervisor& tree, bool is_root) const {
  return std::make_unique<bridge>(tree, is_root, *this);
}
std::optional<exit_reason> bridge_kind::fault(const supervisor& /*tree*/) const {
  return std::nullopt;
}

}  // namespace kin::detail
