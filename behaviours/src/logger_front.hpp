// SPDX-License-Identifier: Apache-2.0
// The logger of one machine: what every event goes through, in whatever process it is logged.
//
//   I1  What it goes through is one immutable configuration, taken under a lock held for a copy of a
//       pointer. Who changes something makes a new one.
//   I2  A program's own code (filters, formatters, handlers) runs outside the lock.
#pragma once

#include <kin/logger.hpp>
#include <kin/report_taker.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kin::logger::detail {

/// A handler where it stands.
struct handler_row {
  std::string id;
  std::shared_ptr<installed> handler;
  handler_config how;
};
/// Everything that can be set.
struct log_config {
  primary_config primary;
  std::vector<std::pair<std::string, level>> modules;
  std::vector<std::pair<std::string, level>> domains;
  std::vector<std::shared_ptr<const handler_row>> handlers;
};

/// Thread  any.
class front final : public kin::detail::report_taker {
 public:
  explicit front(kin::detail::report_outlet outlet, bool machines);
  /// That of the caller.
  static front& here();

  void take(const kin::report& r) noexcept override;
  /// False: no event of that level passes, wherever it comes from.
  [[nodiscard]] bool may_want(level l, const char* file) const;
  [[nodiscard]] bool is_wanted(level l, const place& where, std::string_view domain) const;
  /// What is known here of an event and is not said yet.
  void complete(event& e) const;
  void log(event e);

  [[nodiscard]] std::shared_ptr<const log_config> config() const;
  /// Changes a copy, which then is the configuration, unless there is an error.
  result<void> change(const std::function<result<void>(log_config&)>& how);
  [[nodiscard]] std::shared_ptr<const handler_row> find(std::string_view id) const;
  /// A handler that has failed is one no more, and that is told.
  void remove_failed(std::string_view id, const exit_reason& why);
  [[nodiscard]] bool is_machines() const { return machines_; }
  [[nodiscard]] const kin::detail::report_outlet& outlet() const { return outlet_; }

 private:
  void hand_to(const handler_row& row, event e);
  void tell_failed(const char* what, std::string_view id, const exit_reason& why);
  void remove_filter(const std::string& handler, const std::string& filter);

  const kin::detail::report_outlet outlet_;
  const bool machines_;  // of a machine: there are processes
  mutable std::mutex lock_;
  std::shared_ptr<const log_config> config_;
  std::atomic<level> most_;  // the level that something passes with
  std::atomic<bool> same_everywhere_{true};
};

}  // namespace kin::logger::detail
