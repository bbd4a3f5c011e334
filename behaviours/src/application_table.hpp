// SPDX-License-Identifier: Apache-2.0
// What all processes of a machine may read of its applications without a call: environments, specs,
// who is whose master. As OTP's ac_tab: the controller writes it, set_env does, everybody reads.
#pragma once

#include <kin/application.hpp>
#include <kin/pid.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kin::detail {

/// An application as it was loaded: a copy that points to no other.
using loaded_application = std::shared_ptr<const application>;

/// Thread  any.
class application_table {
 public:
  application_table(app::config files, app::config command_line)
      : files_(std::move(files)), command_line_(std::move(command_line)) {}

  /// Of the controller that this machine has. Throws kin::error with noproc if it has none.
  static std::shared_ptr<application_table> of_machine();
  /// From now on, until `left`, that is the one of that controller.
  static void enter(pid controller, std::shared_ptr<application_table> table);
  static void leave(pid controller);

  // The controller's.
  void load(const loaded_application& what);
  void unload(const std::string& name);
  void set_master(const std::string& name, std::optional<pid> master);
  /// Puts the environments of all that are loaded together anew. Gives what has changed.
  std::vector<std::pair<std::string, app::config_changes>> change_files(app::config files);

  // All others'.
  [[nodiscard]] loaded_application find(const std::string& name) const;
  [[nodiscard]] std::vector<loaded_application> all() const;
  [[nodiscard]] std::optional<setting> get(const std::string& name, std::string_view key) const;
  [[nodiscard]] setting_table get_all(const std::string& name) const;
  void set(const app::config& all, bool persistent);
  void unset(const std::string& name, std::string_view key, bool persistent);
  [[nodiscard]] std::optional<pid> master_of(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> whose_master(pid p) const;

 private:
  [[nodiscard]] setting_table env_of(const application& what) const;

  mutable std::mutex lock_;  // of all below; nobody waits while it is held
  std::map<std::string, loaded_application, std::less<>> loaded_;
  app::config env_;  // of those that are not loaded, too
  app::config files_;
  app::config persistent_;
  app::config command_line_;
  std::map<pid, std::string> masters_;
};

}  // namespace kin::detail
