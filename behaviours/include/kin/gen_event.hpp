// SPDX-License-Identifier: Apache-2.0
// An event manager: a process that gives each event to all of its handlers, which come and go while
// it runs. It lists its events, they are its protocol; the handlers are plain classes
// (event_handler.hpp):
//
//   using order_events = kin::gen_event<paid, shipped>;
//   inline constexpr kin::name<order_events> orders{"orders"};
//
//   struct audit {
//     void handle_event(const paid& p) { ... }          // what it takes; others pass it by
//   };
//   kin::start_link<order_events>({.name = orders});
//   kin::add_handler<audit>(orders);
//   kin::notify(orders, paid{7});
//
// It is a gen_server: start, stop, children of supervisors, names and kin::sys are as there. Newest
// handlers come first. It traps exits; a plain message to it, an exit among them, goes to the
// handle_info of all handlers.
#pragma once

#include <kin/event_handler.hpp>
#include <kin/event_manager.hpp>
#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/handler_state.hpp>
#include <kin/installed_handler.hpp>
#include <kin/message.hpp>
#include <kin/process.hpp>
#include <kin/registry.hpp>
#include <kin/result.hpp>
#include <kin/send.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace detail {

template <class To, class E>
constexpr bool check_event() {
  if constexpr (check_manager<To>()) {
    constexpr bool is_listed = server_behind<To>::type::template lists<E>;
    static_assert(is_listed, "kin: this is none of the events that the manager lists");
    return is_listed;
  } else {
    return false;
  }
}
template <class H, class... E>
constexpr bool takes_any_of(const gen_event<E...>* /*manager*/) {
  return (handles_event<H, E> || ...);
}
template <class H, class E>
constexpr bool says_handled_to() {
  if constexpr (handles_event<H, E>) {
    return says_handled<event_result<H, E>>;
  } else {
    return true;
  }
}
template <class H, class... E>
constexpr bool says_handled_to_all(const gen_event<E...>* /*manager*/) {
  return (says_handled_to<H, E>() && ...);
}
/// H can be a handler of Manager.
template <class H, class Manager>
constexpr bool check_handler_of() {
  constexpr const Manager* manager = nullptr;
  static_assert(!has_handle_event<H> || takes_any_of<H>(manager),
                "kin: handle_event of this handler takes none of the events that the manager "
                "lists");
  static_assert(says_handled_to_all<H>(manager),
                "kin: handle_event returns nothing, kin::hibernate, kin::remove_handler or "
                "kin::swap_to<...>(*this)");
  return check_handler<H>() && says_handled_to_all<H>(manager);
}
template <class H, class... A>
constexpr bool check_arguments() {
  static_assert(std::constructible_from<H, A...>,
                "kin: the handler has no constructor that takes these arguments");
  return std::constructible_from<H, A...>;
}
template <class H, class Before, class... A>
constexpr bool check_swap_arguments() {
  constexpr bool fits =
      std::constructible_from<H, A..., result<Before>> || std::constructible_from<H, A...>;
  static_assert(fits,
                "kin: the new handler has no constructor that takes these arguments, with or "
                "without a kin::result of what terminate of the old one returns");
  return fits;
}
template <class H, class To, class Q>
constexpr bool check_handler_call() {
  if constexpr (check_manager<To>()) {
    static_assert(sendable<Q>,
                  "kin: this request cannot be a message: it is a pointer, a view or cannot be "
                  "moved");
    static_assert(handler_takes<H, Q>,
                  "kin: the handler has no handle_call that takes this "
                  "request, alone or with the caller's pid");
    return sendable<Q> && handler_takes<H, Q>;
  } else {
    return false;
  }
}

/// Makes an H of these arguments in a Manager.
template <class H, class Manager, class Before = no_predecessor, class... A>
std::unique_ptr<handler_maker> make_handler(std::string id, A... arguments) {
  using handler = typename Manager::template handler_type<H>;
  return std::make_unique<maker_of<handler, H, Before, A...>>(
      handler_id::of<H>(std::move(id)), std::tuple<A...>(std::move(arguments)...));
}

/// Asks the manager for something that may have an error.
template <class T, class To, class Q>
result<T> ask_manager(const To& to, Q request) {
  result<result<T>> answer = try_call(to, std::move(request), infinity);
  if (!answer) return answer.error();
  return *std::move(answer);
}

/// Only a process can be linked to, and told.
inline bool can_subscribe(bool wanted) { return !wanted || in_process(); }

template <class H, class To, class... A>
result<void> add_handler(const To& to, bool supervised, handler_options where, A... arguments) {
  if (!can_subscribe(supervised)) return exit_reason(badarg);
  if constexpr (check_manager<To>()) {
    using manager_type = typename server_behind<To>::type;
    if constexpr (check_arguments<H, A...>() && check_handler_of<H, manager_type>()) {
      return ask_manager<void>(to, add_request{make_handler<H, manager_type>(
                                                   std::move(where.id), std::move(arguments)...),
                                               supervised});
    }
  }
  return exit_reason(badarg);
}
template <class Old, class H, class To, class... A>
result<void> swap_handler(const To& to, bool supervised, swap_options how, A... arguments) {
  if (!can_subscribe(supervised)) return exit_reason(badarg);
  if constexpr (check_manager<To>()) {
    using manager_type = typename server_behind<To>::type;
    using last = last_word_of<Old>;
    if constexpr (check_swap_arguments<H, last, A...>() && check_handler_of<H, manager_type>()) {
      return ask_manager<void>(
          to, swap_request{
                  handler_id::of<Old>(std::move(how.old_id)), std::move(how.why),
                  make_handler<H, manager_type, last>(std::move(how.id), std::move(arguments)...),
                  supervised});
    }
  }
  return exit_reason(badarg);
}

}  // namespace detail

// Of all that follows: `manager` is a typed handle or name of a kin::gen_event. What throws has a
// twin with try_ that returns its error, noproc among them. What waits does so without a limit, but
// for `call`.

/// Sends an event, and goes on.
///
/// Throws  kin::error with badarg when `manager` is a name that nobody holds; a key of a registry,
///         or a pid, may lead to nobody.
/// Thread  any; to a name, a process or a thread inside machine::enter.   Cost  one message.
/// See     gen_event:notify/2.
template <class To, class E>
void notify(const To& manager, E event) {
  if constexpr (detail::check_event<To, E>()) {
    if constexpr (requires { manager.untyped(); }) detail::receiver_at(manager);  // a name
    cast(manager, std::move(event));
  }
}
/// Sends an event, and returns when all handlers have had it, however they took it.
///
/// Thread  any; one that runs no process blocks.   See  gen_event:sync_notify/2.
template <class To, class E>
result<void> try_sync_notify(const To& manager, E event) {
  if constexpr (detail::check_event<To, E>()) {
    auto done = try_call(manager, detail::synced_event<E>{std::move(event)}, infinity);
    if (!done) return done.error();
  }
  return {};
}
/// As try_sync_notify, but its error is thrown.
template <class To, class E>
void sync_notify(const To& manager, E event) {
  detail::value_or_throw(try_sync_notify(manager, std::move(event)), "sync_notify");
}

/// Adds a handler in front of those there are: its constructor and `init` run in the manager. There
/// may be one of the same class and id; the newest is found first.
///
/// Error  what the constructor, or `init`, threw or left by kin::exit for; remove_handler if `init`
///        returned that.
/// See    gen_event:add_handler/3.
template <class H, class To, class... A>
result<void> try_add_handler(const To& manager, handler_options where, A... arguments) {
  return detail::add_handler<H>(manager, false, std::move(where), std::move(arguments)...);
}
/// The same where nothing needs to be said.
template <class H, class To, class... A>
result<void> try_add_handler(const To& manager, A... arguments) {
  return detail::add_handler<H>(manager, false, {}, std::move(arguments)...);
}
/// As try_add_handler, but its error is thrown.
template <class H, class To, class... A>
void add_handler(const To& manager, handler_options where, A... arguments) {
  detail::value_or_throw(try_add_handler<H>(manager, std::move(where), std::move(arguments)...),
                         "add_handler");
}
/// The same where nothing needs to be said.
template <class H, class To, class... A>
void add_handler(const To& manager, A... arguments) {
  detail::value_or_throw(try_add_handler<H>(manager, handler_options{}, std::move(arguments)...),
                         "add_handler");
}
/// As try_add_handler, and this process is its subscriber: the two processes are linked, the
/// handler leaves when this process ends, and this process gets a kin::handler_exited when the
/// handler leaves. The link stays then, and after a refusal.
///
/// Error    badarg outside a process.
/// Context  a process.   See  gen_event:add_sup_handler/3.
template <class H, class To, class... A>
result<void> try_add_sup_handler(const To& manager, handler_options where, A... arguments) {
  return detail::add_handler<H>(manager, true, std::move(where), std::move(arguments)...);
}
/// The same where nothing needs to be said.
template <class H, class To, class... A>
result<void> try_add_sup_handler(const To& manager, A... arguments) {
  return detail::add_handler<H>(manager, true, {}, std::move(arguments)...);
}
/// As try_add_sup_handler, but its error is thrown.
template <class H, class To, class... A>
void add_sup_handler(const To& manager, handler_options where, A... arguments) {
  detail::value_or_throw(try_add_sup_handler<H>(manager, std::move(where), std::move(arguments)...),
                         "add_sup_handler");
}
/// The same where nothing needs to be said.
template <class H, class To, class... A>
void add_sup_handler(const To& manager, A... arguments) {
  detail::value_or_throw(
      try_add_sup_handler<H>(manager, handler_options{}, std::move(arguments)...),
      "add_sup_handler");
}

/// Takes a handler out. Its `terminate` gets {deleted, why}.
///
/// Returns  what `terminate` returns.
/// Error    module_not_found; handler_failed{...} if `terminate` threw: it is gone all the same.
/// See      gen_event:delete_handler/3.
template <class H, class To, class Why = atom>
result<detail::last_word_of<H>> try_delete_handler(const To& manager, handler_options which = {},
                                                   Why why = normal) {
  using last = detail::last_word_of<H>;
  if constexpr (detail::check_manager<To>() && detail::check_handler<H>()) {
    return detail::unboxed<last>(detail::ask_manager<message>(
        manager, detail::delete_request_for{handler_id::of<H>(std::move(which.id)),
                                            exit_reason(std::move(why))}));
  } else {
    return exit_reason(badarg);
  }
}
/// As try_delete_handler, but its error is thrown.
template <class H, class To, class Why = atom>
detail::last_word_of<H> delete_handler(const To& manager, handler_options which = {},
                                       Why why = normal) {
  return detail::value_or_throw(try_delete_handler<H>(manager, std::move(which), std::move(why)),
                                "delete_handler");
}

/// Puts a new handler, an H of `arguments`, in the place of an Old one. `terminate` of that gets
/// {swapped, how.why}; what it returns, a T, is handed on if H has a constructor with a
/// `kin::result<T>` behind `arguments`: with an error, module_not_found, where there was no such
/// handler, handler_failed{...} where its `terminate` threw. The new one is there in any case, in
/// front of all, unless it refuses; its subscriber is that of the old.
///
/// Error  as of try_add_handler: then neither is there.
/// See    gen_event:swap_handler/3.
template <class Old, class H, class To, class... A>
result<void> try_swap_handler(const To& manager, swap_options how, A... arguments) {
  return detail::swap_handler<Old, H>(manager, false, std::move(how), std::move(arguments)...);
}
/// The same where nothing needs to be said.
template <class Old, class H, class To, class... A>
result<void> try_swap_handler(const To& manager, A... arguments) {
  return detail::swap_handler<Old, H>(manager, false, {}, std::move(arguments)...);
}
/// As try_swap_handler, but its error is thrown.
template <class Old, class H, class To, class... A>
void swap_handler(const To& manager, swap_options how, A... arguments) {
  detail::value_or_throw(try_swap_handler<Old, H>(manager, std::move(how), std::move(arguments)...),
                         "swap_handler");
}
/// The same where nothing needs to be said.
template <class Old, class H, class To, class... A>
void swap_handler(const To& manager, A... arguments) {
  detail::value_or_throw(try_swap_handler<Old, H>(manager, swap_options{}, std::move(arguments)...),
                         "swap_handler");
}
/// As try_swap_handler, and this process becomes the subscriber: see try_add_sup_handler.
///
/// Context  a process.   See  gen_event:swap_sup_handler/3.
template <class Old, class H, class To, class... A>
result<void> try_swap_sup_handler(const To& manager, swap_options how, A... arguments) {
  return detail::swap_handler<Old, H>(manager, true, std::move(how), std::move(arguments)...);
}
/// The same where nothing needs to be said.
template <class Old, class H, class To, class... A>
result<void> try_swap_sup_handler(const To& manager, A... arguments) {
  return detail::swap_handler<Old, H>(manager, true, {}, std::move(arguments)...);
}
/// As try_swap_sup_handler, but its error is thrown.
template <class Old, class H, class To, class... A>
void swap_sup_handler(const To& manager, swap_options how, A... arguments) {
  detail::value_or_throw(
      try_swap_sup_handler<Old, H>(manager, std::move(how), std::move(arguments)...),
      "swap_sup_handler");
}
/// The same where nothing needs to be said.
template <class Old, class H, class To, class... A>
void swap_sup_handler(const To& manager, A... arguments) {
  detail::value_or_throw(
      try_swap_sup_handler<Old, H>(manager, swap_options{}, std::move(arguments)...),
      "swap_sup_handler");
}
/// Returned by a callback of a handler, which gives its place to a new one, an H of `arguments`, in
/// a manager of that class: `return kin::swap_to<file_log, order_events>(*this, "x.log")`. What
/// its own `terminate` returns is handed on as in try_swap_handler, and its subscriber. The new one
/// does not get the event in hand. If it refuses, the subscriber is told `crash`.
template <class H, class Manager, class Old, class... A>
[[nodiscard]] handled swap_to(const Old& /*self*/, swap_options how, A... arguments) {
  using last = detail::last_word_of<Old>;
  static_assert(detail::is_manager<Manager>,
                "kin: swap_to needs the class of its manager, a kin::gen_event");
  if constexpr (detail::is_manager<Manager>) {
    if constexpr (detail::check_swap_arguments<H, last, A...>() &&
                  detail::check_handler_of<H, Manager>()) {
      return handled(std::make_unique<detail::swap_order>(detail::swap_order{
          std::move(how.why),
          detail::make_handler<H, Manager, last>(std::move(how.id), std::move(arguments)...),
          &typeid(Manager)}));
    }
  }
  return {};
}
/// The same where nothing needs to be said.
template <class H, class Manager, class Old, class... A>
[[nodiscard]] handled swap_to(const Old& self, A... arguments) {
  return swap_to<H, Manager>(self, swap_options{}, std::move(arguments)...);
}

/// All handlers, newest first.   See  gen_event:which_handlers/1.
template <class To>
result<std::vector<handler_id>> try_which_handlers(const To& manager) {
  if constexpr (detail::check_manager<To>()) {
    return try_call(manager, detail::which_handlers_request{}, infinity);
  } else {
    return exit_reason(badarg);
  }
}
/// As try_which_handlers, but its error is thrown.
template <class To>
std::vector<handler_id> which_handlers(const To& manager) {
  return detail::value_or_throw(try_which_handlers(manager), "which_handlers");
}

/// Asks the newest handler of class H with no id; for those with one see kin::to_handler.
///
/// Returns  what its handle_call(Request) answers.
/// Error    bad_module: there is none; handler_failed{why}: it misbehaved, and is gone; else as
///          kin::try_call.
/// Waits    up to `limit`.   Thread  any; one that runs no process blocks.
/// See      gen_event:call/4.
template <class H, class To, class Request>
auto try_call(const To& manager, Request request, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_handler_call<H, To, Request>()) {
    using R = detail::handler_answer_of<H, Request>;
    auto answer = try_call(manager, to_handler<H>(std::move(request)), limit);
    if constexpr (std::is_same_v<R, detail::nothing>) {
      return answer ? result<void>() : result<void>(answer.error());
    } else {
      return answer;
    }
  }
}
/// As try_call, but its error is thrown.
template <class H, class To, class Request>
auto call(const To& manager, Request request, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_handler_call<H, To, Request>()) {
    using R = detail::handler_answer_of<H, Request>;
    if constexpr (std::is_same_v<R, detail::nothing>) {
      call(manager, to_handler<H>(std::move(request)), limit);
    } else {
      return call(manager, to_handler<H>(std::move(request)), limit);
    }
  }
}

}  // namespace kin
