// SPDX-License-Identifier: Apache-2.0
// The process that starts and stops applications. It never waits for one while it runs: what an
// application does when it starts or stops may call it. Only at its own end it waits, for each.
#pragma once

#include <kin/application.hpp>
#include <kin/gen_server.hpp>

#include "application_master.hpp"
#include "application_table.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace kin {
namespace detail {

/// Applications that a caller has shown: copies that point to no other.
using shown_applications = std::vector<loaded_application>;
/// Those that can be reached from there; none of a bare name.
shown_applications shown_by(const app::which& w);

struct load_order {
  shown_applications shown;
  std::string name;
};
struct unload_order {
  std::string name;
};
struct start_order {
  shown_applications shown;
  std::string name;
  restart type;
};
struct stop_order {
  std::string name;
};
struct permit_order {
  std::string name;
  bool may;
};
/// What must be started for it, in order, itself the last one.
struct plan_query {
  shown_applications shown;
  std::string name;
};
struct start_plan {
  std::vector<std::string> order = {};
  std::optional<exit_reason> failed = {};  // then there is no order
};
struct shut_down_order {};
struct which_query {};
struct config_order {
  app::config files;
};
/// The masters that have to be told of it.
using to_be_told = std::vector<std::pair<pid, app::config_changes>>;

/// What to start when the controller is up: a whole program.
struct boot_plan {
  shown_applications shown;
  std::string name;
  restart type;
};

}  // namespace detail

namespace app {

class controller : public gen_server {
 public:
  controller(controller_options options, std::optional<detail::boot_plan> boot);
  controller(const controller&) = delete;
  controller& operator=(const controller&) = delete;
  ~controller();
  next init();
  void terminate(const exit_reason& why);

  result<void> handle_call(detail::load_order o);
  result<void> handle_call(detail::unload_order o);
  replies<result<void>> handle_call(detail::start_order o, from<result<void>> caller);
  replies<result<void>> handle_call(detail::stop_order o, from<result<void>> caller);
  replies<result<void>> handle_call(detail::permit_order o, from<result<void>> caller);
  next handle_cast(detail::shut_down_order /*order*/) { return kin::stop(shutdown); }
  detail::start_plan handle_call(detail::plan_query q);
  std::vector<description> handle_call(detail::which_query q) const;
  detail::to_be_told handle_call(detail::config_order o);
  auto handle_info() {
    return clauses{[this](detail::application_up up) { is_up(up.master); },
                   [this](const exited& e) { return master_ended(e); },
                   [](const boot_failed& f) { return kin::stop(f.why); },
                   [](const message& /*of no interest*/) {}};
  }
  [[nodiscard]] std::string format_status() const;

 private:
  struct boot_failed {
    exit_reason why;
  };
  enum class stage : unsigned char { starting, up, stopping };
  /// One that has begun to start, and has not ended. It ends and starts in the middle of its life
  /// when it may not run any more and then may again.
  struct active {
    std::string name;
    restart type = temporary;
    stage is = stage::starting;
    pid master = {};                               // none: no processes
    std::vector<from<result<void>>> callers = {};  // who waits for the end of this stage
  };
  struct put_off {  // until one that stops has ended
    std::variant<detail::start_order, detail::stop_order> order;
    from<result<void>> caller;
  };

  active* find(const std::string& name);
  [[nodiscard]] bool runs(const std::string& name) const;
  [[nodiscard]] bool may_run(const std::string& name) const;
  result<detail::loaded_application> known(const std::string& name);
  result<void> load(const std::string& name);
  result<void> collect_included(const std::string& name, std::vector<std::string>& path,
                                std::vector<detail::loaded_application>& all);
  std::optional<exit_reason> what_is_missing(const application& spec);
  result<void> plan(const std::string& name, bool optional, std::vector<std::string>& path,
                    std::vector<std::string>& order);
  void show(const detail::shown_applications& shown);

  void begin(detail::start_order o, from<result<void>> caller);
  void end(const detail::stop_order& o, from<result<void>> caller);
  void launch(const std::string& name, restart type, std::vector<from<result<void>>> callers);
  void begin_stop(active& one, from<result<void>> caller);
  void is_up(pid master);
  void answer_up(active& one);
  next master_ended(const exited& e);
  next did_not_start(active gone, const exit_reason& why);
  next ended_by_itself(const active& gone, const exit_reason& why);
  void was_stopped(active gone);
  void forget(const std::string& name);
  void go_on_with(const std::string& name);

  controller_options options_;
  std::optional<detail::boot_plan> boot_;
  std::shared_ptr<detail::application_table> table_;
  std::map<std::string, detail::loaded_application> shown_;
  std::vector<active> active_;  // in the order in which they came up; those that start last
  std::map<std::string, restart> started_;  // and not stopped; some have ended, or may not run
  std::vector<put_off> put_off_;
};

}  // namespace app
}  // namespace kin
