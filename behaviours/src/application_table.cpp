// SPDX-License-Identifier: Apache-2.0
#include "application_table.hpp"

#include <kin/registry.hpp>

#include <algorithm>

namespace kin::detail {
namespace {

// One for all machines: pids of two machines differ.
struct all_tables {
  std::mutex lock;
  std::map<pid, std::shared_ptr<application_table>> of;
};
all_tables& tables() {
  static all_tables all;
  return all;
}

void put_above(setting_table& below, const app::config& all, const std::string& name) {
  const auto found = all.find(name);
  if (found == all.end()) return;
  for (const auto& [key, value] : found->second) below.insert_or_assign(key, value);
}

app::config_changes changes_between(const setting_table& before, const setting_table& after) {
  app::config_changes changes;
  for (const auto& [key, value] : after) {
    const auto old = before.find(key);
    if (old == before.end()) {
      changes.added.emplace(key, value);
    } else if (!(old->second == value)) {
      changes.changed.emplace(key, value);
    }
  }
  for (const auto& [key, value] : before) {
    if (after.find(key) == after.end()) changes.removed.push_back(key);
  }
  return changes;
}

}  // namespace

std::shared_ptr<application_table> application_table::of_machine() {
  if (const auto controller = whereis(app::controller_name)) {
    const std::lock_guard hold(tables().lock);
    const auto found = tables().of.find(*controller);
    if (found != tables().of.end()) return found->second;
  }
  throw error(noproc,
              "this machine has no application controller; see kin::app::start_link, and kin::run "
              "of an application");
}

void application_table::enter(pid controller, std::shared_ptr<application_table> table) {
  const std::lock_guard hold(tables().lock);
  tables().of.insert_or_assign(controller, std::move(table));
}

void application_table::leave(pid controller) {
  const std::lock_guard hold(tables().lock);
  tables().of.erase(controller);
}

setting_table application_table::env_of(const application& what) const {
  setting_table env = what.env;
  put_above(env, files_, what.name);
  put_above(env, persistent_, what.name);
  put_above(env, command_line_, what.name);
  return env;
}

// What was set before for a name that was not loaded stays, where the application says nothing of
// it.
void application_table::load(const loaded_application& what) {
  const std::lock_guard hold(lock_);
  loaded_.insert_or_assign(what->name, what);
  setting_table& env = env_[what->name];
  for (auto& [key, value] : env_of(*what)) env.insert_or_assign(key, value);
}

void application_table::unload(const std::string& name) {
  const std::lock_guard hold(lock_);
  loaded_.erase(name);
  env_.erase(name);
}

void application_table::set_master(const std::string& name, std::optional<pid> master) {
  const std::lock_guard hold(lock_);
  std::erase_if(masters_, [&](const auto& entry) { return entry.second == name; });
  if (master) masters_.emplace(*master, name);
}

std::vector<std::pair<std::string, app::config_changes>> application_table::change_files(
    app::config files) {
  const std::lock_guard hold(lock_);
  files_ = std::move(files);
  std::vector<std::pair<std::string, app::config_changes>> all;
  for (const auto& [name, what] : loaded_) {
    setting_table after = env_of(*what);
    app::config_changes changes = changes_between(env_[name], after);
    env_[name] = std::move(after);
    if (!changes.changed.empty() || !changes.added.empty() || !changes.removed.empty())
      all.emplace_back(name, std::move(changes));
  }
  return all;
}

loaded_application application_table::find(const std::string& name) const {
  const std::lock_guard hold(lock_);
  const auto found = loaded_.find(name);
  return found == loaded_.end() ? nullptr : found->second;
}

std::vector<loaded_application> application_table::all() const {
  const std::lock_guard hold(lock_);
  std::vector<loaded_application> everything;
  for (const auto& [name, what] : loaded_) everything.push_back(what);
  return everything;
}

std::optional<setting> application_table::get(const std::string& name, std::string_view key) const {
  const std::lock_guard hold(lock_);
  const auto env = env_.find(name);
  if (env == env_.end()) return std::nullopt;
  const auto found = env->second.find(key);
  return found == env->second.end() ? std::nullopt : std::optional(found->second);
}

setting_table application_table::get_all(const std::string& name) const {
  const std::lock_guard hold(lock_);
  const auto env = env_.find(name);
  return env == env_.end() ? setting_table() : env->second;
}

void application_table::set(const app::config& all, bool persistent) {
  const std::lock_guard hold(lock_);
  for (const auto& [name, values] : all) {
    for (const auto& [key, value] : values) {
      env_[name].insert_or_assign(key, value);
      if (persistent) persistent_[name].insert_or_assign(key, value);
    }
  }
}

void application_table::unset(const std::string& name, std::string_view key, bool persistent) {
  const auto erase = [&](app::config& from) {
    const auto env = from.find(name);
    if (env == from.end()) return;
    const auto found = env->second.find(key);
    if (found != env->second.end()) env->second.erase(found);
  };
  const std::lock_guard hold(lock_);
  erase(env_);
  if (persistent) erase(persistent_);
}

std::optional<pid> application_table::master_of(const std::string& name) const {
  const std::lock_guard hold(lock_);
  for (const auto& [master, whose] : masters_) {
    if (whose == name) return master;
  }
  return std::nullopt;
}

std::optional<std::string> application_table::whose_master(pid p) const {
  const std::lock_guard hold(lock_);
  const auto found = masters_.find(p);
  return found == masters_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace kin::detail
