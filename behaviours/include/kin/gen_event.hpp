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
#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/gen_server.hpp>
#include <kin/link.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>
#include <kin/pid.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/registry.hpp>
#include <kin/request.hpp>
#include <kin/result.hpp>
#include <kin/send.hpp>
#include <kin/sys.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

/// A request for one handler of a manager; made by kin::to_handler.
template <class H, class Request>
struct handler_request {
  std::string id = {};  ///< of the handler
  Request request;      ///< what its handle_call takes
  friend std::ostream& operator<<(std::ostream& out, const handler_request& r) {
    out << handler_id::of<H>(r.id) << ' ';
    kin::print(out, r.request);
    return out;
  }
};
/// For kin::call and its kind: `kin::call(orders, kin::to_handler<audit>(get{}, "disk"))` is the
/// handle_call(get) of that handler. Where there are several alike, the newest.
template <class H, class Request>
[[nodiscard]] handler_request<H, Request> to_handler(Request request, std::string id = {}) {
  return {std::move(id), std::move(request)};
}

namespace detail {

/// An event whose sender waits until all handlers have had it.
template <class E>
struct synced_event {
  E event;
  friend std::ostream& operator<<(std::ostream& out, const synced_event& s) {
    kin::print(out, s.event);
    return out;
  }
};
struct add_request {
  std::unique_ptr<handler_maker> maker;
  bool supervised = false;
};
struct delete_request_for {
  handler_id which;
  exit_reason why;
};
struct swap_request {
  handler_id old;
  exit_reason why;
  std::unique_ptr<handler_maker> maker;
  bool supervised = false;
};
struct which_handlers_request {};
std::ostream& operator<<(std::ostream& out, const add_request& r);
std::ostream& operator<<(std::ostream& out, const delete_request_for& r);
std::ostream& operator<<(std::ostream& out, const swap_request& r);
std::ostream& operator<<(std::ostream& out, const which_handlers_request& r);

/// What a handler has in hand, for reports.
struct in_hand {
  void (*print)(std::ostream& out, const void* value);
  const void* value;
};
/// A callback of a handler, as a call.
struct handler_call {
  handled (*run)(installed_handler& h, void* with);
  void* with;
};

class event_manager;
/// The handlers, as reports print them.
struct handlers_shown {
  const event_manager* manager;
};
std::ostream& operator<<(std::ostream& out, const handlers_shown& s);

/// The half of a manager that does not depend on its events.
class event_manager {
 public:
  event_manager(const event_manager&) = delete;
  event_manager& operator=(const event_manager&) = delete;

  replies<result<void>> handle_call(add_request r, pid caller);
  result<message> handle_call(delete_request_for r);
  replies<result<void>> handle_call(swap_request r, pid caller);
  [[nodiscard]] std::vector<handler_id> handle_call(which_handlers_request r) const;
  auto handle_info() {
    return clauses{[this](message m) { return hear(m); }};
  }
  void terminate(const exit_reason& why);
  [[nodiscard]] handlers_shown format_status() const { return {this}; }

 protected:
  explicit event_manager(const std::type_info& type);
  ~event_manager();

  [[nodiscard]] installed_handler* newest(const handler_id& which) const;
  /// In all of them.
  next notify(std::size_t which, const void* event, in_hand shown);
  /// In one of them, that is there. Gives why it failed.
  std::optional<exit_reason> ask(const installed_handler& one, handler_call call, in_hand shown,
                                 next& then);
  template <class F>
  void for_each(const F& f) const {
    for (std::size_t at = all_.size(); at-- > 0;) f(*all_[at]);
  }

 private:
  friend class swapping;
  friend std::ostream& operator<<(std::ostream& out, const handlers_shown& s);
  struct outcome;

  next hear(const message& m);
  template <class F>
  next in_all(F callback, in_hand shown);
  template <class F>
  outcome run(std::size_t at, F callback, in_hand shown);
  outcome obey(std::size_t at, handled said, in_hand shown);
  bool swap_in_place(std::size_t at, swap_order& order, in_hand shown);
  void drop_failed(std::size_t at, const exit_reason& why, in_hand shown);
  void drop_of(const exited& subscriber);
  result<message> drop(std::size_t at, const handler_end& how, const exit_reason& told);
  std::unique_ptr<installed_handler> take(std::size_t at);
  [[nodiscard]] std::optional<std::size_t> find(const handler_id& which) const;
  replies<result<void>> add(handler_maker& maker, pid subscriber, result<message> before);

  std::vector<std::unique_ptr<installed_handler>> all_;  // oldest first
  const std::type_info& type_;
  pid linked_parent_;
};

template <class E, class... Events>
constexpr std::size_t index_among() {
  std::size_t at = 0;
  static_cast<void>(((std::is_same_v<E, Events> || (++at, false)) || ...));
  return at;
}

/// What a handle_call of a handler answers.
template <class R>
struct handler_answer : std::type_identity<R> {};
template <class R>
struct handler_answer<handler_reply<R>> : std::type_identity<R> {};
template <>
struct handler_answer<void> : std::type_identity<nothing> {};
template <>
struct handler_answer<handled> : std::type_identity<nothing> {};
template <class H, class Q>
concept takes_with_pid = requires(H& h, Q q, kin::pid caller) {
  h.handle_call(std::move(q), caller);
};
template <class H, class Q>
concept handler_takes = takes_alone<H, Q> || takes_with_pid<H, Q>;
template <class H, class Q>
decltype(auto) call_handler(H& h, Q& q, [[maybe_unused]] pid caller) {
  if constexpr (takes_alone<H, Q>) {
    return h.handle_call(std::move(q));
  } else {
    return h.handle_call(std::move(q), caller);
  }
}
template <class H, class Q>
using handler_result_of =
    std::remove_cvref_t<decltype(call_handler(std::declval<H&>(), std::declval<Q&>(), pid{}))>;
template <class H, class Q>
using handler_answer_of = typename handler_answer<handler_result_of<H, Q>>::type;

}  // namespace detail

/// The server class of an event manager with these events; nothing more of it is called by
/// programs but what kin::sys::inspect shows.
template <class... Events>
class gen_event : public gen_server, public detail::event_manager {
  static_assert((sendable<Events> && ...),
                "kin: an event cannot be sent: it is a pointer, a view or cannot be moved");

 public:
  /// One of Events.
  template <class E>
  static constexpr bool lists = (std::is_same_v<E, Events> || ...);
  /// For behaviours: H as a handler of such a manager.
  template <class H>
  using handler_type = detail::handler_of<H, Events...>;

  gen_event() : event_manager(typeid(gen_event)) {}

  /// The newest handler of that class and id; null if there is none.
  template <class H>
  [[nodiscard]] const H* find(const std::string& id = {}) const {
    const auto* found = this->newest(handler_id::of<H>(id));
    return found == nullptr ? nullptr : &static_cast<const detail::held_handler<H>*>(found)->handler;
  }
  /// Runs `f(id, H&)` for each handler of that class, newest first.
  template <class H, class F>
  void for_each_of(F f) {
    this->for_each([&](detail::installed_handler& one) {
      if (detail::same_type(one.id.type(), typeid(H)))
        f(one.id.id(), static_cast<detail::held_handler<H>&>(one).handler);
    });
  }

  using event_manager::handle_call;
  template <class E>
  requires(lists<E>) next handle_cast(const E& event) {
    return this->notify(detail::index_among<E, Events...>(), &event,
                        {&detail::print_value<E>, &event});
  }
  template <class E>
  requires(lists<E>) replies<detail::nothing> handle_call(const detail::synced_event<E>& s) {
    return {detail::nothing{}, handle_cast(s.event)};
  }
  template <class H, class Q>
  requires(detail::handler_takes<H, Q>)
      replies<detail::handler_answer_of<H, Q>> handle_call(
          handler_request<H, Q> r, from<detail::handler_answer_of<H, Q>> caller);
};

namespace detail {

template <class H, class Q>
struct asked_handler {
  Q& request;
  pid caller;
  std::optional<handler_answer_of<H, Q>> answer;

  static handled run(installed_handler& one, void* with) {
    using R = handler_result_of<H, Q>;
    auto& mine = *static_cast<asked_handler*>(with);
    H& handler = static_cast<held_handler<H>&>(one).handler;
    if constexpr (std::is_void_v<R>) {
      call_handler(handler, mine.request, mine.caller);
      mine.answer.emplace();
      return {};
    } else if constexpr (std::is_same_v<R, handled>) {
      handled then = call_handler(handler, mine.request, mine.caller);
      mine.answer.emplace();
      return then;
    } else if constexpr (std::is_same_v<R, handler_reply<handler_answer_of<H, Q>>>) {
      R said = call_handler(handler, mine.request, mine.caller);
      mine.answer.emplace(std::move(said.value));
      return std::move(said.then);
    } else {
      mine.answer.emplace(call_handler(handler, mine.request, mine.caller));
      return {};
    }
  }
};

template <class>
inline constexpr bool is_manager = false;
template <class... E>
inline constexpr bool is_manager<gen_event<E...>> = true;

template <class To>
constexpr bool check_manager() {
  if constexpr (check_address<To>()) {
    constexpr bool is_one = is_manager<typename server_behind<To>::type>;
    static_assert(is_one,
                  "kin: this is no event manager: it needs a typed name or handle of a "
                  "kin::gen_event");
    return is_one;
  } else {
    return false;
  }
}
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
  return (takes_event<H, E> || ...);
}
template <class H, class... E>
constexpr bool says_handled_to_all(const gen_event<E...>* /*manager*/) {
  const auto to_one = []<class One>(std::type_identity<One>) {
    if constexpr (takes_event<H, One>) {
      return says_handled<event_result<H, One>>;
    } else {
      return true;
    }
  };
  return (to_one(std::type_identity<E>{}) && ...);
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
    static_assert(handler_takes<H, Q>, "kin: the handler has no handle_call that takes this "
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

template <class H, class To, class... A>
result<void> add_handler(const To& to, bool supervised, handler_options where, A... arguments) {
  if constexpr (check_manager<To>()) {
    using Manager = typename server_behind<To>::type;
    if constexpr (check_arguments<H, A...>() && check_handler_of<H, Manager>()) {
      return ask_manager<void>(
          to, add_request{make_handler<H, Manager>(std::move(where.id), std::move(arguments)...),
                          supervised});
    }
  }
  return exit_reason(badarg);
}
template <class Old, class H, class To, class... A>
result<void> swap_handler(const To& to, bool supervised, swap_options how, A... arguments) {
  if constexpr (check_manager<To>()) {
    using Manager = typename server_behind<To>::type;
    using last = last_word_of<Old>;
    if constexpr (check_swap_arguments<H, last, A...>() && check_handler_of<H, Manager>()) {
      return ask_manager<void>(
          to,
          swap_request{handler_id::of<Old>(std::move(how.old_id)), std::move(how.why),
                       make_handler<H, Manager, last>(std::move(how.id), std::move(arguments)...),
                       supervised});
    }
  }
  return exit_reason(badarg);
}

}  // namespace detail

template <class... Events>
template <class H, class Q>
requires(detail::handler_takes<H, Q>) replies<detail::handler_answer_of<H, Q>> gen_event<
    Events...>::handle_call(handler_request<H, Q> r, from<detail::handler_answer_of<H, Q>> caller) {
  const detail::installed_handler* one = this->newest(handler_id::of<H>(std::move(r.id)));
  if (one == nullptr) {
    caller.fail(bad_module);
    return noreply;
  }
  detail::asked_handler<H, Q> asked{r.request, caller.pid(), std::nullopt};
  next then;
  const auto failed = this->ask(*one, {&detail::asked_handler<H, Q>::run, &asked},
                                {&detail::print_value<Q>, &r.request}, then);
  if (failed) {
    caller.fail(exit_reason(handler_failed{*failed}));
    return noreply;
  }
  return {*std::move(asked.answer), std::move(then)};
}

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
  detail::value_or_throw(
      try_add_sup_handler<H>(manager, std::move(where), std::move(arguments)...),
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
  return detail::value_or_throw(
      try_delete_handler<H>(manager, std::move(which), std::move(why)), "delete_handler");
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
  detail::value_or_throw(
      try_swap_handler<Old, H>(manager, std::move(how), std::move(arguments)...), "swap_handler");
}
/// The same where nothing needs to be said.
template <class Old, class H, class To, class... A>
void swap_handler(const To& manager, A... arguments) {
  detail::value_or_throw(
      try_swap_handler<Old, H>(manager, swap_options{}, std::move(arguments)...), "swap_handler");
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

// ---- kin::sys ------------------------------------------------------------------------------------

namespace sys {

/// A handler, as get_state sees it.
template <class H>
struct handler_state {
  std::string id = {};  ///< what it was added under
  H state;              ///< a copy of it
};

}  // namespace sys

namespace detail {

template <class H>
constexpr bool check_copied_handler() {
  constexpr bool copied = std::is_copy_constructible_v<H> && std::is_move_assignable_v<H>;
  static_assert(copied,
                "kin: this copies the handler, which cannot be copied; see kin::sys::inspect");
  return copied;
}
template <class H, class Manager>
std::vector<sys::handler_state<H>> states_of(Manager& manager) {
  std::vector<sys::handler_state<H>> all;
  manager.template for_each_of<H>([&](const std::string& id, H& h) { all.push_back({id, h}); });
  return all;
}
/// In a catch (...): what was thrown is forgotten, unless it ends the process.
void forget_failure();

/// `lenient`: one for which `change` fails stays as it is, and that is all.
template <class H, class To, class F>
result<std::vector<sys::handler_state<H>>> change_handlers(const To& to, F change, bool lenient,
                                                           bool suspended_only, duration limit) {
  using states = std::vector<sys::handler_state<H>>;
  if constexpr (check_manager<To>() && check_copied_handler<H>()) {
    constexpr bool fits = std::is_invocable_r_v<H, F&, H>;
    static_assert(fits, "kin: the function takes the handler, by value, and returns the new one");
    if constexpr (fits) {
      using Manager = typename server_behind<To>::type;
      auto changed = ask_system<Manager>(
          whereis(to),
          [change = std::move(change), lenient,
           suspended_only](const system_access& at) mutable -> result<states> {
            if (suspended_only && !at.is_suspended()) return exit_reason(sys::not_suspended);
            auto& manager = *static_cast<Manager*>(at.server());
            manager.template for_each_of<H>([&](const std::string& /*id*/, H& h) {
              try {
                H changed_to = change(H(h));
                h = std::move(changed_to);
              } catch (...) {
                if (!lenient) throw;
                forget_failure();
              }
            });
            return states_of<H>(manager);
          },
          limit);
      return changed ? *std::move(changed) : result<states>(changed.error());
    }
  }
  return exit_reason(badarg);
}

}  // namespace detail

namespace sys {

/// Copies of all handlers of class H, newest first. Those of other classes: see inspect, and
/// gen_event::find.   See  sys:get_state/1.
template <class H, class To>
result<std::vector<handler_state<H>>> try_get_state(const To& manager,
                                                    duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_manager<To>() && detail::check_copied_handler<H>()) {
    using Manager = typename detail::server_behind<To>::type;
    return detail::ask_system<Manager>(
        whereis(manager),
        [](const detail::system_access& at) {
          return detail::states_of<H>(*static_cast<Manager*>(at.server()));
        },
        limit);
  } else {
    return exit_reason(badarg);
  }
}
/// As try_get_state, but its error is thrown.
template <class H, class To>
std::vector<handler_state<H>> get_state(const To& manager,
                                        duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_get_state<H>(manager, limit), "sys::get_state");
}

/// Runs `change(H) -> H` in the manager on a copy of each handler of class H, puts the result in
/// its place, and gives all of them. One for which `change` throws stays as it is, and that is no
/// error.   See  sys:replace_state/2.
template <class H, class To, class F>
result<std::vector<handler_state<H>>> try_replace_state(const To& manager, F change,
                                                        duration limit = std::chrono::seconds(5)) {
  return detail::change_handlers<H>(manager, std::move(change), true, false, limit);
}
/// As try_replace_state, but its error is thrown.
template <class H, class To, class F>
std::vector<handler_state<H>> replace_state(const To& manager, F change,
                                            duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_replace_state<H>(manager, std::move(change), limit),
                                "sys::replace_state");
}
/// As replace_state, for a manager that is suspended; else not_suspended. When `change` throws,
/// callback_failed: that handler and those behind it are as they were.   See  sys:change_code/4.
template <class H, class To, class F>
result<std::vector<handler_state<H>>> try_change_code(const To& manager, F change,
                                                      duration limit = std::chrono::seconds(5)) {
  return detail::change_handlers<H>(manager, std::move(change), false, true, limit);
}
/// As try_change_code, but its error is thrown.
template <class H, class To, class F>
std::vector<handler_state<H>> change_code(const To& manager, F change,
                                          duration limit = std::chrono::seconds(5)) {
  return detail::value_or_throw(try_change_code<H>(manager, std::move(change), limit),
                                "sys::change_code");
}

}  // namespace sys
}  // namespace kin
