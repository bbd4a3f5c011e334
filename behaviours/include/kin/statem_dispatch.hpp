// SPDX-License-Identifier: Apache-2.0
// From an event and the state to the handler, and from what that returns to a step of the compiled
// half. All that exists once a type of event stands here; programs include gen_statem.hpp.
#pragma once

#include <kin/export.hpp>
#include <kin/statem_base.hpp>
#include <kin/statem_process.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace KIN_PUBLIC kin {
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
  using reply = typename decltype(first_reply<decltype(reply_of_module<M, Q>()),
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
  static_cast<void>(
      ((states.index() == I && (f(handlers, *std::get_if<I>(&states)), true)) || ...));
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
  if (t.to_) {
    auto& now = states(machine);
    const bool same = now.index() == t.to_->index() && [&] {
      return [&]<std::size_t... I>(std::index_sequence<I...> /*states*/) {
        return ((now.index() == I && same_state(*std::get_if<I>(&now), *std::get_if<I>(&*t.to_))) ||
                ...);
      }
      (std::make_index_sequence<std::variant_size_v<typename M::machine_states>>{});
    }();
    t.changed = !same;
    if (t.changed) before.emplace(std::move(now));
    now = *std::move(t.to_);
  }
  out = std::move(static_cast<statem_step&>(t));
}

/// What a typed body adds to statem_process: where the old state is put.
template <class M>
class machine_process : public statem_process {
 public:
  using statem_process::reply;
  using statem_process::statem_process;
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
    if (result.value && head.number != 0)
      mine.host().template reply<R>(head, *std::move(result.value));
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
            &run_call<M, Q>,
            drops_expired<M>()};
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
    step.orders.push_back(call_order<M>(std::forward<A>(action)));
  } else if constexpr (is_module_word<T>) {
    step.orders.push_back(module_order<M>(action));
  } else {
    static_assert(sizeof(T) == 0, "kin: this is no action");
  }
}

}  // namespace detail
}  // namespace kin
