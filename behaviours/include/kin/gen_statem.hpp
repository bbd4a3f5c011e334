// SPDX-License-Identifier: Apache-2.0
// A state machine is a plain class; its states are types, whose values are the data of that state,
// or one enum. Events are types, too: the overload for a state and an event says where to go.
//
//   class door : public kin::gen_statem<door, closed, open> { ... };       starts in the first
//
//   void | transition  handle_event(closed&, push)      a cast, a timeout, what next_event inserts
//   R                  handle_call(closed&, request)    the answer to a call; the state is kept
//   replies<R>         handle_call(closed&, request)    ... and where to go, or the answer later
//   transition         handle_call(closed&, request)    a call that gets no value
//                      handle_call(closed&, request, kin::pid | kin::from<R>)
//   kin::clauses       handle_info(closed&)    what comes from a bare pid; each clause as handle_event
//   void | entry       handle_enter(open&)     after a change to `open`, and at the start
//   void | entry       handle_enter(open&, const state_type& before)
//   void | transition  init()                  after the constructor: kin::next_state(...), stop, ignore
//   void               terminate(const kin::exit_reason&)
//   auto               format_status() const
//
// `transition`, `entry` and `replies` are inherited words for what handlers return:
// kin::next_state(open{}, actions...), kin::keep_state(actions...), kin::repeat_state(actions...),
// kin::stop(why), kin::stop(why, reply), or an action alone. The actions are in statem_actions.hpp.
//
// An enum is a const state: `gen_statem<lamp, mode>` has handle_event(mode, push). An event that is
// handled in no state is a compile error; in another state than those, it ends the machine with
// kin::unhandled_event. A handler that takes its event by value gets a copy, since a postponed event
// is handled again; what cannot be copied is taken by reference.
#pragma once

#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/statem_actions.hpp>
#include <kin/statem_process.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

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
    return std::type_identity<decltype(std::declval<T&>().handle_call(
        std::declval<state_ref<S>>(), std::declval<Q&>()))>{};
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
  static_assert(sizeof...(States) > 0,
                "kin: a state machine names its own class, then its states: gen_statem<door, open>");

 public:
  /// For those who look from outside, and for handle_enter: the only state's type, or a variant.
  using state_type =
      std::conditional_t<sizeof...(States) == 1, std::tuple_element_t<0, std::tuple<States..., int>>,
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
        to.emplace(std::move(m.to));
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
    std::optional<machine_states> to;
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

namespace detail {

struct machine_access {
  template <class M, class... S>
  static std::variant<S...>& states(gen_statem<M, S...>& machine) {
    return machine.state_;
  }
  template <class M, class... S>
  static const std::variant<S...>& states(const gen_statem<M, S...>& machine) {
    return machine.state_;
  }
  template <class M>
  static void take(M& machine, typename M::transition&& t, statem_step& out,
                   std::optional<typename M::machine_states>& before);
};

/// Whether some state of M, or of what stands in for it, is one of those.
template <class M, class States = typename M::machine_states,
          class Modules = typename modules_named<typename M::callback_modules>::type>
struct machine_facts;
template <class M, class... S, class... N>
struct machine_facts<M, std::variant<S...>, type_list<N...>> {
  template <class T, class E>
  static constexpr bool event_in = ((takes_event<T, S, E> || uses_event<T, S, E>) || ...);
  template <class T, class E>
  static constexpr bool event_kept_in =
      ((keeps_event<T, S, E> && !takes_event<T, S, E> && !uses_event<T, S, E>) || ...);
  template <class E>
  static constexpr bool event = event_in<M, E> || (event_in<N, E> || ...);
  template <class E>
  static constexpr bool event_kept = event_kept_in<M, E> || (event_kept_in<N, E> || ...);
  template <class T, class Q>
  static constexpr bool call_in = (takes_call<T, S, Q> || ...);
  template <class Q>
  static constexpr bool call = call_in<M, Q> || (call_in<N, Q> || ...);
  template <class T>
  static constexpr bool enters_in =
      ((enters_state<T, S> || enters_state_from<T, S, typename M::state_type>) || ...);
  static constexpr bool enters = enters_in<M> || (enters_in<N> || ...);

  /// The first reply there is; all others must be that.
  struct none {};
  template <class T, class State, class Q>
  static auto reply_in() {
    if constexpr (takes_call<T, State, Q>) {
      return machine_reply<typename decltype(machine_handler_result<T, State, Q>())::type>{};
    } else {
      return std::type_identity<none>{};
    }
  }
  template <class First, class... Rest>
  static auto first_reply() {
    if constexpr (!std::is_same_v<typename First::type, none> || sizeof...(Rest) == 0) {
      return std::type_identity<typename First::type>{};
    } else {
      return first_reply<Rest...>();
    }
  }
  template <class T, class Q>
  static auto reply_of_module() {
    return first_reply<decltype(reply_in<T, S, Q>())...>();
  }
  template <class Q>
  using reply =
      typename decltype(first_reply<decltype(reply_of_module<M, Q>()),
                                    decltype(reply_of_module<N, Q>())...>())::type;

  using module_stack = std::vector<std::variant<N...>>;
  template <class Module>
  static constexpr bool has_module = (std::is_same_v<Module, N> || ...);
  template <class Module>
  static constexpr std::size_t module_at() {
    std::size_t at = 0;
    static_cast<void>(((std::is_same_v<Module, N> || (++at, false)) || ...));
    return at;
  }
};
template <class M, class... S>
struct no_modules {};

template <class T, class States, class F, std::size_t... I>
void in_state(T& handlers, States& states, F& f, std::index_sequence<I...> /*all*/) {
  static_cast<void>(((states.index() == I && (f(handlers, *std::get_if<I>(&states)), true)) || ...));
}
/// Calls `f(handlers, state)` with who handles events now, and with the state. Exists once an
/// event: few templates stand behind it, and no lambdas.
template <class M, class F>
void with_state(M& machine, [[maybe_unused]] void* modules, F& f) {
  auto& states = machine_access::states(machine);
  constexpr std::make_index_sequence<std::variant_size_v<typename M::machine_states>> all;
  using named = typename modules_named<typename M::callback_modules>::type;
  if constexpr (!std::is_same_v<named, type_list<>>) {
    auto& stack = *static_cast<typename machine_facts<M>::module_stack*>(modules);
    if (!stack.empty()) {
      std::visit([&](auto& module) { in_state(module, states, f, all); }, stack.back());
      return;
    }
  }
  in_state(machine, states, f, all);
}

template <class M, class R>
constexpr bool check_event_result() {
  constexpr bool good = std::is_void_v<R> || std::is_convertible_v<R, typename M::transition>;
  static_assert(good,
                "kin: handle_event returns nothing, or where to go: kin::next_state(...), "
                "kin::keep_state, kin::stop(why), or an action such as kin::postpone");
  return good;
}

template <class M>
void machine_access::take(M& machine, typename M::transition&& t, statem_step& out,
                          std::optional<typename M::machine_states>& before) {
  if (t.to) {
    auto& now = states(machine);
    const bool same = now.index() == t.to->index() && [&] {
      return [&]<std::size_t... I>(std::index_sequence<I...> /*states*/) {
        return ((now.index() == I && same_state(*std::get_if<I>(&now), *std::get_if<I>(&*t.to))) ||
                ...);
      }
      (std::make_index_sequence<std::variant_size_v<typename M::machine_states>>{});
    }();
    t.changed = !same;
    if (t.changed) before.emplace(std::move(now));
    now = *std::move(t.to);
  }
  out = std::move(static_cast<statem_step&>(t));
}

/// What a typed body adds to statem_process: where the old state is put.
template <class M>
class machine_process : public statem_process {
 public:
  using statem_process::statem_process;
  using statem_process::reply;
  std::optional<typename M::machine_states>& before() { return before_; }
  void leave(statem_step& out, typename M::transition&& t) {
    machine_access::take(*static_cast<M*>(machine()), std::move(t), out, before_);
  }

 private:
  std::optional<typename M::machine_states> before_;
};

template <class M, class E>
struct event_run {
  E& event;
  typename M::transition to = {};
  template <class T, class S>
  void operator()(T& handlers, S& now) {
    state_ref<S> at = now;
    if constexpr (takes_event<T, S, E>) {
      run(handlers, at, std::as_const(event));
    } else if constexpr (uses_event<T, S, E>) {
      run(handlers, at, event);
    } else {
      throw_unhandled(typeid(E), typeid(S));
    }
  }

 private:
  template <class T, class S, class Event>
  void run(T& handlers, S& at, Event& e) {
    using R = decltype(handlers.handle_event(at, e));
    if constexpr (check_event_result<M, R>()) {
      if constexpr (std::is_void_v<R>) {
        handlers.handle_event(at, e);
      } else {
        to = handlers.handle_event(at, e);
      }
    }
  }
};
template <class M, class E>
void run_event(statem_process& process, signal& event, statem_step& out) {
  event_run<M, E> one{*static_cast<E*>(value_of(event))};
  with_state(*static_cast<M*>(process.machine()), process.modules(), one);
  static_cast<machine_process<M>&>(process).leave(out, std::move(one.to));
}

template <class M, class R, class Out>
void settle_call(machine_process<M>& mine, request_head& head, Out&& result,
                 typename M::transition& t, bool given) {
  using type = std::remove_cvref_t<Out>;
  if constexpr (std::is_base_of_v<machine_replies, type>) {
    if (result.value && head.number != 0) mine.host().template reply<R>(head, *std::move(result.value));
    t = std::move(result.then);
  } else if constexpr (std::is_base_of_v<statem_step, type>) {
    t = std::forward<Out>(result);
    if (!given && head.number != 0 && !t.postpones.value_or(false))
      mine.host().reply(head, nothing{});
  } else {
    if (head.number != 0) mine.host().template reply<R>(head, std::forward<Out>(result));
  }
}

template <class M, class Q>
struct call_run {
  using R = typename machine_facts<M>::template reply<Q>;
  machine_process<M>& mine;
  Q& request;
  request_head& head;
  typename M::transition to = {};
  template <class T, class S>
  void operator()(T& handlers, S& now) {
    state_ref<S> at = now;
    if constexpr (takes_call<T, S, Q>) {
      using result = typename decltype(machine_handler_result<T, S, Q>())::type;
      constexpr bool agrees = std::is_same_v<R, typename machine_reply<result>::type>;
      static_assert(agrees, "kin: the states reply with different types to the same request");
      if constexpr (!agrees) {
        return;
      } else if constexpr (takes_call_alone<T, S, Q>) {
        run<result>(false, handlers, at, request);
      } else if constexpr (takes_call_and_pid<T, S, Q>) {
        run<result>(false, handlers, at, request, head.caller);
      } else {
        constexpr bool fits = requires { handlers.handle_call(at, request, from<R>(head)); };
        static_assert(fits, "kin: handle_call's from<R> and the type it replies differ");
        if constexpr (fits) run<result>(true, handlers, at, request, from<R>(head));
      }
    } else {
      throw_unhandled(typeid(Q), typeid(S));
    }
  }

 private:
  template <class Result, class T, class S, class... With>
  void run(bool given, T& handlers, S& at, Q& q, With&&... with) {
    if constexpr (std::is_void_v<Result>) {
      handlers.handle_call(at, q, std::forward<With>(with)...);
      if (!given && head.number != 0) mine.host().reply(head, nothing{});
    } else {
      settle_call<M, R>(mine, head, handlers.handle_call(at, q, std::forward<With>(with)...), to,
                        given);
    }
  }
};
template <class M, class Q>
void run_call(statem_process& process, signal& event, statem_step& out) {
  auto& mine = static_cast<machine_process<M>&>(process);
  call_run<M, Q> one{mine, *static_cast<Q*>(value_of(event)), head_of(event)};
  with_state(*static_cast<M*>(process.machine()), process.modules(), one);
  mine.leave(out, std::move(one.to));
}

template <class M>
struct machine_rules {
  using facts = machine_facts<M>;

  template <class Q>
  static constexpr bool answers() {
    return facts::template call<Q>;
  }
  template <class E>
  static constexpr bool hears() {
    static_assert(!facts::template event_kept<E>,
                  "kin: an event that cannot be copied is taken by reference, handle_event(state&, "
                  "event&), since it may be postponed");
    return facts::template event<E>;
  }
  template <class Q>
  struct reply_to : std::type_identity<typename facts::template reply<Q>> {};
  template <class Q>
  static constexpr event_type call_type() {
    return {{{&typeid(Q), &destroy_value<Q>, &print_value<Q>, request_offset<Q>},
             &typeid(M),
             &statem_process::apply},
            &run_call<M, Q>};
  }
  template <class E>
  static constexpr event_type cast_type() {
    return {{{&typeid(E), &destroy_value<E>, &print_value<E>, request_offset<E>},
             &typeid(M),
             &statem_process::apply},
            &run_event<M, E>};
  }
  static constexpr bool check();
  template <class... A>
  struct process_of;
};

template <class M, class E>
message event_of(E event) {
  static_assert(sendable<E>,
                "kin: this event cannot be kept: it is a pointer, a view or cannot be moved");
  if constexpr (sendable<E>) {
    static_assert(machine_rules<M>::template hears<E>(),
                  "kin: no state of this machine has a handle_event for this event");
    if constexpr (machine_rules<M>::template hears<E>())
      return message(box_request(std::move(event), &cast_of<M, E>));
  }
  return {};
}

/// An action, as the compiled half knows it.
template <class M, bool Entering, class A>
void note_action(statem_step& step, A&& action);

template <class E>
inline constexpr bool is_timer = false;
template <class E>
inline constexpr bool is_timer<timer_set<E>> = true;
template <class E>
inline constexpr bool is_update = false;
template <class E>
inline constexpr bool is_update<timer_update<E>> = true;
template <class E>
inline constexpr bool is_event_insert = false;
template <class E>
inline constexpr bool is_event_insert<event_insert<E>> = true;
template <class E>
inline constexpr bool is_info_insert = false;
template <class E>
inline constexpr bool is_info_insert<info_insert<E>> = true;
template <class E>
inline constexpr bool is_call_insert = false;
template <class R, class Q>
inline constexpr bool is_call_insert<call_insert<R, Q>> = true;
template <class E>
inline constexpr bool is_module_word = false;
template <class E>
inline constexpr bool is_module_word<module_word<E>> = true;

template <class M, class Module>
statem_order module_order(const module_word<Module>& word) {
  statem_order order;
  order.what = word.what == module_change::push     ? statem_order::kind::push
               : word.what == module_change::change ? statem_order::kind::change
                                                    : statem_order::kind::pop;
  if constexpr (!std::is_void_v<Module>) {
    constexpr bool known = machine_facts<M>::template has_module<Module>;
    static_assert(known, "kin: a callback module stands among the machine's callback_modules");
    order.module = machine_facts<M>::template module_at<Module>();
  }
  return order;
}
template <class M, class R, class Q>
statem_order call_order(call_insert<R, Q> insert) {
  constexpr bool known = machine_rules<M>::template answers<Q>();
  static_assert(known, "kin: no state of this machine has a handle_call for this request");
  statem_order order;
  if constexpr (known) {
    static_assert(std::is_same_v<R, typename machine_facts<M>::template reply<Q>>,
                  "kin: the caller waits for another type than this request is answered with");
    order.caller = insert.caller.release();
    order.content = message(box_request(std::move(insert.request), &call_of<M, Q>));
  }
  return order;
}

template <class M, bool Entering, class A>
void note_action(statem_step& step, A&& action) {
  using T = std::remove_cvref_t<A>;
  constexpr bool anywhere = std::is_same_v<T, hibernate_t> || std::is_same_v<T, timeout> ||
      std::is_same_v<T, state_timeout> || is_timer<T> || is_update<T> ||
      std::is_same_v<T, timer_cancel> || std::is_same_v<T, timer_word_cancel>;
  static_assert(anywhere || !Entering,
                "kin: handle_enter sets timeouts and hibernates, no more: no kin::postpone, no "
                "events inserted, no callback module changed");
  if constexpr (std::is_same_v<T, hibernate_t>) {
    step.hibernates = true;
  } else if constexpr (std::is_same_v<T, postpone_t>) {
    step.postpones = action.yes;
  } else if constexpr (std::is_same_v<T, timeout>) {
    step.orders.push_back(
        order_of({timer_key::kind::event}, action.after, {}, event_of<M>(timeout(action))));
  } else if constexpr (std::is_same_v<T, state_timeout>) {
    step.orders.push_back(
        order_of({timer_key::kind::state}, action.after, {}, event_of<M>(state_timeout(action))));
  } else if constexpr (is_timer<T>) {
    step.orders.push_back(order_of(std::move(action.key), action.after, action.at,
                                   event_of<M>(std::move(action.event))));
  } else if constexpr (is_update<T>) {
    step.orders.push_back(
        order_of(std::move(action.key), {}, {}, event_of<M>(std::move(action.event))));
    step.orders.back().what = statem_order::kind::update;
  } else if constexpr (std::is_same_v<T, timer_cancel> || std::is_same_v<T, timer_word_cancel>) {
    statem_order order;
    order.what = statem_order::kind::cancel;
    if constexpr (std::is_same_v<T, timer_cancel>) {
      order.key = std::move(action.key);
    } else {
      order.key.what = action.what;
    }
    step.orders.push_back(std::move(order));
  } else if constexpr (Entering) {
    return;  // the assertion above has told
  } else if constexpr (is_event_insert<T>) {
    statem_order order;
    order.content = event_of<M>(std::move(action.event));
    step.orders.push_back(std::move(order));
  } else if constexpr (is_info_insert<T>) {
    statem_order order;
    order.what = statem_order::kind::info;
    order.content = message::of(std::move(action.message));
    step.orders.push_back(std::move(order));
  } else if constexpr (is_call_insert<T>) {
    step.orders.push_back(call_order<M>(std::move(action)));
  } else if constexpr (is_module_word<T>) {
    step.orders.push_back(module_order<M>(action));
  } else {
    static_assert(sizeof(T) == 0, "kin: this is no action");
  }
}

// ---- the process --------------------------------------------------------------------------------

/// Runs clause `at`, as clauses::run, but what can be copied is not moved out of the message.
template <class... C, class Out>
void run_on_copy(clauses<C...>& set, std::size_t at, message& m, Out&& out) {
  std::size_t here = 0;
  const auto run_if_it = [&]<class T>(std::type_identity<T> /*type*/) {
    if (here++ != at) return false;
    if constexpr (std::is_copy_constructible_v<T>) {
      message copy = message::of(T(*static_cast<const T*>(value_of(m.node()))));
      set.run(at, copy, out);
    } else {
      set.run(at, m, out);
    }
    return true;
  };
  static_cast<void>((run_if_it(std::type_identity<typename clause<C>::type>{}) || ...));
}

template <class M, class... A>
class machine_body final : public holds_server<machine_process<M>, M, A...> {
 public:
  using holds_server<machine_process<M>, M, A...>::holds_server;

 private:
  using facts = machine_facts<M>;
  using transition = typename M::transition;

  void* modules() override { return &modules_; }
  [[nodiscard]] bool enters() const override { return facts::enters; }
  [[nodiscard]] bool has_several_states() const override {
    return std::variant_size_v<typename M::machine_states> > 1;
  }
  void run_init([[maybe_unused]] statem_step& out) override {
    if constexpr (requires(M & m) { m.init(); }) {
      transition t;
      if constexpr (std::is_void_v<decltype(this->made().init())>) {
        this->made().init();
      } else {
        t = this->made().init();
      }
      this->leave(out, std::move(t));
      out.changed = false;  // it is where it starts
      this->before().reset();
    }
  }
  void run_enter([[maybe_unused]] statem_step& out) override {
    if constexpr (facts::enters) {
      auto before = std::exchange(this->before(), std::nullopt);
      typename M::entry e;
      const auto run = [&]<class T, class S>(T& handlers, S& now) {
        state_ref<S> at = now;
        if constexpr (enters_state<T, S>) {
          gather_entry(e, [&] { return handlers.handle_enter(at); });
        } else if constexpr (enters_state_from<T, S, typename M::state_type>) {
          if constexpr (std::variant_size_v<typename M::machine_states> == 1) {
            const S old = before ? std::move(*std::get_if<0>(&*before)) : S(at);
            gather_entry(e, [&] { return handlers.handle_enter(at, old); });
          } else {
            const typename M::state_type old = before ? *std::move(before) : this->made().state();
            gather_entry(e, [&] { return handlers.handle_enter(at, old); });
          }
        }
      };
      with_state(this->made(), &modules_, run);
      out = std::move(static_cast<statem_step&>(e));
    }
  }
  template <class F>
  static void gather_entry(typename M::entry& out, F run) {
    using R = decltype(run());
    if constexpr (std::is_void_v<R>) {
      run();
    } else {
      constexpr bool good = std::is_convertible_v<R, typename M::entry>;
      static_assert(good,
                    "kin: handle_enter returns nothing, or an entry: kin::keep_state, "
                    "kin::stop(why), or a timeout");
      if constexpr (good) out = typename M::entry(run());
    }
  }
  void run_info(message& m, statem_step& out) override {
    transition t;
    const auto run = [&]<class T, class S>(T& handlers, S& now) {
      state_ref<S> at = now;
      if constexpr (requires { handlers.handle_info(at).match(m.node()); }) {
        auto clauses = handlers.handle_info(at);
        const std::size_t found = clauses.match(m.node());
        if (found == decltype(clauses)::none) throw_unhandled(m.type(), typeid(S));
        run_on_copy(clauses, found, m, [&]<class... V>(V&&... value) {
          if constexpr ((check_event_result<M, std::remove_cvref_t<V>>() && ...))
            ((t = std::forward<V>(value)), ...);
        });
      } else {
        throw_unhandled(m.type(), typeid(S));
      }
    };
    with_state(this->made(), &modules_, run);
    this->leave(out, std::move(t));
  }
  void terminate_server([[maybe_unused]] const exit_reason& why) override {
    if (!this->is_made()) return;
    if constexpr (has_modules) {
      if (!modules_.empty()) {
        std::visit(
            [&]<class T>(T& module) {
              if constexpr (requires { module.terminate(why); }) module.terminate(why);
            },
            modules_.back());
        return;
      }
    }
    if constexpr (requires(M & m) { m.terminate(why); }) this->made().terminate(why);
  }
  bool change_module([[maybe_unused]] const statem_order& order) override {
    if constexpr (has_modules) {
      if (order.what == statem_order::kind::pop) {
        if (modules_.empty()) return false;
        modules_.pop_back();
        return true;
      }
      if (order.what == statem_order::kind::change && !modules_.empty()) modules_.pop_back();
      make_module(order.module, typename modules_named<typename M::callback_modules>::type{});
      return true;
    } else {
      return false;
    }
  }
  template <class... N>
  void make_module(std::size_t which, type_list<N...> /*all*/) {
    std::size_t at = 0;
    static_cast<void>(
        ((at++ == which && (modules_.emplace_back(N{this->made()}), true)) || ...));
  }
  [[nodiscard]] std::vector<std::string> module_names() const override {
    std::vector<std::string> all;
    if constexpr (has_modules) {
      for (auto one = modules_.rbegin(); one != modules_.rend(); ++one)
        std::visit([&]<class T>(const T& /*m*/) { all.push_back(type_name(typeid(T))); }, *one);
    }
    all.push_back(type_name(typeid(M)));
    return all;
  }
  void print_machine(std::ostream& out) const override {
    if (!this->is_made()) {
      out << "(starting)";
    } else if constexpr (requires(const M& m) { m.format_status(); }) {
      kin::print(out, this->made().format_status());
    } else {
      out << '{';
      kin::print(out, machine_access::states(this->made()));
      out << ", ";
      kin::print(out, this->made());
      out << '}';
    }
  }

  static constexpr bool has_modules =
      !std::is_same_v<typename modules_named<typename M::callback_modules>::type, type_list<>>;
  std::conditional_t<has_modules, typename facts::module_stack, no_modules<M>> modules_;
};

template <class M>
template <class... A>
struct machine_rules<M>::process_of : std::type_identity<machine_body<M, A...>> {};

template <class M, class States = typename M::machine_states>
inline constexpr bool is_machine_base = false;
template <class M, class... S>
inline constexpr bool is_machine_base<M, std::variant<S...>> =
    std::is_base_of_v<gen_statem<M, S...>, M>;
template <class S>
concept has_machine_init = requires(S& s) {
  requires std::is_void_v<decltype(s.init())> ||
      std::is_convertible_v<decltype(s.init()), typename S::transition>;
};

template <class M>
constexpr bool machine_rules<M>::check() {
  static_assert(is_machine_base<M>,
                "kin: the first argument of gen_statem is the machine's own class");
  static_assert(!has_init<M> || has_machine_init<M>,
                "kin: init takes nothing, and returns nothing or a transition: kin::next_state(...), "
                "kin::ignore(), kin::stop(why)");
  static_assert(!has_terminate<M> || hears_its_end<M>,
                "kin: terminate takes a const kin::exit_reason&");
  return is_machine_base<M> && (!has_init<M> || has_machine_init<M>);
}

}  // namespace detail

template <class Machine, class... States>
template <class A>
void gen_statem<Machine, States...>::transition::do_it(A action) {
  detail::note_action<Machine, false>(*this, std::move(action));
}
template <class Machine, class... States>
template <class A>
void gen_statem<Machine, States...>::entry::do_it(A action) {
  detail::note_action<Machine, true>(*this, std::move(action));
}

}  // namespace kin
