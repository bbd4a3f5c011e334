// SPDX-License-Identifier: Apache-2.0
// What one supervisor does, whatever its strategy: two classes fill it in, fixed_children for the
// strategies with an order, dynamic_children for simple_one_for_one. All of it runs in the
// supervisor's process.
#pragma once

#include <kin/next.hpp>
#include <kin/supervisor.hpp>

#include "intensity.hpp"
#include "restart_policy.hpp"
#include "shutdown.hpp"
#include "supervisor_report.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace kin::detail {

/// A restart has failed: the supervisor tells itself to try again, so that whoever has asked for
/// something meanwhile is served in between.
struct try_again {
  std::string id = {};       // of a child that has one
  std::uint64_t ticket = 0;  // void when it is no longer that child's
  kin::pid was = {};         // under simple_one_for_one
};

class supervision {
 public:
  supervision(const supervisor_options& options, bool is_root)
      : options_(options),
        report_(options.name.text()),
        restarts_(options.intensity, options.period),
        root_(is_root) {}
  supervision(const supervision&) = delete;
  supervision& operator=(const supervision&) = delete;
  virtual ~supervision() = default;

  /// In order. Why the supervisor cannot start: then none of its children runs.
  virtual std::optional<exit_reason> start_all() = 0;
  virtual void stop_all(const exit_reason& why) = 0;
  /// Whether or not `ended.from` is a child.
  virtual next child_ended(const exited& ended) = 0;
  virtual next retry(const try_again& what) = 0;

  virtual result<started_child> start_child(child_spec spec) = 0;
  virtual result<started_child> start_child(const std::type_info& type, void* arguments) = 0;
  virtual result<void> terminate_child(const child_key& which) = 0;
  virtual result<started_child> restart_child(const child_key& which) = 0;
  virtual result<void> delete_child(const child_key& which) = 0;
  virtual result<child_spec> get_childspec(const child_key& which) = 0;
  virtual std::vector<child_info> which_children() = 0;
  virtual child_counts count_children() = 0;
  virtual std::vector<degraded_child> degraded() = 0;

  /// For people.
  virtual void print(std::ostream& out) const { out << options_.strategy; }
  /// All it looks after now, as a value.
  virtual supervisor tree() = 0;
  /// The same, from now on; a failure changes nothing.
  result<void> change(const supervisor& to);

  [[nodiscard]] const supervisor_options& options() const { return options_; }
  [[nodiscard]] met_exits& met() { return met_; }
  [[nodiscard]] const supervisor_report& report() const { return report_; }

 protected:
  /// The children's part of a change; `to` is one that can be.
  virtual result<void> change_children(const supervisor& to) = 0;
  [[nodiscard]] bool may_restart() { return restarts_.allows(clock::now()); }
  /// Too many restarts. A supervisor above sees an orderly end, as in OTP; a program sees why it
  /// has ended.
  [[nodiscard]] next give_up(const offender& child);
  [[nodiscard]] exit_reason start_failed(const child_spec& spec, const exit_reason& why) const;

 private:
  supervisor_options options_;
  met_exits met_;
  supervisor_report report_;
  intensity restarts_;
  bool root_;
};

/// Runs a start function of the user's: what it throws is why the child did not start. No pid: it
/// said `ignored`.
template <class F>
result<pid> started_by(F start) {
  try {
    result<pid> child = start();
    if (!child && child.error() == ignored) return pid{};
    return child;
  } catch (...) {
    auto why = caught_exit();
    if (!why) throw;
    return *std::move(why);
  }
}

/// Why this cannot be a supervisor, or a child of one; the first mistake in OTP's order. No mode: it
/// does not matter.
std::optional<exit_reason> fault_of(const supervisor& tree);
std::optional<exit_reason> fault_of(const child_spec& spec, std::optional<auto_shutdown> mode);
std::optional<exit_reason> fault_of(const std::vector<child_spec>& specs,
                                    std::optional<auto_shutdown> mode);
/// What a temporary child was started with is needed no more, and may be large.
void forget_start(child_spec& spec);
/// The answer of a supervisor that does not take a child_spec, or takes nothing else.
exit_reason wants_arguments();
exit_reason wants_spec(const std::type_info& given);

std::unique_ptr<supervision> fixed_children(const supervisor& tree, bool is_root);
std::unique_ptr<supervision> dynamic_children(const supervisor& tree, bool is_root);

}  // namespace kin::detail
