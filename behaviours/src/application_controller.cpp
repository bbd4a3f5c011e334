// SPDX-License-Identifier: Apache-2.0
#include "application_controller.hpp"

#include <kin/link.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/report.hpp>
#include <kin/send.hpp>

#include "application_report.hpp"

#include <algorithm>
#include <utility>

namespace kin {
namespace detail {
namespace {

app::which by_name(const app::which& w) { return w.name(); }

loaded_application copied(const application& a) {
  auto copy = std::make_shared<application>(a);
  for (auto* names :
       {&copy->applications, &copy->optional_applications, &copy->included_applications})
    std::transform(names->begin(), names->end(), names->begin(), &by_name);
  return copy;
}

void show(const application* a, std::set<const application*>& seen, shown_applications& all) {
  if (a == nullptr || !seen.insert(a).second) return;
  all.push_back(copied(*a));
  for (const auto* others :
       {&a->applications, &a->optional_applications, &a->included_applications}) {
    for (const app::which& other : *others) show(other.itself(), seen, all);
  }
}

bool has(const std::vector<app::which>& all, const std::string& name) {
  return std::any_of(all.begin(), all.end(), [&](const app::which& w) { return w.name() == name; });
}

std::optional<exit_reason> fault_of(const application& a) {
  const auto bad = [&](std::string text) {
    return exit_reason(app::bad_application{a.name, std::move(text)});
  };
  if (a.name.empty()) return bad("it has no name");
  for (const auto* names : {&a.applications, &a.optional_applications, &a.included_applications}) {
    std::set<std::string> seen;
    for (const app::which& other : *names) {
      if (other.name().empty()) return bad("it names one without a name");
      if (other.name() == a.name) return bad("it names itself");
      if (!seen.insert(other.name()).second) return bad("it names " + other.name() + " twice");
    }
  }
  for (const app::which& part : a.included_applications) {
    if (has(a.applications, part.name())) return bad("it needs and includes " + part.name());
  }
  std::set<std::string> phases;
  for (const app::phase& p : a.start_phases) {
    if (!phases.insert(p.name).second) return bad("it has the start phase " + p.name + " twice");
  }
  if (a.max_time <= duration::zero()) return bad("its max_time is no time");
  return std::nullopt;
}

// `path` has come back to where `name` stands in it.
std::optional<exit_reason> circle(const std::vector<std::string>& path, const std::string& name) {
  const auto at = std::find(path.begin(), path.end(), name);
  if (at == path.end()) return std::nullopt;
  return exit_reason(app::circular{{at, path.end()}});
}

}  // namespace

shown_applications shown_by(const app::which& w) {
  std::set<const application*> seen;
  shown_applications all;
  show(w.itself(), seen, all);
  return all;
}

}  // namespace detail

namespace app {

using detail::application_report;
using detail::loaded_application;

namespace {
const result<void> done;
}

controller::controller(controller_options options, std::optional<detail::boot_plan> boot)
    : options_(std::move(options)),
      boot_(std::move(boot)),
      table_(std::make_shared<detail::application_table>(options_.config, options_.command_line)) {
  trap_exits();
  detail::application_table::enter(self(), table_);
}

controller::~controller() { detail::application_table::leave(self()); }

next controller::init() {
  if (!boot_) return {};
  // Beside the controller, which has to hear what it is asked meanwhile.
  spawn_link([plan = *std::exchange(boot_, std::nullopt), me = self()] {
    const kin::server<controller> there{me};
    const auto all = kin::call(there, detail::plan_query{plan.shown, plan.name}, infinity);
    if (all.failed) return kin::send(me, boot_failed{*all.failed});
    for (const std::string& one : all.order) {  // all are known before any runs
      const auto loaded = kin::call(there, detail::load_order{{}, one}, infinity);
      if (!loaded && !loaded.error().is(already_loaded{one}))
        return kin::send(me, boot_failed{exit_reason(failed_to_start{one, loaded.error()})});
    }
    for (const std::string& one : all.order) {
      const auto started = kin::call(there, detail::start_order{{}, one, plan.type}, infinity);
      if (!started && !started.error().is(already_started{one}))
        return kin::send(me, boot_failed{exit_reason(failed_to_start{one, started.error()})});
    }
  });
  return {};
}

// Newest first; who has ended meanwhile has left its exit in the mailbox.
void controller::terminate(const exit_reason& why) {
  if (options_.shutdown_func) {
    try {
      options_.shutdown_func(why);
    } catch (...) {
      if (!caught_exit()) throw;
    }
  }
  for (; !active_.empty(); active_.pop_back()) {
    const pid master = active_.back().master;
    if (master == pid{}) continue;
    const auto gone = kin::when(&exited::from, master, [](const exited& /*it*/) {});
    kin::cast(server<detail::application_master>{master}, detail::end_order{});
    receive(gone, after(options_.shutdown_timeout, [&] {
              kin::exit(master, kill);
              receive(gone);
            }));
  }
}

std::string controller::format_status() const {
  std::string text;
  for (const active& one : active_) text += (text.empty() ? "" : ", ") + one.name;
  return "[" + text + "]";
}

// ---- what is known ------------------------------------------------------------------------------

void controller::show(const detail::shown_applications& shown) {
  for (const loaded_application& one : shown) shown_.insert_or_assign(one->name, one);
}

result<loaded_application> controller::known(const std::string& name) {
  if (auto loaded = table_->find(name)) return loaded;
  const auto found = shown_.find(name);
  if (found == shown_.end()) return exit_reason(no_such_application{name});
  if (auto fault = detail::fault_of(*found->second)) return *std::move(fault);
  return found->second;
}

result<void> controller::collect_included(const std::string& name, std::vector<std::string>& path,
                                          std::vector<loaded_application>& all) {
  if (auto around = detail::circle(path, name)) return *std::move(around);
  auto spec = known(name);
  if (!spec) return spec.error();
  path.push_back(name);
  all.push_back(*spec);
  for (const which& part : (*spec)->included_applications) {
    if (auto loaded = collect_included(part.name(), path, all); !loaded) return loaded;
  }
  path.pop_back();
  return {};
}

// All that it includes, or nothing.
result<void> controller::load(const std::string& name) {
  if (table_->find(name)) return exit_reason(already_loaded{name});
  std::vector<std::string> path;
  std::vector<loaded_application> all;
  if (auto loaded = collect_included(name, path, all); !loaded) return loaded;
  for (const loaded_application& one : all) {
    if (!table_->find(one->name)) table_->load(one);
  }
  return {};
}

result<void> controller::handle_call(detail::load_order o) {
  show(o.shown);
  return load(o.name);
}

result<void> controller::handle_call(detail::unload_order o) {
  if (!table_->find(o.name)) return exit_reason(not_loaded{o.name});
  if (find(o.name) != nullptr) return exit_reason(is_running{o.name});
  std::vector<std::string> path;
  std::vector<loaded_application> all;
  static_cast<void>(collect_included(o.name, path, all));
  for (const loaded_application& one : all) {
    if (find(one->name) == nullptr) table_->unload(one->name);
  }
  return {};
}

std::vector<description> controller::handle_call(detail::which_query /*q*/) const {
  std::vector<description> all;
  for (const active& one : active_) {
    const auto spec = table_->find(one.name);
    if (one.is == stage::up && spec != nullptr)
      all.push_back({spec->name, spec->description, spec->vsn});
  }
  std::reverse(all.begin(), all.end());
  return all;
}

detail::to_be_told controller::handle_call(detail::config_order o) {
  detail::to_be_told masters;
  for (auto& [name, changes] : table_->change_files(std::move(o.files))) {
    const active* one = find(name);
    if (one != nullptr && one->is == stage::up && one->master != pid{})
      masters.emplace_back(one->master, std::move(changes));
  }
  return masters;
}

// Depth first, in the order in which each names them.
result<void> controller::plan(const std::string& name, bool optional,
                              std::vector<std::string>& path, std::vector<std::string>& order) {
  if (auto around = detail::circle(path, name))
    return exit_reason(failed_to_start{path.front(), *std::move(around)});
  if (runs(name) || std::find(order.begin(), order.end(), name) != order.end()) return {};
  const auto spec = known(name);
  if (!spec) {
    const bool is_missing = spec.error().is(no_such_application{name});
    if (optional && is_missing) return {};
    return exit_reason(failed_to_start{name, spec.error()});
  }
  path.push_back(name);
  const application& a = **spec;
  for (const which& needed : a.applications) {
    if (auto planned =
            plan(needed.name(), detail::has(a.optional_applications, needed.name()), path, order);
        !planned)
      return planned;
  }
  path.pop_back();
  order.push_back(name);
  return {};
}

detail::start_plan controller::handle_call(detail::plan_query q) {
  show(q.shown);
  std::vector<std::string> path;
  std::vector<std::string> order;
  if (auto planned = plan(q.name, false, path, order); !planned) return {.failed = planned.error()};
  return {.order = std::move(order)};
}

// ---- start --------------------------------------------------------------------------------------

controller::active* controller::find(const std::string& name) {
  const auto found = std::find_if(active_.begin(), active_.end(),
                                  [&](const active& one) { return one.name == name; });
  return found == active_.end() ? nullptr : &*found;
}

bool controller::runs(const std::string& name) const {
  return std::any_of(active_.begin(), active_.end(),
                     [&](const active& one) { return one.name == name && one.is == stage::up; });
}

bool controller::may_run(const std::string& name) const {
  const auto found = options_.permissions.find(name);
  return found == options_.permissions.end() || found->second;
}

// A need is met by having been started; whether it still runs is another question.
std::optional<exit_reason> controller::what_is_missing(const application& spec) {
  for (const which& needed : spec.applications) {
    const std::string& name = needed.name();
    if (started_.count(name) != 0) {
      if (!runs(name) && may_run(name)) return exit_reason(not_running{name});
    } else if (!detail::has(spec.optional_applications, name) || known(name)) {
      return exit_reason(not_started{name});
    }
  }
  return std::nullopt;
}

replies<result<void>> controller::handle_call(detail::start_order o, from<result<void>> caller) {
  show(o.shown);
  begin(std::move(o), std::move(caller));
  return noreply;
}

void controller::begin(detail::start_order o, from<result<void>> caller) {
  if (active* there = find(o.name)) {
    switch (there->is) {
      case stage::up:
        return caller.answer(exit_reason(already_started{o.name}));
      case stage::starting:  // who asks twice at once gets the one answer twice
        return there->callers.push_back(std::move(caller));
      case stage::stopping:
        return put_off_.push_back({std::move(o), std::move(caller)});
    }
  }
  if (!table_->find(o.name)) {
    if (auto loaded = load(o.name); !loaded) return caller.answer(loaded);
  }
  const loaded_application spec = table_->find(o.name);
  if (auto why = what_is_missing(*spec)) return caller.answer(*std::move(why));
  if (!may_run(o.name)) {
    started_.insert_or_assign(o.name, o.type);
    return caller.answer(done);
  }
  std::vector<from<result<void>>> callers;
  callers.push_back(std::move(caller));
  launch(o.name, o.type, std::move(callers));
}

void controller::launch(const std::string& name, restart type,
                        std::vector<from<result<void>>> callers) {
  detail::application_parts parts{.whole = table_->find(name), .included = {}};
  std::vector<std::string> path;
  static_cast<void>(collect_included(name, path, parts.included));
  parts.included.erase(parts.included.begin());  // itself
  active one{.name = name, .type = type, .callers = std::move(callers)};
  if (parts.whole->start) {
    one.master = kin::start_link<detail::application_master>(std::move(parts), self(), table_).pid;
    active_.push_back(std::move(one));
  } else {
    active_.push_back(std::move(one));
    answer_up(active_.back());
  }
}

void controller::is_up(pid master) {
  const auto found = std::find_if(active_.begin(), active_.end(),
                                  [&](const active& one) { return one.master == master; });
  if (found == active_.end() || found->is != stage::starting) return;
  const auto first_that_starts = std::find_if(
      active_.begin(), found, [](const active& one) { return one.is == stage::starting; });
  std::rotate(first_that_starts, found, found + 1);
  answer_up(*first_that_starts);
}

void controller::answer_up(active& one) {
  one.is = stage::up;
  started_.insert_or_assign(one.name, one.type);
  application_report::started(one.name);
  for (auto& caller : std::exchange(one.callers, {})) caller.answer(done);
}

// ---- stop ---------------------------------------------------------------------------------------

replies<result<void>> controller::handle_call(detail::stop_order o, from<result<void>> caller) {
  end(o, std::move(caller));
  return noreply;
}

void controller::end(const detail::stop_order& o, from<result<void>> caller) {
  active* there = find(o.name);
  if (there != nullptr && there->is == stage::stopping)
    return put_off_.push_back({o, std::move(caller)});
  const bool was_started = started_.erase(o.name) != 0;
  if (there != nullptr && there->is == stage::up) return begin_stop(*there, std::move(caller));
  if (was_started) return caller.answer(done);
  caller.answer(exit_reason(not_started{o.name}));
}

void controller::begin_stop(active& one, from<result<void>> caller) {
  one.is = stage::stopping;
  one.callers.push_back(std::move(caller));
  if (one.master != pid{})
    return kin::cast(server<detail::application_master>{one.master}, detail::end_order{});
  active gone = std::move(one);
  forget(gone.name);
  was_stopped(std::move(gone));
}

void controller::forget(const std::string& name) {
  std::erase_if(active_, [&](const active& one) { return one.name == name; });
  table_->set_master(name, std::nullopt);
}

next controller::master_ended(const exited& e) {
  const auto found = std::find_if(active_.begin(), active_.end(),
                                  [&](const active& one) { return one.master == e.from; });
  if (found == active_.end()) return {};
  active gone = std::move(*found);
  active_.erase(found);
  table_->set_master(gone.name, std::nullopt);
  switch (gone.is) {
    case stage::starting:
      return did_not_start(std::move(gone), e.reason);
    case stage::up:
      return ended_by_itself(gone, e.reason);
    case stage::stopping:
      was_stopped(std::move(gone));
  }
  return {};
}

next controller::did_not_start(active gone, const exit_reason& told) {
  const auto* by_code = told.get_if<detail::did_not_start>();
  const exit_reason why = by_code != nullptr ? by_code->why : told;
  started_.erase(gone.name);
  for (auto& caller : gone.callers) caller.answer(why);
  application_report::ended(gone.name, to_string(why), gone.type);
  const auto* failed = why.get_if<callback_failed>();
  const bool left_in_order =
      failed != nullptr && failed->reason == exit_reason(raised{exit_reason(normal)});
  if (gone.type == temporary || (gone.type == transient && left_in_order)) return {};
  return kin::stop(application_start_failure{gone.name, why});
}

next controller::ended_by_itself(const active& gone, const exit_reason& why) {
  application_report::ended(gone.name, to_string(why), gone.type);
  if (gone.type == temporary || (gone.type == transient && why == normal)) return {};
  return kin::stop(application_terminated{gone.name, why});
}

void controller::was_stopped(active gone) {
  application_report::ended(gone.name, "stopped", gone.type);
  for (auto& caller : gone.callers) caller.answer(done);
  go_on_with(gone.name);
}

// What was asked for while it stopped, in that order.
void controller::go_on_with(const std::string& name) {
  for (put_off& one : std::exchange(put_off_, {})) {
    if (auto* start = std::get_if<detail::start_order>(&one.order)) {
      begin(std::move(*start), std::move(one.caller));
    } else {
      end(std::get<detail::stop_order>(one.order), std::move(one.caller));
    }
  }
  const auto left = started_.find(name);  // it was not to be stopped, but may not run
  if (left != started_.end() && find(name) == nullptr && may_run(name))
    launch(name, left->second, {});
}

// ---- permissions --------------------------------------------------------------------------------

replies<result<void>> controller::handle_call(detail::permit_order o, from<result<void>> caller) {
  if (!table_->find(o.name)) return result<void>(exit_reason(not_loaded{o.name}));
  options_.permissions.insert_or_assign(o.name, o.may);
  active* there = find(o.name);
  if (!o.may && there != nullptr && there->is == stage::up) {
    begin_stop(*there, std::move(caller));
    return noreply;
  }
  const auto waits = started_.find(o.name);
  if (!o.may || there != nullptr || waits == started_.end()) return result<void>();
  std::vector<from<result<void>>> callers;
  callers.push_back(std::move(caller));
  launch(o.name, waits->second, std::move(callers));
  return noreply;
}

}  // namespace app
}  // namespace kin
