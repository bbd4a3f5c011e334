// SPDX-License-Identifier: Apache-2.0
// Children without an order, each known by its pid: those of a simple_one_for_one supervisor, all of
// one template, and those of a dynamic_supervisor, each of a spec of its own.
//   I1  A child is in the map under its pid; while it is restarting, under the one it had, with one
//       try_again on its way.
//   I2  What it was started with is kept while it can be restarted: not if it is temporary.
#pragma once

#include "pid_map.hpp"
#include "restart_delay.hpp"
#include "supervision.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace kin::detail {

class many_children : public supervision {
 public:
  using supervision::supervision;

  std::optional<exit_reason> start_all() override { return std::nullopt; }
  void stop_all(const exit_reason& why) override;
  next child_ended(const exited& ended) override;
  next retry(const try_again& what) override;
  result<void> terminate_child(const child_key& which) override;
  std::vector<child_info> which_children() override;
  child_counts count_children() override;
  std::vector<degraded_child> degraded() override;

 protected:
  struct entry {
    std::shared_ptr<const void> kept = {};
    std::unique_ptr<detail::failures> failures = {};  // of a child with a back-off
    bool is_restarting = false;
  };
  [[nodiscard]] std::size_t size() const { return children_.size(); }
  [[nodiscard]] bool has(pid child) { return children_.find(child) != nullptr; }
  void add(pid child, std::shared_ptr<const void> kept) {
    children_.insert(child, {std::move(kept)});
  }
  [[nodiscard]] virtual const child_spec& spec_of(const entry& child) const = 0;
  virtual result<pid> start_again(const std::shared_ptr<const void>& kept) = 0;
  /// Those that ended as they were not told to, after stop_all.
  struct failed_end {
    kin::pid child;
    entry known;
    exit_reason why;
  };
  virtual void report_failures(const std::vector<failed_end>& failed) = 0;
  [[nodiscard]] virtual bool is_as_told(const child_spec& spec, const exit_reason& why) const {
    return ended_as_told(spec.restart, spec.how_long(), why);
  }
  /// Of a child that is there.
  [[nodiscard]] const child_spec& spec_at(pid child) { return spec_of(*children_.find(child)); }

 private:
  next restart(pid was);
  next try_restart(pid was);
  next delay(pid was, const exit_reason& why);
  next significant_child_has_gone();

  pid_map<entry> children_;
};

}  // namespace kin::detail
