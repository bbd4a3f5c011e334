// SPDX-License-Identifier: Apache-2.0
// What a supervisor knows of a child, as a value: how to start it, when again, how to end it.
#pragma once

#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/message.hpp>
#include <kin/process.hpp>
#include <kin/registry.hpp>
#include <kin/result.hpp>
#include <kin/server_name.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <iosfwd>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

class supervisor;

/// When a child that ended is started again: always, unless its end was orderly, never.
enum class restart : unsigned char { permanent, transient, temporary };
using enum restart;
std::ostream& operator<<(std::ostream& out, restart r);

/// What a child is; a supervisor is given the time it needs to end its own children.
enum class child_type : unsigned char { worker, supervisor };
std::ostream& operator<<(std::ostream& out, child_type t);

/// How long a child that was asked to end may take before it is killed: `5s`, `kin::infinity`, or
/// `kin::brutal_kill`, which does not ask.
struct shutdown_limit {
  duration limit = std::chrono::seconds(5);  ///< from the request to the kill
  bool brutal = false;                       ///< killed at once; `limit` counts for nothing

  constexpr shutdown_limit() = default;
  /// A time, so that `.shutdown = 5s` can be written.
  constexpr shutdown_limit(duration d) : limit(d) {}  // NOLINT(google-explicit-constructor): one
  /// The same, in any unit.
  template <class Rep, class Period>
  constexpr shutdown_limit(std::chrono::duration<Rep, Period> d) : limit(d) {}  // NOLINT
  friend constexpr bool operator==(const shutdown_limit&, const shutdown_limit&) = default;
};
std::ostream& operator<<(std::ostream& out, const shutdown_limit& s);

namespace detail {
constexpr shutdown_limit kill_at_once() {
  shutdown_limit s;
  s.limit = duration::zero();
  s.brutal = true;
  return s;
}
}  // namespace detail
/// Killed without being asked.   Source  supervisor: `brutal_kill`.
inline constexpr shutdown_limit brutal_kill = detail::kill_at_once();

/// How long a supervisor waits before it starts a child again that keeps failing. Off unless
/// `first` is said.
///
/// The n-th restart in a row waits `first * factor^(n-1)`, at most `limit`, less a random part. In a
/// row are those before which the child has run for less than `calm`. Such restarts do not count for
/// the supervisor's `intensity`: the wait is what bounds them. While it waits the child is
/// `restarting`, and degraded: see kin::degraded.
struct backoff {
  duration first = {};                        ///< before the first restart; zero: no back-off
  double factor = 2;                          ///< from one wait to the next; 1 or more
  duration limit = std::chrono::seconds(30);  ///< no wait is longer
  double jitter = 0.5;  ///< up to this part of a wait, from 0 to 1, is left out at random
  /// Who has run for so long has recovered: the next wait is `first` again.
  duration calm = std::chrono::seconds(30);
  /// More restarts in a row, and the supervisor gives up, as it does beyond its `intensity`.
  unsigned attempts = std::numeric_limits<unsigned>::max();
  /// While it waits, a process that stands in holds its name, if it has one: calls to it fail at
  /// once with the reason degraded_child, which says why and for how long, where they would fail
  /// with noproc. What is sent or cast is lost, as it is where nobody is.
  bool stand_in = false;

  /// Whether there is one.
  [[nodiscard]] bool is_on() const { return first != duration::zero(); }
};

/// A child that has started: its process, and what its start had to say beside that, if it had.
///
/// See  supervisor, {ok, Pid, Info}.
struct started_child {
  kin::pid pid = {};  ///< none: its start said `ignored`
  message info = {};  ///< empty: nothing
};

namespace detail {
/// What a start is given by the supervisor, and gives back beside the pid.
struct start_context {
  message info = {};
  const std::type_info* extra_type = nullptr;  // of the supervisor's extra arguments
  const void* extra = nullptr;
};
/// What start functions may return.
template <class R>
concept says_who_started = std::is_convertible_v<R, result<pid>> ||
    std::is_same_v<R, started_child> || std::is_same_v<R, result<started_child>>;

template <class F>
inline constexpr bool may_be_empty = false;
template <class R>
inline constexpr bool may_be_empty<std::function<R()>> = true;

template <class R>
result<pid> without_info(R started, [[maybe_unused]] message& info) {
  if constexpr (std::is_convertible_v<R, result<pid>>) {
    return started;
  } else if constexpr (std::is_same_v<R, started_child>) {
    info = std::move(started.info);
    return started.pid;
  } else {
    if (!started) return started.error();
    info = std::move(started->info);
    return started->pid;
  }
}
}  // namespace detail

/// How a child is started: any function without parameters that starts a process, links it to its
/// caller, and returns its pid, a result<pid>, or a started_child with more to say, or a result of
/// that. It may be run many times.
class start_function {
 public:
  start_function() = default;
  /// Of a function as said above.
  template <class F>
  requires(!std::is_same_v<F, start_function> && std::invocable<F&>)  //
      start_function(F f)  // NOLINT(google-explicit-constructor): `.start = [] { ... }`
      : made_by_(&typeid(F)) {
    static_assert(detail::says_who_started<std::invoke_result_t<F&>>,
                  "kin: a start function returns the pid of who it has started, a "
                  "kin::started_child, or a kin::result of one of them");
    if constexpr (detail::says_who_started<std::invoke_result_t<F&>>) {
      if constexpr (detail::may_be_empty<F>) {
        if (!f) return;
      }
      run_ = [f = std::move(f)](detail::start_context& with) mutable -> result<pid> {
        return detail::without_info(f(), with.info);
      };
    }
  }
  /// For behaviours: one that is given what its supervisor has for it.
  template <class F>
  requires std::invocable<F&, detail::start_context&> start_function(
      F f)  // NOLINT(google-explicit-constructor)
      : run_(std::move(f)), made_by_(&typeid(F)) {}

  /// Whether there is one.
  explicit operator bool() const { return static_cast<bool>(run_); }
  /// Starts a process; what the function throws is thrown.
  result<pid> operator()(detail::start_context& with) const { return run_(with); }
  /// The function's type.
  [[nodiscard]] const std::type_info& type() const { return *made_by_; }

 private:
  std::function<result<pid>(detail::start_context&)> run_;
  const std::type_info* made_by_ = &typeid(void);
};

/// A child of any kind. Programs mostly write `kin::child<server>(...)`, `kin::child(subtree)` or
/// `kin::child_process(...)`, which make one of these.
struct child_spec {
  /// What the API calls it by; unique among its siblings.
  std::string id = {};
  /// Runs in the supervisor's process, which does nothing else meanwhile. It starts a process that
  /// is linked to its caller, or gives the reason there is none; `ignored` is no failure: the child
  /// is kept, not running.
  start_function start = {};
  kin::restart restart = permanent;  ///< when it is started again
  /// Where nothing is said: 5 s for a worker, infinity for a supervisor.
  std::optional<shutdown_limit> shutdown = {};
  child_type type = child_type::worker;  ///< a supervisor is given the time its own children need
  /// Its end may end the supervisor: see supervisor_options::auto_shutdown.
  bool significant = false;
  kin::backoff backoff = {};  ///< none
  /// What it is made of, for reports: the class of a server, the body of a process. Null: `start`
  /// says it.
  const std::type_info* module = nullptr;
  /// What a stand-in holds, see backoff; null: there is none.
  std::shared_ptr<const detail::start_name> held_name = {};

  /// `shutdown`, or what goes for its type.
  [[nodiscard]] shutdown_limit how_long() const {
    return shutdown.value_or(type == child_type::worker ? shutdown_limit()
                                                        : shutdown_limit(infinity));
  }
};

/// What can be said of a child that is a server; every field may be left out.
template <class Server>
struct child_options {
  server_name<Server> name = {};     ///< or key of a registry: held before the constructor runs
  std::string id = {};               ///< the name, or the type, where empty
  kin::restart restart = permanent;  ///< when it is started again
  shutdown_limit shutdown = {};      ///< 5 s
  bool significant = false;          ///< see supervisor_options::auto_shutdown
  kin::backoff backoff = {};         ///< none
  kin::priority priority = kin::priority::normal;  ///< who runs first
  mailbox_options mailbox = {};                    ///< no bound, no alarm
};
/// What can be said of a child that is a plain process.
template <>
struct child_options<void> {
  std::string id = {};                             ///< the type of its body, where empty
  kin::restart restart = permanent;                ///< when it is started again
  shutdown_limit shutdown = {};                    ///< 5 s
  bool significant = false;                        ///< see supervisor_options::auto_shutdown
  kin::backoff backoff = {};                       ///< none
  kin::priority priority = kin::priority::normal;  ///< who runs first
  mailbox_options mailbox = {};                    ///< no bound, no alarm
};

/// What can be said of a child that is a tree; its name stands in its supervisor_options.
template <>
struct child_options<supervisor> {
  std::string id = {};                 ///< the name of the supervisor, or "supervisor", where empty
  kin::restart restart = permanent;    ///< when it is started again
  shutdown_limit shutdown = infinity;  ///< as long as its own children take
  bool significant = false;            ///< see supervisor_options::auto_shutdown
  kin::backoff backoff = {};           ///< none
};

namespace detail {
template <class Server>
start_options<Server> start_options_of(const child_options<Server>& child) {
  return {.name = child.name, .priority = child.priority, .mailbox = child.mailbox};
}
/// What its stand-in holds.
template <class Name>
std::shared_ptr<const start_name> held_by(const Name& name, const backoff& how) {
  if (!how.stand_in || name.untyped().empty()) return nullptr;
  return std::make_shared<const start_name>(name.untyped());
}
inline spawn_options spawn_options_of(const child_options<void>& child) {
  return {.link = true, .priority = child.priority, .mailbox = child.mailbox};
}
}  // namespace detail

/// A child that is a server: what its constructor takes is kept, and copied for each start.
template <class Server, class... A>
[[nodiscard]] child_spec child(child_options<Server> options, A... arguments) {
  constexpr bool copyable = (std::copy_constructible<A> && ...);
  static_assert(
      copyable,
      "kin: a child's arguments are used again at each restart, so they must be copyable");
  static_assert(std::constructible_from<Server, A...>,
                "kin: the server has no constructor that takes these arguments");
  child_spec spec;
  if constexpr (copyable && std::constructible_from<Server, A...>) {
    spec.id = !options.id.empty() ? options.id
              : options.name      ? options.name.text()
                                  : type_name(typeid(Server));
    spec.start = [how = detail::start_options_of(options),
                  ... arguments = std::move(arguments)]() -> result<pid> {
      auto started = detail::start<Server>(how, {.linked = true, .gentle = true}, arguments...);
      if (!started) return started.error();
      return started->pid;
    };
    spec.restart = options.restart;
    spec.shutdown = options.shutdown;
    spec.significant = options.significant;
    spec.backoff = options.backoff;
    spec.module = &typeid(Server);
    spec.held_name = detail::held_by(options.name, options.backoff);
  }
  return spec;
}
/// The same where nothing needs to be said.
template <class Server, class... A>
[[nodiscard]] child_spec child(A... arguments) {
  return child<Server>(child_options<Server>{}, std::move(arguments)...);
}

/// A child that is a plain process: `body` is copied for each start, and may end with
/// `return kin::loop(...)`.
template <class F>
[[nodiscard]] child_spec child_process(child_options<void> options, F body) {
  static_assert(std::copy_constructible<F>,
                "kin: a child's body is run again at each restart, so it must be copyable");
  child_spec spec;
  if constexpr (std::copy_constructible<F>) {
    spec.id = options.id.empty() ? type_name(typeid(F)) : options.id;
    spec.start = [how = detail::spawn_options_of(options),
                  body = std::move(body)]() -> result<pid> { return spawn(body, how).pid; };
    spec.restart = options.restart;
    spec.shutdown = options.shutdown;
    spec.significant = options.significant;
    spec.backoff = options.backoff;
    spec.module = &typeid(F);
  }
  return spec;
}
/// The same where nothing needs to be said.
template <class F>
[[nodiscard]] child_spec child_process(F body) {
  return child_process(child_options<void>{}, std::move(body));
}

}  // namespace kin
