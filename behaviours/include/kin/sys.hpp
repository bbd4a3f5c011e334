// SPDX-License-Identifier: Apache-2.0
// To look into a server while it runs, and to hold it: OTP's module sys. What is asked here every
// server answers by itself, supervisors too: between two messages, when it is suspended, when it
// hibernates; and goes on as if nobody had asked.
//
// Each function has a twin with try_ whose failure is a result: noproc, timed_out,
// callback_failed{why}, or why the server ended meanwhile. A process that is no server does not
// answer.
#pragma once

#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/gen_server.hpp>
#include <kin/pid.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace sys {

/// Something a server did.
struct event {
  /// What it was.
  enum class kind : std::uint8_t {
    call,   ///< it gets a request, `from` the caller
    cast,   ///< it gets a cast
    info,   ///< it gets another message
    reply,  ///< it has replied, `to` the caller
    state   ///< it has handled a message, with no reply
  };
  sys::event::kind what = kind::info;  ///< what it was
  pid who = {};                        ///< of a call or reply: the caller
  std::string text = {};               ///< the message or reply, printed
  std::string state = {};              ///< of a reply and a state: the server's, printed
  friend bool operator==(const event&, const event&) = default;
};
/// As OTP's trace says it: `got call add{1} from <0.9.0>`, `sent 1 to <0.9.0>, new state 1`.
std::ostream& operator<<(std::ostream& out, const event& e);

/// The function that was run in the server has failed, and nothing has changed.
struct callback_failed {
  exit_reason why = {};  ///< what it threw
  friend bool operator==(const callback_failed&, const callback_failed&) = default;
};
std::ostream& operator<<(std::ostream& out, const callback_failed& f);

/// What a server says of itself.
struct status {
  kin::pid pid = {};                 ///< who
  std::string name = {};             ///< registered; empty: none
  std::string server = {};           ///< its class
  bool suspended = false;            ///< by suspend
  kin::pid parent = {};              ///< who started it; none: no process
  std::string state = {};            ///< printed, as its format_status has it
  std::vector<sys::event> log = {};  ///< what `log` has kept, oldest first
  /// Requests that it has not handled, since their callers had given up: see drops_expired of
  /// gen_server.
  std::uint64_t expired = 0;
  /// What its behaviour adds, as OTP names it: of a state machine `Time-outs`, `Postponed`, ...
  std::vector<std::pair<std::string, std::string>> more = {};
};

/// Since `statistics` was switched on. System messages do not count.
struct counts {
  clock::time_point start = {};    ///< when that was
  clock::time_point now = {};      ///< when it was asked for
  std::uint64_t reductions = 0;    ///< of the process, since
  std::uint64_t messages_in = 0;   ///< calls, casts and other messages
  std::uint64_t messages_out = 0;  ///< replies that a handle_call returned
  std::uint64_t expired = 0;       ///< of the calls: not handled, their callers had given up
};

/// Is shown each event, in the server's process. False: it wants to see no more. So does what it
/// throws.
using debug_function = std::function<bool(const event&)>;

}  // namespace sys

namespace detail {

extern const atom_rep not_suspended_rep;

/// What a system request may touch of the server it is applied in.
class system_access {
 public:
  explicit system_access(server_host& host) : host_(host) {}
  [[nodiscard]] void* server() const;
  [[nodiscard]] bool is_suspended() const;
  void suspend() const;
  void resume() const;
  [[nodiscard]] sys::status status() const;
  void trace(bool on) const;
  void log(std::size_t keep) const;
  [[nodiscard]] std::vector<sys::event> log() const;
  void log_to_file(const std::string& path) const;
  void statistics(bool on) const;
  [[nodiscard]] std::optional<sys::counts> statistics() const;
  void install(std::string id, sys::debug_function see) const;
  void remove(const std::string& id) const;
  void no_debug() const;

 private:
  [[nodiscard]] system_state* found() const;
  system_state& known() const;
  void settle() const;
  server_host& host_;
};

/// In a catch (...): answers with callback_failed; throws on what ends the process.
void answer_callback_failed(request_head& head);
void print_system_request(std::ostream& out, const void* request);

template <class F, class R = std::invoke_result_t<F&, const system_access&>>
next apply_system(server_host& host, signal& request) {
  F& function = *static_cast<F*>(value_of(request));
  request_head& head = head_of(request);
  try {
    if constexpr (std::is_void_v<R>) {
      function(system_access(host));
      answer(std::exchange(head, {head.caller, 0}), nothing{});
    } else {
      R result = function(system_access(host));  // first: it may throw
      answer(std::exchange(head, {head.caller, 0}), std::move(result));
    }
  } catch (...) {
    answer_callback_failed(head);
  }
  return as_before;
}
template <class S, class F>
inline constexpr request_type system_request{
    {&typeid(F), &destroy_value<F>, &print_system_request, request_offset<F>},
    &typeid(S),
    &apply_system<F>,
    true};

/// Runs `function` in the server, of class S or any_server.
template <class S, class F, class R = std::invoke_result_t<F&, const system_access&>>
result<R> ask_system(std::optional<pid> to, F function, duration limit) {
  auto r = call(to, box_request(std::move(function), &system_request<S, F>), limit);
  if (!r) return r.error();
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    return std::move(r.template value<R>());
  }
}

template <class To, class F>
constexpr bool check_inspect() {
  using S = typename server_behind<To>::type;
  static_assert(!std::is_void_v<S>,
                "kin: this needs a typed name or handle; a bare pid does not know its server");
  if constexpr (std::is_void_v<S>) {
    return false;
  } else {
    static_assert(std::is_invocable_v<F&, const S&>,
                  "kin: the function takes the server, as const&");
    return std::is_invocable_v<F&, const S&>;
  }
}
template <class To>
constexpr bool check_copied() {
  using S = typename server_behind<To>::type;
  static_assert(!std::is_void_v<S>,
                "kin: this needs a typed name or handle; a bare pid does not know its server");
  static_assert(
      std::is_void_v<S> || (std::is_copy_constructible_v<S> && std::is_move_assignable_v<S>),
      "kin: this copies the server, which cannot be copied; see kin::sys::inspect");
  return !std::is_void_v<S> && std::is_copy_constructible_v<S> && std::is_move_assignable_v<S>;
}
template <class S, class F>
result<S> put_in_place(std::optional<pid> to, F change, bool suspended_only, duration limit);

result<void> suspend_server(std::optional<pid> to, duration limit);
result<void> resume_server(std::optional<pid> to, duration limit);
result<sys::status> status_of(std::optional<pid> to, duration limit);
result<void> trace_server(std::optional<pid> to, bool on);
result<void> log_server(std::optional<pid> to, std::size_t keep);
result<std::vector<sys::event>> log_of(std::optional<pid> to);
result<void> log_server_to_file(std::optional<pid> to, std::string path);
result<void> count_server(std::optional<pid> to, bool on);
result<std::optional<sys::counts>> counts_of(std::optional<pid> to);
result<void> install_in_server(std::optional<pid> to, std::string id, sys::debug_function see);
result<void> remove_from_server(std::optional<pid> to, std::string id);
result<void> undebug_server(std::optional<pid> to);

}  // namespace detail

namespace sys {

/// The reason of what only a suspended server does.
inline constexpr atom not_suspended{detail::not_suspended_rep};

// Of all that follows:
//   `to`     a typed handle or name; where the server's class does not matter, its pid too.
//   Throws   call_failed, with the reason that the twin gives as its error.
//   Waits    up to `limit`, or 5 s.   Thread  any; one that runs no process blocks.

/// The server handles no message until it is resumed, but for what is asked here, its stop, and
/// the exit of its parent; all others wait, in their order. Suspended already: nothing changes.
///
/// See  sys:suspend/1.
template <address To>
result<void> try_suspend(const To& to, duration limit = std::chrono::seconds(5)) {
  return detail::suspend_server(whereis(to), limit);
}
/// As try_suspend, but its error is thrown.
template <address To>
void suspend(const To& to, duration limit = std::chrono::seconds(5)) {
  detail::value_or_throw(try_suspend(to, limit), "sys::suspend");
}
/// The server goes on, from the oldest message that waits. A timeout{} it waited for begins anew.
///
/// See  sys:resume/1.
template <address To>
result<void> try_resume(const To& to, duration limit = std::chrono::seconds(5)) {
  return detail::resume_server(whereis(to), limit);
}
/// As try_resume, but its error is thrown.
template <address To>
void resume(const To& to, duration limit = std::chrono::seconds(5)) {
  detail::value_or_throw(try_resume(to, limit), "sys::resume");
}

/// What it is and how it is.   See  sys:get_status/1.
template <address To>
result<status> try_get_status(const To& to, duration limit = std::chrono::seconds(5)) {
  return detail::status_of(whereis(to), limit);
}
/// As try_get_status, but its error is thrown.
template <address To>
status get_status(const To& to, duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_get_status(to, limit), "sys::get_status");
}

/// Runs `look(const Server&)` in the server's process, between two messages, and gives what it
/// returns. For tests and for people: it sees the state as nobody else does.
template <address To, class F>
auto try_inspect(const To& to, F look, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_inspect<To, F>()) {
    using S = typename detail::server_behind<To>::type;
    return detail::ask_system<S>(
        whereis(to),
        [look = std::move(look)](const detail::system_access& at) mutable {
          return look(*static_cast<const S*>(at.server()));
        },
        limit);
  } else {
    return result<void>(exit_reason(badarg));
  }
}
/// As try_inspect, but its error is thrown.
template <address To, class F>
auto inspect(const To& to, F look, duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_inspect(to, std::move(look), limit), "sys::inspect");
}

/// A copy of the server.   See  sys:get_state/1.
template <address To>
auto try_get_state(const To& to, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_copied<To>()) {
    using S = typename detail::server_behind<To>::type;
    return try_inspect(
        to, [](const S& s) { return S(s); }, limit);
  } else {
    return result<void>(exit_reason(badarg));
  }
}
/// As try_get_state, but its error is thrown.
template <address To>
auto get_state(const To& to, duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_get_state(to, limit), "sys::get_state");
}

/// Runs `change(Server) -> Server` in the server's process on a copy of it, puts the result in its
/// place, and gives that. When `change` throws, nothing has changed.   See  sys:replace_state/2.
template <address To, class F>
auto try_replace_state(const To& to, F change, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_copied<To>()) {
    using S = typename detail::server_behind<To>::type;
    return detail::put_in_place<S>(whereis(to), std::move(change), false, limit);
  } else {
    return result<void>(exit_reason(badarg));
  }
}
/// As try_replace_state, but its error is thrown.
template <address To, class F>
auto replace_state(const To& to, F change, duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_replace_state(to, std::move(change), limit),
                                "sys::replace_state");
}
/// As replace_state, for a server that is suspended; else not_suspended. What OTP does to change a
/// server's code: its clients wait, none of them sees it half changed.   See  sys:change_code/4.
template <address To, class F>
auto try_change_code(const To& to, F change, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_copied<To>()) {
    using S = typename detail::server_behind<To>::type;
    return detail::put_in_place<S>(whereis(to), std::move(change), true, limit);
  } else {
    return result<void>(exit_reason(badarg));
  }
}
/// As try_change_code, but its error is thrown.
template <address To, class F>
auto change_code(const To& to, F change, duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_change_code(to, std::move(change), limit), "sys::change_code");
}

/// Ends the server with `why`, its `terminate` run, suspended or not; returns when it is gone. As
/// kin::stop.   See  sys:terminate/2.
template <address To, class Why>
result<void> try_terminate(const To& to, Why why, duration limit = infinity) {
  return try_stop(to, std::move(why), limit);
}
/// As try_terminate, but its error is thrown.
template <address To, class Why>
void terminate(const To& to, Why why, duration limit = infinity) {
  stop(to, std::move(why), limit);
}

/// Prints each event on standard output, `*DBG* counter got call get{} from <0.7.0>`, or no more.
///
/// See  sys:trace/2.
template <address To>
result<void> try_trace(const To& to, bool on) {
  return detail::trace_server(whereis(to), on);
}
/// As try_trace, but its error is thrown.
template <address To>
void trace(const To& to, bool on) {
  detail::value_or_throw(try_trace(to, on), "sys::trace");
}
/// Keeps the last `keep` events; 0: none, and those there are are forgotten.   See  sys:log/2.
template <address To>
result<void> try_log(const To& to, std::size_t keep) {
  return detail::log_server(whereis(to), keep);
}
/// As try_log, but its error is thrown.
template <address To>
void log(const To& to, std::size_t keep) {
  detail::value_or_throw(try_log(to, keep), "sys::log");
}
/// What it has kept, oldest first.   See  sys:log/2.
template <address To>
result<std::vector<event>> try_get_log(const To& to) {
  return detail::log_of(whereis(to));
}
/// As try_get_log, but its error is thrown.
template <address To>
std::vector<event> get_log(const To& to) {
  return detail::value_or_throw(try_get_log(to), "sys::get_log");
}
/// Appends each event to a file, a line each; an empty path: no more. A file that cannot be opened
/// is callback_failed with a std::system_error.   See  sys:log_to_file/2.
template <address To>
result<void> try_log_to_file(const To& to, std::string path) {
  return detail::log_server_to_file(whereis(to), std::move(path));
}
/// As try_log_to_file, but its error is thrown.
template <address To>
void log_to_file(const To& to, std::string path) {
  detail::value_or_throw(try_log_to_file(to, std::move(path)), "sys::log_to_file");
}
/// Counts messages from now on, or no more.   See  sys:statistics/2.
template <address To>
result<void> try_statistics(const To& to, bool on) {
  return detail::count_server(whereis(to), on);
}
/// As try_statistics, but its error is thrown.
template <address To>
void statistics(const To& to, bool on) {
  detail::value_or_throw(try_statistics(to, on), "sys::statistics");
}
/// What it has counted; nothing if it does not count.   See  sys:statistics/2.
template <address To>
result<std::optional<counts>> try_get_statistics(const To& to) {
  return detail::counts_of(whereis(to));
}
/// As try_get_statistics, but its error is thrown.
template <address To>
std::optional<counts> get_statistics(const To& to) {
  return detail::value_or_throw(try_get_statistics(to), "sys::get_statistics");
}
/// From now on `see` is shown each event. If one with this id is installed, nothing changes.
///
/// See  sys:install/2.
template <address To>
result<void> try_install(const To& to, std::string id, debug_function see) {
  return detail::install_in_server(whereis(to), std::move(id), std::move(see));
}
/// As try_install, but its error is thrown.
template <address To>
void install(const To& to, std::string id, debug_function see) {
  detail::value_or_throw(try_install(to, std::move(id), std::move(see)), "sys::install");
}
/// That function is shown no more events; no error if it is not there.   See  sys:remove/2.
template <address To>
result<void> try_remove(const To& to, std::string id) {
  return detail::remove_from_server(whereis(to), std::move(id));
}
/// As try_remove, but its error is thrown.
template <address To>
void remove(const To& to, std::string id) {
  detail::value_or_throw(try_remove(to, std::move(id)), "sys::remove");
}
/// Ends trace, log, log_to_file, statistics and what is installed.   See  sys:no_debug/1.
template <address To>
result<void> try_no_debug(const To& to) {
  return detail::undebug_server(whereis(to));
}
/// As try_no_debug, but its error is thrown.
template <address To>
void no_debug(const To& to) {
  detail::value_or_throw(try_no_debug(to), "sys::no_debug");
}

}  // namespace sys

namespace detail {

template <class S, class F>
result<S> put_in_place(std::optional<pid> to, F change, bool suspended_only, duration limit) {
  constexpr bool fits = std::is_invocable_r_v<S, F&, S>;
  static_assert(fits, "kin: the function takes the server, by value, and returns the new one");
  if constexpr (fits) {
    auto changed = ask_system<S>(
        to,
        [change = std::move(change), suspended_only](const system_access& at) mutable -> result<S> {
          if (suspended_only && !at.is_suspended()) return exit_reason(sys::not_suspended);
          S& server = *static_cast<S*>(at.server());
          S changed_to = change(S(server));
          server = std::move(changed_to);
          return server;
        },
        limit);
    return changed ? *std::move(changed) : result<S>(changed.error());
  } else {
    return exit_reason(badarg);
  }
}

}  // namespace detail
}  // namespace kin
