// SPDX-License-Identifier: Apache-2.0
// An application is a part of a program that is started and stopped as one: a tree of processes,
// what it needs to run, and what can be set. It is a value; nothing runs until it is started.
//
//   inline const kin::application store{.name = "store", .start = [] { return stock(); }};
//   inline const kin::application shop{
//       .name = "shop",
//       .description = "sells things",
//       .applications = {&store},                     // runs before shop starts
//       .env = {{"port", 8080}},                      // kin::app::get_env<int>("port")
//       .start = [] { return kin::supervisor{...}; }};
//   int main(int argc, char** argv) { return kin::run(shop, argc, argv); }
//
// Who starts and stops them is the controller, one process of a machine; kin::run of an application
// has it as its first process. Each application that runs has a master, which is the group leader
// of all its processes: so each process knows its application, and when that is stopped none is
// left. With a state of its own, or more to do than to start, an application is a class:
//
//   class shop_code {
//    public:
//     explicit shop_code(int tills);                    // in the process that calls all of this
//     kin::supervisor start();                          // or a handle, a pid, or a result of one
//     void start_phase(std::string_view phase, const kin::setting& arguments);  // or result<void>
//     void prep_stop();                                 // before its tree is ended
//     void stop();                                      // after that
//     void config_change(const kin::app::config_changes& changes);
//   };
//   .start = kin::app::callbacks<shop_code>(4)          // only start is needed
#pragma once

#include <kin/application_error.hpp>
#include <kin/export.hpp>
#include <kin/run.hpp>
#include <kin/setting.hpp>
#include <kin/supervisor.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

struct application;

namespace app {

/// What configuration files say: of each application, by its name, what is set.
using config = std::map<std::string, setting_table, std::less<>>;

/// How an environment has changed: see callbacks.
struct config_changes {
  setting_table changed = {};             ///< was another value before
  setting_table added = {};               ///< was not there before
  std::vector<std::string> removed = {};  ///< is there no more
};

/// Says which application: itself, or its name. Where it is itself, it and those it names in the
/// same way need not be known before.
class which {
 public:
  /// By name.
  which(const char* name) : name_(name) {}  // NOLINT(google-explicit-constructor)
  /// By name.
  which(std::string name) : name_(std::move(name)) {}  // NOLINT(google-explicit-constructor)
  /// By name.
  which(std::string_view name) : name_(name) {}  // NOLINT(google-explicit-constructor)
  /// Itself; it must live as long as this.
  which(const application* itself) : itself_(itself) {}  // NOLINT(google-explicit-constructor)
  /// Itself; it must live as long as this.
  which(const application& itself) : itself_(&itself) {}  // NOLINT(google-explicit-constructor)

  /// Of the application.
  [[nodiscard]] const std::string& name() const;
  /// Null: only the name is known.
  [[nodiscard]] const application* itself() const { return itself_; }
  friend bool operator==(const which& a, const which& b) { return a.name() == b.name(); }
  friend std::ostream& operator<<(std::ostream& out, const which& w) { return out << w.name(); }

 private:
  std::string name_;
  const application* itself_ = nullptr;
};

/// One step of a start that has several: see application::start_phases.
struct phase {
  std::string name = {};   ///< what start_phase gets
  setting arguments = {};  ///< and this
  friend bool operator==(const phase&, const phase&) = default;
};

}  // namespace app

namespace detail {

/// The code of one application while it runs, in its own process.
class application_callbacks {
 public:
  application_callbacks() = default;
  application_callbacks(const application_callbacks&) = delete;
  application_callbacks& operator=(const application_callbacks&) = delete;
  virtual ~application_callbacks() = default;
  virtual result<pid> start() = 0;
  virtual result<void> start_phase(std::string_view /*name*/, const setting& /*arguments*/) {
    return exit_reason("the application has no start_phase");
  }
  virtual void prep_stop() {}
  virtual void stop() {}
  virtual void config_change(const app::config_changes& /*changes*/) {}
};

template <class R>
inline constexpr bool is_top = std::derived_from<R, supervisor> || std::is_same_v<R, pid>;
template <class S>
inline constexpr bool is_top<server<S>> = true;
template <class T>
inline constexpr bool is_top<result<T>> = is_top<T>;

/// Starts what an application's start has returned.
template <class R>
result<pid> top_of(R returned) {
  if constexpr (std::derived_from<R, supervisor>) {
    return start_supervisor(returned, true);
  } else if constexpr (std::is_same_v<R, pid>) {
    return returned;
  } else if constexpr (requires { returned.has_value(); }) {
    return returned.has_value() ? top_of(*std::move(returned)) : result<pid>(returned.error());
  } else {
    return returned.pid;
  }
}

template <class F>
class start_function final : public application_callbacks {
 public:
  explicit start_function(F f) : function_(std::move(f)) {}
  result<pid> start() override { return top_of(function_()); }

 private:
  F function_;
};

template <class C>
class callbacks_of final : public application_callbacks {
 public:
  template <class... A>
  explicit callbacks_of(const A&... arguments) : code_(arguments...) {}
  result<pid> start() override { return top_of(code_.start()); }
  result<void> start_phase(std::string_view name, const setting& arguments) override {
    if constexpr (requires { code_.start_phase(name, arguments); }) {
      if constexpr (std::is_void_v<decltype(code_.start_phase(name, arguments))>) {
        code_.start_phase(name, arguments);
        return {};
      } else {
        return code_.start_phase(name, arguments);
      }
    } else {
      return application_callbacks::start_phase(name, arguments);
    }
  }
  void prep_stop() override {
    if constexpr (requires { code_.prep_stop(); }) code_.prep_stop();
  }
  void stop() override {
    if constexpr (requires { code_.stop(); }) code_.stop();
  }
  void config_change([[maybe_unused]] const app::config_changes& changes) override {
    if constexpr (requires { code_.config_change(changes); }) code_.config_change(changes);
  }

 private:
  C code_;
};

using make_callbacks = std::function<std::unique_ptr<application_callbacks>()>;

}  // namespace detail

namespace app {

/// How an application starts: a function that gives its tree, or callbacks; none: it has no
/// processes, and is there for what it needs and for its environment.
class start_code {
 public:
  /// None.
  start_code() = default;
  /// `f()` returns a supervisor, which is started; or a handle or a pid that it has started, linked;
  /// or a result of one of these. It is copied for each start.
  template <class F>
  requires(!std::is_same_v<F, start_code>) start_code(F f) {  // NOLINT(google-explicit-constructor)
    constexpr bool fits = std::copy_constructible<F> && std::invocable<F&>;
    static_assert(fits, "kin: an application's start takes nothing, and can be copied");
    if constexpr (fits) {
      using R = std::invoke_result_t<F&>;
      static_assert(detail::is_top<R>,
                    "kin: an application's start returns a kin::supervisor, a handle, a pid, or a "
                    "result of one of these");
      if constexpr (detail::is_top<R>) {
        make_ = [f = std::move(f)] { return std::make_unique<detail::start_function<F>>(f); };
      }
    }
  }

  /// Whether there is any.
  explicit operator bool() const { return static_cast<bool>(make_); }
  [[nodiscard]] const detail::make_callbacks& maker() const { return make_; }
  [[nodiscard]] static start_code of(detail::make_callbacks make) {
    start_code code;
    code.make_ = std::move(make);
    return code;
  }

 private:
  detail::make_callbacks make_;
};

/// An application whose code is a class, made from these arguments, copied for each start, in the
/// process that calls it. See the top of this file for what such a class can have.
template <class Code, class... A>
[[nodiscard]] start_code callbacks(A... arguments) {
  constexpr bool fits =
      (std::copy_constructible<A> && ...) && std::is_constructible_v<Code, const A&...>;
  static_assert(fits,
                "kin: the application's class has no constructor that takes copies of these "
                "arguments");
  constexpr bool starts = requires(Code & c) { c.start(); };
  static_assert(starts, "kin: an application's class has a start() that takes nothing");
  if constexpr (fits && starts) {
    using R = decltype(std::declval<Code&>().start());
    static_assert(detail::is_top<R>,
                  "kin: an application's start returns a kin::supervisor, a handle, a pid, or a "
                  "result of one of these");
    if constexpr (detail::is_top<R>) {
      return start_code::of([arguments = std::make_tuple(std::move(arguments)...)] {
        return std::apply(
            [](const A&... a) { return std::make_unique<detail::callbacks_of<Code>>(a...); },
            arguments);
      });
    }
  }
  return {};
}

}  // namespace app

/// What an application is; all but the name may be left out.
///
/// Thread  any; a value. Those it points to must live as long as it.
/// See     OTP's application resource file, app(4).
struct application {
  std::string name = {};         ///< what all others call it by
  std::string description = {};  ///< for people
  std::string id = {};           ///< of the product
  std::string vsn = {};          ///< its version
  /// Must have been started before this one starts: `{&store, "clock"}`.
  std::vector<app::which> applications = {};
  /// Of these, those that are not known are no reason not to start.
  std::vector<app::which> optional_applications = {};
  /// Loaded with this one, and started by it: as part of its tree. Only their phases are called.
  std::vector<app::which> included_applications = {};
  std::vector<std::string> registered = {};  ///< names its processes have, for people
  setting_table env = {};                    ///< what can be set, and what it is if nobody does
  /// Called in this order when the tree is up, each here and then in those of the included
  /// applications that list it.
  std::vector<app::phase> start_phases = {};
  duration max_time = infinity;  ///< after so long it is stopped
  app::start_code start = {};    ///< its tree; none: no processes
};
/// Its name.
std::ostream& operator<<(std::ostream& out, const application& a);

namespace app {

/// The process that starts and stops applications; one a machine.
class controller;
/// Its name.
inline constexpr kin::name<controller> controller_name{"application_controller"};

/// How applications are controlled; every field may be left out.
struct controller_options {
  app::config config = {};        ///< what configuration files say: above application::env
  app::config command_line = {};  ///< what who started the program says: above all others
  /// How long each application may take to end when the controller ends; then its master is killed.
  duration shutdown_timeout = infinity;
  /// Called first when the controller ends, with why; what it throws is dropped.
  std::function<void(const exit_reason&)> shutdown_func = {};
  /// Of an application by name: whether it may run. Not named: it may. See permit.
  std::map<std::string, bool> permissions = {};
};

}  // namespace app

namespace detail {
std::optional<setting> find_env(const app::which& w, std::string_view key);
std::string own_application();
[[noreturn]] void throw_other_type(const app::which& w, std::string_view key, const setting& found,
                                   const std::type_info& wanted);
std::shared_ptr<const application> find_loaded(const app::which& w);
}  // namespace detail

namespace app {

// Of all that follows:
//   `which`  an application or its name.
//   Context  a process, or a thread inside machine::enter, of a machine that has a controller.
//   Throws   call_failed with what the try_ spelling gives as its error; noproc: no controller.
//   Waits    as long as it takes, where nothing else is said.

/// Starts the controller, linked to this process. When it ends, for whatever reason, it ends all
/// applications first, those started last first; it ends with this process, and for
/// application_terminated or application_start_failure.
///
/// Throws   kin::error: already_started{pid}.   Context  a process.
server<controller> start_link(controller_options options = {});
/// As start_link, but a failed start is a result.
result<server<controller>> try_start_link(controller_options options = {});

/// Makes an application known, with those it includes; its environment is there from now on.
///
/// Throws  already_loaded, no_such_application, bad_application, circular.   See  application:load/1.
result<void> try_load(const which& w, duration limit = infinity);
/// As try_load, but its error is thrown.
void load(const which& w, duration limit = infinity);
/// Forgets an application that does not run, those it includes, and their environments.
///
/// Throws  not_loaded, is_running.   See  application:unload/1.
result<void> try_unload(const which& w, duration limit = infinity);
/// As try_unload, but its error is thrown.
void unload(const which& w, duration limit = infinity);

/// Loads it if need be, starts it, and waits until it is up. When it ends by itself: `temporary`,
/// that is reported; `transient`, so it is if the reason was normal, else the controller ends;
/// `permanent`, the controller ends. The same goes for a start that fails.
///
/// Throws  already_started; not_started, not_running: one it needs; what load throws;
///         callback_failed, bad_return: what became of its start.   See  application:start/2.
result<void> try_start(const which& w, restart type = temporary);
/// As try_start, but its error is thrown.
void start(const which& w, restart type = temporary);
/// As start, but that it runs already is no failure.   See  application:ensure_started/2.
result<void> try_ensure_started(const which& w, restart type = temporary);
/// As try_ensure_started, but its error is thrown.
void ensure_started(const which& w, restart type = temporary);
/// As ensure_started, for all that it needs first, as deep as that goes. If one does not start,
/// those that were started for it are stopped again.
///
/// Returns  those it has started, in that order.
/// Throws   failed_to_start: which, and why.   See  application:ensure_all_started/2.
result<std::vector<std::string>> try_ensure_all_started(const which& w, restart type = temporary);
/// As try_ensure_all_started, but its error is thrown.
std::vector<std::string> ensure_all_started(const which& w, restart type = temporary);

/// Ends it: prep_stop, its tree, stop, then all processes it has left. Those that need it go on. A
/// process of its own may ask, and does not see the answer.
///
/// Throws  not_started.   See  application:stop/1.
result<void> try_stop(const which& w);
/// As try_stop, but its error is thrown.
void stop(const which& w);

/// Ends all applications, those started last first, and then the controller, with `shutdown`: a
/// program that kin::run runs ends with 0. Returns at once.
///
/// Throws  kin::error with noproc.   Waits  not.   See  init:stop/0.
void shut_down();

/// Says whether it may run. One that has been started and may not waits until it may; one that runs
/// is ended, and waits.
///
/// Throws  not_loaded; what its start failed with.   See  application:permit/2.
result<void> try_permit(const which& w, bool may);
/// As try_permit, but its error is thrown.
void permit(const which& w, bool may);

/// An application that is there.
struct description {
  std::string name = {};  ///< as in its application, as are the other two
  std::string text = {};  ///< its description
  std::string vsn = {};   ///< its version
  friend bool operator==(const description&, const description&) = default;
};
/// Those that run, the one started last first.   Waits  up to `limit`.
///
/// See  application:which_applications/1.
result<std::vector<description>> try_which_applications(duration limit = std::chrono::seconds(5));
/// As try_which_applications, but its error is thrown.
std::vector<description> which_applications(duration limit = std::chrono::seconds(5));
/// Those that are loaded, by name.   Waits  not.   See  application:loaded_applications/0.
std::vector<description> loaded_applications();
/// The process at the top of its tree; nothing if it does not run, or has none.
std::optional<pid> top_process(const which& w);

/// The application that the caller, or this process, is part of; nothing if it is of none.
///
/// Waits  for an answer of that process.   See  application:get_application/1.
std::optional<std::string> get_application();
/// The same.
std::optional<std::string> get_application(pid p);

/// The application as it was loaded; those it names, by name.   Waits  not.
///
/// See  application:get_all_key/1.
std::optional<application> get_all_key(const which& w);
/// One field of it: `get_key(shop, &kin::application::vsn)`.   Waits  not.
///
/// See  application:get_key/2.
template <class T>
std::optional<T> get_key(const which& w, T application::*key) {
  const auto found = detail::find_loaded(w);
  return found == nullptr ? std::nullopt : std::optional<T>(*found.*key);
}

// ---- environments -------------------------------------------------------------------------------
//
// What is set for an application: by its own env, above that by configuration files, above that by
// who started the program; all put together when it is loaded. Read without a wait and without the
// controller: a probe of the names, two locks, and a few steps down three small trees.

/// What is set, as a T: see setting::as. Nothing if it is not.
///
/// Throws  kin::error with badarg if it is of another type, and says what it is.
/// See     application:get_env/2.
template <class T = setting>
std::optional<T> get_env(const which& w, std::string_view key) {
  const auto found = detail::find_env(w, key);
  if (!found) return std::nullopt;
  auto value = found->template as<T>();
  if (!value) detail::throw_other_type(w, key, *found, typeid(T));
  return value;
}
/// The same, or `otherwise`.   See  application:get_env/3.
template <class T>
T get_env(const which& w, std::string_view key, T otherwise) {
  auto value = get_env<T>(w, key);
  return value ? *std::move(value) : std::move(otherwise);
}
/// The same of the caller's application; nothing if it is of none.   Context  a process.
template <class T = setting>
std::optional<T> get_env(std::string_view key) {
  return get_env<T>(which(detail::own_application()), key);
}
/// All that is set.   See  application:get_all_env/1.
setting_table get_all_env(const which& w);

/// How a setting is set.
struct env_options {
  /// It stands when the application is loaded again, above its env and configuration files.
  bool persistent = false;
};
/// Sets it, loaded or not. Unless it is persistent, it is forgotten when the application is
/// unloaded.   Waits  not.   See  application:set_env/4.
void set_env(const which& w, std::string_view key, setting value, env_options options = {});
/// The same of many.
///
/// Throws  kin::error with badarg for an empty name of an application or a setting; then nothing is
///         set.   See  application:set_env/2.
void set_env(const config& all, env_options options = {});
/// It is not set any more.   Waits  not.   See  application:unset_env/3.
void unset_env(const which& w, std::string_view key, env_options options = {});

/// As if the program had been started with these configuration files: the environments of all that
/// are loaded are put together anew, and each that runs and whose environment has changed by that is
/// told by config_change. What was set and is not persistent is forgotten.
///
/// Throws  callback_failed, bad_return: a config_change did, but all were called.
/// See     application:config_change/1, release handling.
result<void> try_change_config(config changed);
/// As try_change_config, but its error is thrown.
void change_config(config changed);

// ---- files --------------------------------------------------------------------------------------

/// Reads configuration files in TOML: a table for each application.
///
///   include = ["local.toml"]     # first, where it lies beside this one; what is here stands above
///   [shop]
///   port = 8080
///
/// Several: what a later one says stands above. A file has at most 4 MiB; values nest 64 deep, and
/// includes 16. Reads on the caller's thread.
///
/// Returns  bad_file if one cannot be read.
result<config> read_config(const std::vector<std::string>& paths);
/// The same of a text; `path` is what it is called in errors, and where what it includes is.
result<config> parse_config(std::string_view text, const std::string& path);

/// Reads an application from a file in TOML whose keys are the fields of kin::application; dates are
/// text, max_time is in seconds, and of a phase `{name = "go", arguments = [...]}` the arguments may
/// be left out. What the file does not say is as in `otherwise`, its code among it.
///
///   name = "shop"
///   applications = ["store"]
///   env = {port = 8080}
///
/// Returns  bad_file if it cannot be read, or says what it should not.
result<application> read_application(const std::string& path, application otherwise = {});
/// The same of a text; `path` is what it is called in errors.
result<application> parse_application(std::string_view text, const std::string& path,
                                      application otherwise = {});

// ---- a whole program ----------------------------------------------------------------------------

/// How a program that is an application runs; every field may be left out.
struct run_options {
  kin::run_options run = {};           ///< the machine, signals, crash files
  controller_options controller = {};  ///< the command line adds to its two configs
  kin::restart type = permanent;       ///< of all that are started
};

}  // namespace app

/// A whole program that is an application: what it needs is started, then it; at SIGTERM, SIGINT,
/// or when one of them has ended that must not, all are stopped, those started last first.
///
///   shop --config shop.toml --set shop.port=8080 --set store.name=mine -- what "shop" makes of this
///
/// --config   a configuration file, see app::read_config; again: stands above those before
/// --set      a value as in TOML, above all files; what is none, and begins as none, is text
/// --         what follows is the list `arguments` in the environment of `top`
///
/// Returns  as kin::run; 2 for a command line or a file that cannot be, after words on standard
///          error; 0 for --help.
/// Context  the thread that may block until the program ends; not a process.
int run(const application& top, int argc, const char* const* argv, app::run_options options = {});
/// The same without a command line.
int run(const application& top, app::run_options options = {});

}  // namespace kin
