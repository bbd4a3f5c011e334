// SPDX-License-Identifier: Apache-2.0
// The manager of events: what it is asked, and its handlers. Programs use the functions of
// gen_event.hpp, which includes this.
#pragma once

#include <kin/event_handler.hpp>
#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/gen_server.hpp>
#include <kin/installed_handler.hpp>
#include <kin/link.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/receive.hpp>
#include <kin/request.hpp>
#include <kin/result.hpp>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
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
/// For kin::call and kin::send_request: `kin::call(orders, kin::to_handler<audit>(get{}, "disk"))` is
/// the handle_call(get) of that handler. Where there are several alike, the newest.
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

/// The server class of an event manager with these events. Of its members programs use `find`, in
/// kin::sys::inspect.
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
    return found == nullptr ? nullptr
                            : &static_cast<const detail::held_handler<H>*>(found)->handler;
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
  /// An event, for all handlers. Programs write kin::notify.
  template <class E>
  requires(lists<E>) next handle_cast(const E& event) {
    return this->notify(detail::index_among<E, Events...>(), &event,
                        {&detail::print_value<E>, &event});
  }
  /// The same, of kin::sync_notify.
  template <class E>
  requires(lists<E>) replies<detail::nothing> handle_call(const detail::synced_event<E>& s) {
    return {detail::nothing{}, handle_cast(s.event)};
  }
  /// A request for one of them; see kin::to_handler.
  template <class H, class Q>
  requires(detail::handler_takes<H, Q>) replies<detail::handler_answer_of<H, Q>> handle_call(
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

}  // namespace detail

template <class... Events>
template <class H, class Q>
requires(detail::handler_takes<H, Q>)
    replies<detail::handler_answer_of<H, Q>> gen_event<Events...>::handle_call(
        handler_request<H, Q> r, from<detail::handler_answer_of<H, Q>> caller) {
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

namespace detail {

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

}  // namespace detail
}  // namespace kin
