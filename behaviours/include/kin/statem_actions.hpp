// SPDX-License-Identifier: Apache-2.0
// The words that a state machine's handlers return: where to go, and what to do on the way. OTP's
// transition actions, as values. See gen_statem.hpp.
//
// A timeout carries an event, and is known by what it is: the one of the state, the one that any
// event ends, or, of those that end by themselves alone, by the type of its event or a name.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/gen.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>
#include <kin/request.hpp>
#include <kin/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

namespace detail {

/// The base of what may stand among the actions.
struct statem_action_word {};

struct timer_key {
  enum class kind : std::uint8_t { event, state, generic };
  kind what = kind::event;
  const std::type_info* type = nullptr;  // of a generic one that has no name
  std::string name = {};
  friend bool operator==(const timer_key& a, const timer_key& b) {
    return a.what == b.what && a.name == b.name && (a.type == nullptr) == (b.type == nullptr) &&
           (a.type == nullptr || same_type(*a.type, *b.type));
  }
};
template <class E>
struct timer_set : statem_action_word {
  timer_set(timer_key k, duration d, E e) : key(std::move(k)), after(d), event(std::move(e)) {}
  timer_set(timer_key k, clock::time_point t, E e)
      : key(std::move(k)), at(t), event(std::move(e)) {}
  timer_key key;
  duration after = {};
  std::optional<clock::time_point> at = {};
  E event;
};
template <class E>
struct timer_update : statem_action_word {
  timer_update(timer_key k, E e) : key(std::move(k)), event(std::move(e)) {}
  timer_key key;
  E event;
};
struct timer_cancel : statem_action_word {
  explicit timer_cancel(timer_key k) : key(std::move(k)) {}
  timer_key key;
};
struct timer_word_cancel : statem_action_word {  // has a name already: a constant
  constexpr explicit timer_word_cancel(timer_key::kind k) : what(k) {}
  timer_key::kind what;
};
template <class E>
struct event_insert : statem_action_word {
  explicit event_insert(E e) : event(std::move(e)) {}
  E event;
};
template <class T>
struct info_insert : statem_action_word {
  explicit info_insert(T m) : message(std::move(m)) {}
  T message;
};
template <class R, class Q>
struct call_insert : statem_action_word {
  call_insert(from<R> f, Q q) : caller(std::move(f)), request(std::move(q)) {}
  from<R> caller;
  Q request;
};
enum class module_change : std::uint8_t { push, change, pop };
template <class Module>
struct module_word : statem_action_word {
  constexpr explicit module_word(module_change c) : what(c) {}
  module_change what;
};

template <class E>
inline timer_key generic_key() {
  return {timer_key::kind::generic, &typeid(E), {}};
}
inline timer_key named_key(std::string name) {
  return {timer_key::kind::generic, nullptr, std::move(name)};
}

}  // namespace detail

/// As an action: when the machine has stayed in its state so long, it gets this event. Zero: before
/// any message. As an event: it has. A change of the state ends it; set again, it begins anew;
/// infinity ends it.   See  gen_statem, {state_timeout, Time, Content}.
struct state_timeout : detail::statem_action_word {
  constexpr state_timeout() = default;
  /// After so long.
  constexpr explicit state_timeout(duration d) : after(d) {}
  duration after = {};  ///< from the end of the transition
};
// kin::timeout{10s}, the event timeout, is an action too: any event ends it.

/// The type of kin::postpone.
struct postpone_t : detail::statem_action_word {
  /// Of that mind.
  constexpr explicit postpone_t(bool on) : yes(on) {}
  /// `postpone(false)`: not, whatever was said before it.
  constexpr postpone_t operator()(bool on) const { return postpone_t(on); }
  bool yes;  ///< else not
};
/// The event is kept, and handled again when the state has changed, before all that came after it;
/// those that were kept in the order in which they came.
inline constexpr postpone_t postpone{true};

/// `event` is handled next, by handle_event, before anything that waits; several in their order.
[[nodiscard]] auto next_event(auto event) {
  return detail::event_insert<decltype(event)>(std::move(event));
}
/// The same for a call that somebody waits in: `request` is handled by handle_call.
template <class R, class Q>
[[nodiscard]] auto next_call(from<R> caller, Q request) {
  return detail::call_insert<R, Q>(std::move(caller), std::move(request));
}
/// The same for a message: it is handled by handle_info.
[[nodiscard]] auto next_info(auto message) {
  return detail::info_insert<decltype(message)>(std::move(message));
}

/// A state timeout whose event is `event`. `when` is a duration, or a time of kin::clock.
template <class When, class E = state_timeout>
[[nodiscard]] auto set_state_timeout(When when, E event = {}) {
  return detail::timer_set<E>({detail::timer_key::kind::state}, when, std::move(event));
}
/// An event timeout, which any event ends, with `event` as its own.
template <class When, class E = timeout>
[[nodiscard]] auto set_event_timeout(When when, E event = {}) {
  return detail::timer_set<E>({detail::timer_key::kind::event}, when, std::move(event));
}
/// A timeout that nothing ends but its time, cancel_timeout<E>(), or another one for the same type
/// of event, which takes its place.   See  gen_statem, {{timeout, Name}, Time, Content}.
template <class When, class E>
[[nodiscard]] auto set_timeout(When when, E event) {
  return detail::timer_set<E>(detail::generic_key<E>(), when, std::move(event));
}
/// One of several with events of the same type, known by its name.
template <class When, class E>
[[nodiscard]] auto set_timeout(std::string name, When when, E event) {
  return detail::timer_set<E>(detail::named_key(std::move(name)), when, std::move(event));
}

/// The state timeout that runs will give this event instead; if none runs, it comes at once.
template <class E>
[[nodiscard]] auto update_state_timeout(E event) {
  return detail::timer_update<E>({detail::timer_key::kind::state}, std::move(event));
}
/// The same of the event timeout.
template <class E>
[[nodiscard]] auto update_event_timeout(E event) {
  return detail::timer_update<E>({detail::timer_key::kind::event}, std::move(event));
}
/// The same of the timeout of this type of event.
template <class E>
[[nodiscard]] auto update_timeout(E event) {
  return detail::timer_update<E>(detail::generic_key<E>(), std::move(event));
}
/// The same of the timeout of that name.
template <class E>
[[nodiscard]] auto update_timeout(std::string name, E event) {
  return detail::timer_update<E>(detail::named_key(std::move(name)), std::move(event));
}

/// No state timeout from now on.
inline constexpr detail::timer_word_cancel cancel_state_timeout{detail::timer_key::kind::state};
/// No event timeout.
inline constexpr detail::timer_word_cancel cancel_event_timeout{detail::timer_key::kind::event};
/// Ends the timeout of this type of event, if it runs.
template <class E>
[[nodiscard]] auto cancel_timeout() {
  return detail::timer_cancel(detail::generic_key<E>());
}
/// Ends the timeout of that name, if it runs.
[[nodiscard]] inline auto cancel_timeout(std::string name) {
  return detail::timer_cancel(detail::named_key(std::move(name)));
}

/// `Module` handles events from now on, with the machine as its data; until popped. It is among the
/// machine's `callback_modules`.   See  gen_statem, {push_callback_module, Module}.
template <class Module>
inline constexpr detail::module_word<Module> push_callback_module{detail::module_change::push};
/// `Module` takes the place of the one that handles events now.
template <class Module>
inline constexpr detail::module_word<Module> change_callback_module{detail::module_change::change};
/// The one that handled events before does again. If there is none, the machine ends with an error.
inline constexpr detail::module_word<void> pop_callback_module{detail::module_change::pop};
/// What `using callback_modules = ...` of a machine names.
template <class... Modules>
struct callback_modules_of {};

namespace detail {

template <class A>
concept statem_action = std::is_base_of_v<statem_action_word, A> ||
    std::is_same_v<A, hibernate_t> || std::is_same_v<A, timeout>;

template <class... A>
struct keeps {
  std::tuple<A...> actions;
};
template <class... A>
struct repeats {
  std::tuple<A...> actions;
};
template <class S, class... A>
struct moves {
  S to;
  std::tuple<A...> actions;
};
template <class... A>
constexpr bool check_actions() {
  constexpr bool all = (statem_action<A> && ...);
  static_assert(all,
                "kin: after the state come actions: kin::postpone, kin::hibernate, "
                "kin::next_event(e), kin::state_timeout{5s} and the like");
  return all;
}

}  // namespace detail

/// The type of kin::keep_state.
struct keep_state_t {
  /// `keep_state(action, ...)`.
  template <class... A>
  [[nodiscard]] auto operator()(A... actions) const {
    static_cast<void>(detail::check_actions<A...>());
    return detail::keeps<A...>{{std::move(actions)...}};
  }
};
/// The state stays what it is; as if nothing were returned. An action alone says the same.
inline constexpr keep_state_t keep_state{};
/// The type of kin::repeat_state.
struct repeat_state_t {
  /// `repeat_state(action, ...)`.
  template <class... A>
  [[nodiscard]] auto operator()(A... actions) const {
    static_cast<void>(detail::check_actions<A...>());
    return detail::repeats<A...>{{std::move(actions)...}};
  }
};
/// As keep_state, but handle_enter is called again.
inline constexpr repeat_state_t repeat_state{};
/// Goes to `state`. It has changed if it is of another type, or, where it has ==, not equal: then
/// handle_enter is called, what was postponed is handled again, and the state timeout ends. Else it
/// is new data of the state, as in OTP's {next_state, SameState, _}.
template <class S, class... A>
[[nodiscard]] auto next_state(S state, A... actions) {
  static_cast<void>(detail::check_actions<A...>());
  return detail::moves<S, A...>{std::move(state), {std::move(actions)...}};
}

namespace detail {

/// An action as the compiled half knows it.
struct statem_order {
  enum class kind : std::uint8_t { insert, info, set, update, cancel, push, change, pop };
  kind what = kind::insert;
  timer_key key = {};
  duration after = {};
  std::optional<clock::time_point> at = {};
  message content = {};
  promise caller = {};  // of a call that is inserted
  std::size_t module = 0;
};
/// What a handler has returned, as the compiled half knows it.
struct statem_step {
  enum class kind : std::uint8_t { keep, repeat, next, stop };
  kind what = kind::keep;
  bool changed = false;  // the state is another one now
  std::optional<bool> postpones = {};
  bool hibernates = false;
  std::vector<statem_order> orders = {};
  exit_reason why = {};

  /// Of kin::stop and kin::ignore.
  void stop(const next& n);
};
/// Throws kin::error with badarg for a negative time.
statem_order order_of(timer_key key, duration after, std::optional<clock::time_point> at,
                      message content);

}  // namespace detail
}  // namespace kin
