// SPDX-License-Identifier: Apache-2.0
// What a state machine derives from, and what its handlers return. Programs include gen_statem.hpp.
#pragma once

#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/statem_actions.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

namespace KIN_PUBLIC kin {

/// Ends a machine that gets an event for which its state has no handler; OTP's function_clause.
class unhandled_event : public std::exception {
 public:
  /// By their types.
  unhandled_event(const std::type_info& event, const std::type_info& state);
  /// `door got push when it was open`, more or less.
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

namespace detail {

[[noreturn]] void throw_unhandled(const std::type_info& event, const std::type_info& state);

template <class S>
using state_ref = std::conditional_t<std::is_scalar_v<S>, const S&, S&>;

template <class T, class S, class E>
concept takes_event = requires(T& t, state_ref<S> now, const E& e) {
  t.handle_event(now, e);
};
template <class T, class S, class E>
concept uses_event = requires(T& t, state_ref<S> now, E& e) {
  t.handle_event(now, e);
};
template <class T, class S, class E>
concept keeps_event = requires(T& t, state_ref<S> now, E& e) {
  t.handle_event(now, std::move(e));
};
template <class T, class S, class Q>
concept takes_call_alone = requires(T& t, state_ref<S> now, Q& q) {
  t.handle_call(now, q);
};
template <class T, class S, class Q>
concept takes_call_and_pid = requires(T& t, state_ref<S> now, Q& q, pid caller) {
  t.handle_call(now, q, caller);
};
template <class T, class S, class Q>
concept takes_call_and_caller = requires(T& t, state_ref<S> now, Q& q) {
  t.handle_call(now, q, any_caller{});
};
template <class T, class S, class Q>
concept takes_call = takes_call_alone<T, S, Q> || takes_call_and_caller<T, S, Q>;

template <class T, class S>
concept enters_state = requires(T& t, state_ref<S> now) {
  t.handle_enter(now);
};
template <class T, class S, class Before>
concept enters_state_from = requires(T& t, state_ref<S> now, const Before& before) {
  t.handle_enter(now, before);
};

template <class T, class S, class Q>
auto machine_handler_result() {
  if constexpr (takes_call_alone<T, S, Q>) {
    return std::type_identity<decltype(std::declval<T&>().handle_call(std::declval<state_ref<S>>(),
                                                                      std::declval<Q&>()))>{};
  } else {
    return std::type_identity<decltype(std::declval<T&>().handle_call(
        std::declval<state_ref<S>>(), std::declval<Q&>(), any_caller{}))>{};
  }
}

/// The base of gen_statem's replies.
struct machine_replies {};
template <class R>
struct machine_reply : std::type_identity<std::remove_cvref_t<R>> {};
template <std::derived_from<statem_step> R>
struct machine_reply<R> : std::type_identity<void> {};
template <std::derived_from<machine_replies> R>
struct machine_reply<R> : std::type_identity<typename R::reply_type> {};

template <class T>
inline constexpr bool is_machine_words = std::is_base_of_v<statem_step, T>;
template <class... A>
inline constexpr bool is_machine_words<keeps<A...>> = true;
template <class... A>
inline constexpr bool is_machine_words<repeats<A...>> = true;
template <class S, class... A>
inline constexpr bool is_machine_words<moves<S, A...>> = true;
template <>
inline constexpr bool is_machine_words<keep_state_t> = true;
template <>
inline constexpr bool is_machine_words<repeat_state_t> = true;
template <>
inline constexpr bool is_machine_words<next> = true;
template <class T>
concept says_where_to_go = statem_action<T> || is_machine_words<T>;

template <class S>
bool same_state(const S& a, const S& b) {
  if constexpr (std::equality_comparable<S>) {
    return a == b;
  } else {
    return true;
  }
}

/// A state as a type, without its order among others.
template <class... T>
struct type_list {};
struct machine_access;

template <class M>
struct modules_named : std::type_identity<type_list<>> {};
template <class... N>
struct modules_named<callback_modules_of<N...>> : std::type_identity<type_list<N...>> {};

}  // namespace detail

/// The base of a state machine: its class first, then its states. See the top of this file.
template <class Machine, class... States>
class gen_statem {
  static_assert(
      sizeof...(States) > 0,
      "kin: a state machine names its own class, then its states: gen_statem<door, open>");

 public:
  /// For those who look from outside, and for handle_enter: the only state's type, or a variant.
  using state_type = std::conditional_t<sizeof...(States) == 1,
                                        std::tuple_element_t<0, std::tuple<States..., int>>,
                                        std::variant<States...>>;
  /// For kin.
  using machine_states = std::variant<States...>;
  /// None; a machine's own `callback_modules` are classes with handlers as the machine has them,
  /// each made from the machine: `struct repair { door& it; ... }`.
  using callback_modules = callback_modules_of<>;

  /// What handle_event returns: where to go, and what to do on the way.
  class transition : public detail::statem_step {
   public:
    /// Keeps the state.
    transition() = default;
    /// Keeps the state.
    transition(keep_state_t /*word*/) {}  // NOLINT(google-explicit-constructor): they are words
    /// Keeps the state, and enters it again.
    transition(repeat_state_t /*word*/) { what = kind::repeat; }  // NOLINT
    /// kin::stop(why).
    transition(const next& n) { stop(n); }  // NOLINT
    /// Keeps the state.
    template <detail::statem_action A>
    transition(A action) {  // NOLINT
      do_it(std::move(action));
    }
    /// kin::keep_state(actions...)
    template <class... A>
    transition(detail::keeps<A...> k) {  // NOLINT
      do_all(k.actions);
    }
    /// kin::repeat_state(actions...)
    template <class... A>
    transition(detail::repeats<A...> r) {  // NOLINT
      what = kind::repeat;
      do_all(r.actions);
    }
    /// kin::next_state(state, actions...)
    template <class S, class... A>
    transition(detail::moves<S, A...> m) {  // NOLINT
      constexpr bool known = (std::is_same_v<S, States> || ...);
      static_assert(known, "kin: next_state to what is no state of this machine");
      if constexpr (known) {
        what = kind::next;
        to_.emplace(std::move(m.to));
        do_all(m.actions);
      }
    }
    /// And this, too: for handlers that find out step by step what to do.
    template <detail::statem_action A>
    void also(A action) {
      do_it(std::move(action));
    }

   private:
    friend struct detail::machine_access;
    template <class A>
    void do_it(A action);
    template <class... A>
    void do_all([[maybe_unused]] std::tuple<A...>& all) {
      if constexpr (sizeof...(A) > 0)
        std::apply([this](A&... a) { (do_it(std::move(a)), ...); }, all);
    }
    std::optional<machine_states> to_;
  };

  /// What handle_enter returns: as a transition, but the state is the one that is entered, and the
  /// only actions are timeouts and kin::hibernate.
  class entry : public detail::statem_step {
   public:
    /// Nothing more.
    entry() = default;
    /// Nothing more.
    entry(keep_state_t /*word*/) {}  // NOLINT(google-explicit-constructor): they are words
    /// Once more.
    entry(repeat_state_t /*word*/) { what = kind::repeat; }  // NOLINT
    /// kin::stop(why).
    entry(const next& n) { stop(n); }  // NOLINT
    /// A timeout, or kin::hibernate.
    template <detail::statem_action A>
    entry(A action) {  // NOLINT
      do_it(std::move(action));
    }
    /// kin::keep_state(actions...)
    template <class... A>
    entry(detail::keeps<A...> k) {  // NOLINT
      do_all(k.actions);
    }
    /// kin::repeat_state(actions...)
    template <class... A>
    entry(detail::repeats<A...> r) {  // NOLINT
      what = kind::repeat;
      do_all(r.actions);
    }
    /// A mistake.
    template <class S, class... A>
    entry(const detail::moves<S, A...>& /*no*/) {  // NOLINT
      static_assert(sizeof(S) == 0,
                    "kin: handle_enter stays in the state that is entered: no kin::next_state");
    }

   private:
    template <class A>
    void do_it(A action);
    template <class... A>
    void do_all([[maybe_unused]] std::tuple<A...>& all) {
      if constexpr (sizeof...(A) > 0)
        std::apply([this](A&... a) { (do_it(std::move(a)), ...); }, all);
    }
  };

  /// What a handle_call returns when the answer is more than a value: a value, and where to go;
  /// where to go alone, or kin::noreply: the caller waits, see kin::from, unless the call is
  /// postponed. kin::stop(why, value) answers before `terminate` runs, as OTP's stop_and_reply.
  template <class R>
  class replies : public detail::machine_replies {
   public:
    /// What `call` returns.
    using reply_type = R;
    /// The answer; the state is kept.
    replies(R result) : value(std::move(result)) {}  // NOLINT(google-explicit-constructor)
    /// The answer, and where to go.
    template <class To>
    requires std::is_convertible_v<To, transition> replies(R result, To to)
        : value(std::move(result)), then(std::move(to)) {}
    /// No answer now.
    replies(noreply_t /*word*/) {}  // NOLINT(google-explicit-constructor)
    /// No answer now, and where to go.
    template <detail::says_where_to_go To>
    replies(To to) : then(std::move(to)) {}  // NOLINT(google-explicit-constructor)
    /// The answer, and the end.
    template <std::convertible_to<R> V>
    replies(stop_with_reply<V> s)  // NOLINT(google-explicit-constructor)
        : value(std::move(s.value)), then(next::stop(std::move(s.why))) {}

    std::optional<R> value;  ///< none: later
    transition then;         ///< where to go
  };

  /// In the first state, as it is by default.
  gen_statem() = default;
  /// In this one.
  template <class S>
  requires(std::is_same_v<S, States> || ...) explicit gen_statem(S first)
      : state_(std::move(first)) {}

  /// The state it is in: for sys::inspect, sys::get_state, and handlers that are the same for all
  /// states. A variant, unless there is but one type of states.
  [[nodiscard]] const state_type& state() const {
    if constexpr (sizeof...(States) == 1) {
      return *std::get_if<0>(&state_);
    } else {
      return state_;
    }
  }
  /// The state if it is of that type; null in another one: `lock.in<open>()`.
  template <class S>
  [[nodiscard]] const S* in() const {
    return std::get_if<S>(&state_);
  }
  /// Puts a state in place with no transition: for what sys::replace_state and sys::change_code
  /// run. Handlers return kin::next_state.
  template <class S>
  void put_state(S state) {
    static_assert((std::is_same_v<S, States> || ...), "kin: this is no state of the machine");
    state_ = std::move(state);
  }

 private:
  friend struct detail::machine_access;
  machine_states state_;
};

}  // namespace kin
