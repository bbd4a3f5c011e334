// SPDX-License-Identifier: Apache-2.0
// A supervisor starts its children in order, starts again those that die, and ends them in reverse
// order. It is a value: nothing runs until it is started, and the same value can be started again,
// as a restarted subtree is.
//
//   kin::supervisor shop() {
//     return {{.strategy = kin::rest_for_one, .intensity = 3, .period = 5s},
//             kin::child<catalog>("catalog.db"),                 // a server
//             kin::child<counter>({.name = visits, .restart = kin::transient}, 0),
//             kin::child_process({.id = "ticker"}, [] { ... }),  // a plain process
//             kin::child(sessions),        // a tree: the function is called at each start of it
//             kin::supervisor{{...}, ...}};                      // a tree as it is
//   }
//   int main() { return kin::run(shop()); }
//
// Many children of one kind, started while it runs: child_template, and supervisor_of.
#pragma once

#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/run.hpp>
#include <kin/supervisor_error.hpp>
#include <kin/supervisor_spec.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace KIN_PUBLIC kin {

namespace detail {
result<pid> start_supervisor(const supervisor& tree, bool gentle);
result<pid> start_supervisor(tree_function tree, bool gentle);
template <class F>
concept tree_giver = tree_source<F> && !std::derived_from<F, supervisor>;
int run_supervisor(const supervisor& root, const run_options& options);
}  // namespace detail

/// Starts a tree, linked to this process, and waits until all its children are up. When one of them
/// does not start, those before it are ended and the start fails with
/// shutdown(failed_to_start_child{id, why}).
///
/// Throws   kin::error: that reason, already_started{pid} if the name is taken, or bad_spec. As
///          with servers, it is also heard over the link.
/// Waits    until then.   Context  a process.   See  supervisor:start_link/2,3.
template <std::derived_from<supervisor> S>
server<S> start_link(S tree) {
  auto started = detail::start_supervisor(tree, false);
  if (!started) detail::throw_not_started(started.error(), typeid(supervisor));
  return {*started};
}
/// As start_link, but a failed start is a result, and nothing comes over the link.
template <std::derived_from<supervisor> S>
result<server<S>> try_start_link(S tree) {
  auto started = detail::start_supervisor(tree, true);
  if (!started) return started.error();
  return server<S>{*started};
}

/// The same of what `tree` gives, a supervisor or a result of one, when it is run in the new
/// process: OTP's Module:init/1. A reason is what the start fails with, `ignored` among them; so is
/// what `tree` throws.
template <detail::tree_giver F>
server<supervisor> start_link(F tree) {
  auto started = detail::start_supervisor(
      [tree = std::move(tree)]() mutable { return result<supervisor>(tree()); }, false);
  if (!started) detail::throw_not_started(started.error(), typeid(supervisor));
  return {*started};
}
/// As start_link, but a failed start is a result, and nothing comes over the link.
template <detail::tree_giver F>
result<server<supervisor>> try_start_link(F tree) {
  auto started = detail::start_supervisor(
      [tree = std::move(tree)]() mutable { return result<supervisor>(tree()); }, true);
  if (!started) return started.error();
  return server<supervisor>{*started};
}

/// Whether a supervisor could have these children, and with that auto_shutdown, if one is said. A
/// start checks by itself: this is for who wants to know before.
///
/// Throws  a bad_spec: the first mistake.   See  supervisor:check_childspecs/1,2.
result<void> try_check_childspecs(const std::vector<child_spec>& specs,
                                  std::optional<kin::auto_shutdown> mode = {});
/// As try_check_childspecs, but a mistake is thrown, as kin::call_failed.
void check_childspecs(const std::vector<child_spec>& specs,
                      std::optional<kin::auto_shutdown> mode = {});

/// A whole program that is a tree: runs it as the first process of a machine, see kin::run(main).
/// Ends when it is told to, with 0; or when it gave up or did not start, with 1.
inline int run(const supervisor& root, const run_options& options = {}) {
  return detail::run_supervisor(root, options);
}

// ---- to a running supervisor --------------------------------------------------------------------
//
// `to` is a typed handle or name, or the pid of a supervisor. Each call waits as long as it takes:
// while a supervisor starts or ends a child it does nothing else. The short names throw
// call_failed, those with try_ return a result: noproc where no supervisor is, and what each says.

/// What which_children tells of a child.
struct child_info {
  std::string id = {};      ///< what it is called by; of simple_one_for_one the template's
  kin::pid pid = {};        ///< none: not running
  bool restarting = false;  ///< its restart has failed and is tried again
  child_type type = child_type::worker;  ///< what its spec says
  friend bool operator==(const child_info&, const child_info&) = default;
};
/// What count_children tells.
struct child_counts {
  std::size_t specs = 0;        ///< children, whether they run or not
  std::size_t active = 0;       ///< processes that are alive
  std::size_t supervisors = 0;  ///< of the specs
  std::size_t workers = 0;      ///< the other specs
  friend bool operator==(const child_counts&, const child_counts&) = default;
};
/// A child that its supervisor starts again after a wait: see backoff. Also the reason that calls
/// fail with while a stand-in holds its name.
struct degraded_child {
  std::string id = {};          ///< what it is called by
  kin::pid was = {};            ///< its last process
  unsigned restarts = 0;        ///< in a row, without one that held
  exit_reason why = {};         ///< what it ended for last, or its start failed with
  clock::time_point next = {};  ///< when it is started again
  friend bool operator==(const degraded_child&, const degraded_child&) = default;
};
/// `{degraded, cache, 3, std::runtime_error: no disk}`.
std::ostream& operator<<(std::ostream& out, const degraded_child& d);
/// Names a child: by its id; under simple_one_for_one by its pid.
class child_key {
 public:
  /// By id.
  child_key(const char* id) : key_(std::string(id)) {}  // NOLINT(google-explicit-constructor)
  /// By id.
  child_key(std::string id) : key_(std::move(id)) {}  // NOLINT(google-explicit-constructor)
  /// By id.
  child_key(std::string_view id) : key_(std::string(id)) {}  // NOLINT(google-explicit-constructor)
  /// By pid.
  child_key(kin::pid p) : key_(p) {}  // NOLINT(google-explicit-constructor)
  /// By pid.
  template <class S>
  child_key(const kin::server<S>& s) : key_(s.pid) {}  // NOLINT(google-explicit-constructor)
  /// Null if it is a pid.
  [[nodiscard]] const std::string* id() const { return std::get_if<std::string>(&key_); }
  /// None if it is an id.
  [[nodiscard]] kin::pid pid() const {
    return key_.index() == 1 ? *std::get_if<1>(&key_) : kin::pid{};
  }

 private:
  std::variant<std::string, kin::pid> key_;
};

namespace detail {

result<started_child> start_child(std::optional<pid> to, child_spec spec);
result<started_child> send_start(std::optional<pid> to, signal* request);
result<started_child> restart_child(std::optional<pid> to, child_key which);
result<void> terminate_child(std::optional<pid> to, child_key which);
result<void> delete_child(std::optional<pid> to, child_key which);
result<std::vector<child_info>> which_children(std::optional<pid> to);
result<child_counts> count_children(std::optional<pid> to);
result<child_spec> get_childspec(std::optional<pid> to, child_key which);
result<std::vector<degraded_child>> degraded(std::optional<pid> to);
inline result<pid> pid_of(result<started_child> r) {
  return r ? result<pid>(r->pid) : result<pid>(r.error());
}

next apply_start(server_host& host, signal& request);
/// A request whose value is the tuple of what start_child brought.
template <class Arguments>
inline constexpr request_type start_with_arguments{
    {&typeid(Arguments), &destroy_value<Arguments>, &print_value<Arguments>,
     request_offset<Arguments>},
    &typeid(supervisor),
    &apply_start};

template <class To>
constexpr bool check_supervisor() {
  using S = typename server_behind<To>::type;
  constexpr bool fits = [] {
    if constexpr (std::is_void_v<S>)
      return true;
    else
      return std::derived_from<S, supervisor>;
  }();
  static_assert(fits, "kin: this needs a supervisor: its typed name or handle, or a pid");
  return fits;
}

template <class S>
struct child_of : std::type_identity<pid> {};
template <class Signature>
struct child_of<supervisor_of<Signature>>
    : std::type_identity<typename supervisor_of<Signature>::child> {};
template <class S>
inline constexpr bool takes_specs = true;  // or a kind of its own
template <class Signature>
inline constexpr bool takes_specs<supervisor_of<Signature>> = false;
template <class S, class... Extra>
struct arguments_of : std::type_identity<std::tuple<Extra...>> {};
template <class Signature, class... Extra>
struct arguments_of<supervisor_of<Signature>, Extra...>
    : std::type_identity<typename supervisor_of<Signature>::arguments> {};
template <class>
inline constexpr bool sendable_tuple = false;
template <class... T>
inline constexpr bool sendable_tuple<std::tuple<T...>> = (sendable<T> && ...);
template <class... T>
inline constexpr bool is_spec = false;
template <class T>
inline constexpr bool is_spec<T> = std::is_same_v<T, child_spec> || tree_source<T>;
inline child_spec as_spec(child_spec spec) { return spec; }
template <tree_source Tree>
child_spec as_spec(Tree tree) {
  return kin::child(std::move(tree));
}
/// What start_child of an S makes of a T: here, what is a spec for any.
template <class S, class... T>
struct spec_for : std::bool_constant<takes_specs<S> && is_spec<T...>> {
  static child_spec make(T... one) { return as_spec(std::move(one)...); }
};

}  // namespace detail

namespace detail {
/// Of start_child in all its forms: checks, sends, waits.
template <class To, class... Extra>
result<started_child> start_one(const To& to, Extra... extra) {
  using S = typename server_behind<To>::type;
  if constexpr (!check_supervisor<To>()) {
    return exit_reason(badarg);
  } else if constexpr (spec_for<S, Extra...>::value) {
    return detail::start_child(whereis(to), spec_for<S, Extra...>::make(std::move(extra)...));
  } else {
    using arguments = typename arguments_of<S, Extra...>::type;
    constexpr bool fit = std::is_constructible_v<arguments, Extra&&...> &&
                         sizeof...(Extra) == std::tuple_size_v<arguments>;
    static_assert(
        fit, "kin: start_child of this supervisor takes other arguments, see its supervisor_of");
    static_assert(sendable_tuple<arguments>,
                  "kin: what start_child brings travels as a message: no pointer, no view");
    if constexpr (fit && sendable_tuple<arguments>) {
      signal* request =
          box_request(arguments(std::move(extra)...), &start_with_arguments<arguments>);
      return detail::send_start(whereis(to), request);
    } else {
      return exit_reason(badarg);
    }
  }
}
}  // namespace detail

/// Starts one more child, after those there are: from a child_spec (or a supervisor); under
/// simple_one_for_one from the arguments that the template wants, checked at compile time where
/// `to` is a supervisor_of.
///
/// Returns  its pid, or typed handle; no pid if its start said `ignored`.
/// Throws   already_started{pid}, already_present: that id is taken by a child that runs, or does
///          not; bad_spec; or what the child did not start for: then it is forgotten.
/// See      supervisor:start_child/2.
template <address To, class... Extra>
auto try_start_child(const To& to, Extra... extra) {
  using S = typename detail::server_behind<To>::type;
  using child = typename detail::child_of<S>::type;
  const auto started = detail::start_one(to, std::move(extra)...);
  return started ? result<child>(child{started->pid}) : result<child>(started.error());
}
/// As try_start_child, but what it says is thrown, as kin::call_failed.
template <address To, class... Extra>
auto start_child(const To& to, Extra... extra) {
  return detail::value_or_throw(try_start_child(to, std::move(extra)...), "start_child");
}
/// As try_start_child, with what the start had to say beside the pid.
template <address To, class... Extra>
result<started_child> try_start_child_with_info(const To& to, Extra... extra) {
  return detail::start_one(to, std::move(extra)...);
}
/// As try_start_child_with_info, but what it says is thrown, as kin::call_failed.
template <address To, class... Extra>
started_child start_child_with_info(const To& to, Extra... extra) {
  return detail::value_or_throw(detail::start_one(to, std::move(extra)...), "start_child");
}

/// Ends a child and forgets it if it is temporary, or was made from a template; others can be
/// restarted. That it does not run is no error.
///
/// Throws  not_found; simple_one_for_one if that is what it is and `which` is an id.
/// See     supervisor:terminate_child/2.
template <address To>
result<void> try_terminate_child(const To& to, child_key which) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::terminate_child(whereis(to), std::move(which));
}
/// As try_terminate_child, but what it says is thrown, as kin::call_failed.
template <address To>
void terminate_child(const To& to, child_key which) {
  detail::value_or_throw(try_terminate_child(to, std::move(which)), "terminate_child");
}

/// Starts a child that does not run, in its old place in the order. No restart in the sense of
/// `intensity`.
///
/// Throws  not_found, running, restarting, or what the start failed with.
/// See     supervisor:restart_child/2.
template <address To>
result<pid> try_restart_child(const To& to, child_key which) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::pid_of(detail::restart_child(whereis(to), std::move(which)));
}
/// As try_restart_child, but what it says is thrown, as kin::call_failed.
template <address To>
pid restart_child(const To& to, child_key which) {
  return detail::value_or_throw(try_restart_child(to, std::move(which)), "restart_child");
}

/// As try_restart_child, with what the start had to say beside the pid.
template <address To>
result<started_child> try_restart_child_with_info(const To& to, child_key which) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::restart_child(whereis(to), std::move(which));
}
/// As try_restart_child_with_info, but what it says is thrown, as kin::call_failed.
template <address To>
started_child restart_child_with_info(const To& to, child_key which) {
  return detail::value_or_throw(try_restart_child_with_info(to, std::move(which)), "restart_child");
}

/// Forgets a child that does not run.
///
/// Throws  not_found, running, restarting.   See  supervisor:delete_child/2.
template <address To>
result<void> try_delete_child(const To& to, child_key which) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::delete_child(whereis(to), std::move(which));
}
/// As try_delete_child, but what it says is thrown, as kin::call_failed.
template <address To>
void delete_child(const To& to, child_key which) {
  detail::value_or_throw(try_delete_child(to, std::move(which)), "delete_child");
}

/// All children, the one started last first; of simple_one_for_one in no order.
///
/// See  supervisor:which_children/1.
template <address To>
result<std::vector<child_info>> try_which_children(const To& to) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::which_children(whereis(to));
}
/// As try_which_children, but what it says is thrown, as kin::call_failed.
template <address To>
std::vector<child_info> which_children(const To& to) {
  return detail::value_or_throw(try_which_children(to), "which_children");
}

/// How many children.   See  supervisor:count_children/1.
template <address To>
result<child_counts> try_count_children(const To& to) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::count_children(whereis(to));
}
/// As try_count_children, but what it says is thrown, as kin::call_failed.
template <address To>
child_counts count_children(const To& to) {
  return detail::value_or_throw(try_count_children(to), "count_children");
}

/// What the supervisor knows of a child; of simple_one_for_one the template's.
///
/// Throws  not_found.   See  supervisor:get_childspec/2.
template <address To>
result<child_spec> try_get_childspec(const To& to, child_key which) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::get_childspec(whereis(to), std::move(which));
}
/// As try_get_childspec, but what it says is thrown, as kin::call_failed.
template <address To>
child_spec get_childspec(const To& to, child_key which) {
  return detail::value_or_throw(try_get_childspec(to, std::move(which)), "get_childspec");
}

/// Those of its children that wait to be started again, see kin::backoff, and why, and for how long.
/// None: all is well.
template <address To>
result<std::vector<degraded_child>> try_degraded(const To& to) {
  [[maybe_unused]] constexpr bool fits = detail::check_supervisor<To>();
  return detail::degraded(whereis(to));
}
/// As try_degraded, but what it says is thrown, as kin::call_failed.
template <address To>
std::vector<degraded_child> degraded(const To& to) {
  return detail::value_or_throw(try_degraded(to), "degraded");
}

// ---- as sys sees it -----------------------------------------------------------------------------
//
// The state of a supervisor is a tree as a value: its options, and the specs of the children that it
// has now, in order. To put another in its place changes no process: children of a spec that is in
// both live on, those that are only in the new one wait for restart_child, those that are only in
// the old one are kept, after the others. Its name, and whether it is simple_one_for_one, stay.

namespace detail {
template <class To>
concept supervises = std::derived_from<typename server_behind<To>::type, supervisor>;
result<supervisor> tree_of(std::optional<pid> to, duration limit);
/// `change` may give a reason instead: then nothing has changed.
using tree_change = std::function<result<supervisor>(supervisor)>;
result<supervisor> change_tree(std::optional<pid> to, tree_change change, bool suspended_only,
                               duration limit);
template <class F>
tree_change checked_change(F change) {
  constexpr bool fits = std::is_invocable_r_v<result<supervisor>, F&, supervisor>;
  static_assert(fits, "kin: the function takes a kin::supervisor, and returns the new one");
  if constexpr (fits) {
    return tree_change(std::move(change));
  } else {
    return {};
  }
}
}  // namespace detail

namespace sys {

/// The tree that the supervisor looks after now.   See  sys:get_state/1.
template <address To>
requires detail::supervises<To> result<supervisor> try_get_state(
    const To& to, duration limit = std::chrono::seconds(5)) {
  return detail::tree_of(whereis(to), limit);
}
/// As try_get_state, but its error is thrown.
template <address To>
requires detail::supervises<To> supervisor get_state(const To& to,
                                                     duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(detail::tree_of(whereis(to), limit), "sys::get_state");
}
/// What `look` says of that tree. It is run by who asks.
template <address To, class F>
requires detail::supervises<To>
auto try_inspect(const To& to, F look, duration limit = std::chrono::seconds(5)) {
  constexpr bool fits = std::is_invocable_v<F&, const supervisor&>;
  static_assert(fits, "kin: the function takes the server, as const&");
  if constexpr (fits) {
    using R = std::invoke_result_t<F&, const supervisor&>;
    const auto tree = detail::tree_of(whereis(to), limit);
    if (!tree) return result<R>(tree.error());
    if constexpr (std::is_void_v<R>) {
      look(*tree);
      return result<void>();
    } else {
      return result<R>(look(*tree));
    }
  } else {
    return result<void>(exit_reason(badarg));
  }
}
/// As try_inspect, but its error is thrown.
template <address To, class F>
requires detail::supervises<To>
auto inspect(const To& to, F look, duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(sys::try_inspect(to, std::move(look), limit), "sys::inspect");
}
/// Puts what `change(supervisor)` gives in its place: a supervisor, or a result of one. A tree that
/// cannot be is refused with a bad_spec, as at a start; a reason is the error, but `ignored`, which
/// changes nothing.
///
/// Returns  the tree as it is then.   See  sys:replace_state/2.
template <address To, class F>
requires detail::supervises<To> result<supervisor> try_replace_state(
    const To& to, F change, duration limit = std::chrono::seconds(5)) {
  return detail::change_tree(whereis(to), detail::checked_change(std::move(change)), false, limit);
}
/// As try_replace_state, but its error is thrown.
template <address To, class F>
requires detail::supervises<To> supervisor replace_state(const To& to, F change,
                                                         duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(sys::try_replace_state(to, std::move(change), limit),
                                "sys::replace_state");
}
/// As try_replace_state, for a supervisor that is suspended; else not_suspended.
///
/// See  sys:change_code/4, supervisor:code_change/3.
template <address To, class F>
requires detail::supervises<To> result<supervisor> try_change_code(
    const To& to, F change, duration limit = std::chrono::seconds(5)) {
  return detail::change_tree(whereis(to), detail::checked_change(std::move(change)), true, limit);
}
/// As try_change_code, but its error is thrown.
template <address To, class F>
requires detail::supervises<To> supervisor change_code(const To& to, F change,
                                                       duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(sys::try_change_code(to, std::move(change), limit),
                                "sys::change_code");
}

}  // namespace sys
}  // namespace kin
