// SPDX-License-Identifier: Apache-2.0
// What programs ask of the controller and of its table.
#include <kin/application.hpp>
#include <kin/info.hpp>
#include <kin/link.hpp>
#include <kin/process.hpp>

#include "application_controller.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace kin {
namespace detail {
namespace {

using app::controller_name;

/// Of a call whose answer is a result: one.
template <class Q>
auto ask(Q query, duration limit = infinity) {
  auto answer = try_call(controller_name, std::move(query), limit);
  using R = typename decltype(answer)::value_type;
  return answer ? *std::move(answer) : R(answer.error());
}

result<void> ask_to_start(const app::which& w, restart type) {
  return ask(start_order{shown_by(w), w.name(), type});
}

}  // namespace

std::optional<setting> find_env(const app::which& w, std::string_view key) {
  return application_table::of_machine()->get(w.name(), key);
}

std::string own_application() {
  return application_table::of_machine()->whose_master(group_leader()).value_or("");
}

void throw_other_type(const app::which& w, std::string_view key, const setting& found,
                      const std::type_info& wanted) {
  throw error(badarg, w.name() + "." + std::string(key) + " is " + to_string(found) + ", no " +
                          type_name(wanted));
}

loaded_application find_loaded(const app::which& w) {
  return application_table::of_machine()->find(w.name());
}

}  // namespace detail

std::ostream& operator<<(std::ostream& out, const application& a) { return out << a.name; }

namespace app {

using detail::application_table;
using detail::ask;
using detail::shown_by;
using detail::value_or_throw;

const std::string& which::name() const { return itself_ == nullptr ? name_ : itself_->name; }

result<server<controller>> try_start_link(controller_options options) {
  return kin::try_start_link<controller>({.name = controller_name}, std::move(options),
                                         std::optional<detail::boot_plan>());
}
server<controller> start_link(controller_options options) {
  return kin::start_link<controller>({.name = controller_name}, std::move(options),
                                     std::optional<detail::boot_plan>());
}

result<void> try_load(const which& w, duration limit) {
  return ask(detail::load_order{shown_by(w), w.name()}, limit);
}
void load(const which& w, duration limit) { value_or_throw(try_load(w, limit), "app::load"); }

result<void> try_unload(const which& w, duration limit) {
  return ask(detail::unload_order{w.name()}, limit);
}
void unload(const which& w, duration limit) { value_or_throw(try_unload(w, limit), "app::unload"); }

result<void> try_start(const which& w, restart type) { return detail::ask_to_start(w, type); }
void start(const which& w, restart type) { value_or_throw(try_start(w, type), "app::start"); }

result<void> try_ensure_started(const which& w, restart type) {
  auto done = detail::ask_to_start(w, type);
  if (!done && done.error().is(already_started{w.name()})) return {};
  return done;
}
void ensure_started(const which& w, restart type) {
  value_or_throw(try_ensure_started(w, type), "app::ensure_started");
}

result<std::vector<std::string>> try_ensure_all_started(const which& w, restart type) {
  const auto plan = try_call(controller_name, detail::plan_query{shown_by(w), w.name()}, infinity);
  if (!plan) return plan.error();
  if (plan->failed) return *plan->failed;
  std::vector<std::string> started;
  for (const std::string& one : plan->order) {
    const auto done = try_start(one, type);
    if (done) {
      started.push_back(one);
    } else if (!done.error().is(already_started{one})) {
      for (; !started.empty(); started.pop_back()) static_cast<void>(try_stop(started.back()));
      return exit_reason(failed_to_start{one, done.error()});
    }
  }
  return started;
}
std::vector<std::string> ensure_all_started(const which& w, restart type) {
  return value_or_throw(try_ensure_all_started(w, type), "app::ensure_all_started");
}

result<void> try_stop(const which& w) { return ask(detail::stop_order{w.name()}); }
void stop(const which& w) { value_or_throw(try_stop(w), "app::stop"); }

void shut_down() {
  static_cast<void>(application_table::of_machine());  // or there is nobody to tell
  cast(controller_name, detail::shut_down_order{});
}

result<void> try_permit(const which& w, bool may) {
  return ask(detail::permit_order{w.name(), may});
}
void permit(const which& w, bool may) { value_or_throw(try_permit(w, may), "app::permit"); }

result<std::vector<description>> try_which_applications(duration limit) {
  return try_call(controller_name, detail::which_query{}, limit);
}
std::vector<description> which_applications(duration limit) {
  return value_or_throw(try_which_applications(limit), "app::which_applications");
}

std::vector<description> loaded_applications() {
  std::vector<description> all;
  for (const auto& one : application_table::of_machine()->all())
    all.push_back({one->name, one->description, one->vsn});
  return all;
}

std::optional<pid> top_process(const which& w) {
  const auto master = application_table::of_machine()->master_of(w.name());
  if (!master) return std::nullopt;
  const auto top = try_call(server<detail::application_master>{*master}, detail::get_child{});
  return top ? *top : std::nullopt;
}

std::optional<std::string> get_application() {
  return application_table::of_machine()->whose_master(group_leader());
}
std::optional<std::string> get_application(pid p) {
  const auto table = application_table::of_machine();
  const auto about = info(p);
  return about ? table->whose_master(about->group_leader) : std::nullopt;
}

std::optional<application> get_all_key(const which& w) {
  const auto found = detail::find_loaded(w);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

// ---- environments -------------------------------------------------------------------------------

setting_table get_all_env(const which& w) {
  return application_table::of_machine()->get_all(w.name());
}

void set_env(const which& w, std::string_view key, setting value, env_options options) {
  setting_table one;
  one.emplace(key, std::move(value));
  config all;
  all.emplace(w.name(), std::move(one));
  set_env(all, options);
}

void set_env(const config& all, env_options options) {
  for (const auto& [name, values] : all) {
    if (name.empty()) throw error(badarg, "set_env: an application has a name");
    if (values.find(std::string_view()) != values.end())
      throw error(badarg, "set_env: application: " + name + "; a setting has a name");
  }
  application_table::of_machine()->set(all, options.persistent);
}

void unset_env(const which& w, std::string_view key, env_options options) {
  application_table::of_machine()->unset(w.name(), key, options.persistent);
}

result<void> try_change_config(config changed) {
  auto masters = try_call(controller_name, detail::config_order{std::move(changed)}, infinity);
  if (!masters) return masters.error();
  result<void> all;
  for (auto& [master, changes] : *masters) {
    const auto told = try_call(server<detail::application_master>{master},
                               detail::tell_changes{std::move(changes)}, infinity);
    // One that has ended since has nothing to be told.
    if (told && !*told && all) all = *told;
  }
  return all;
}
void change_config(config changed) {
  value_or_throw(try_change_config(std::move(changed)), "app::change_config");
}

}  // namespace app
}  // namespace kin
