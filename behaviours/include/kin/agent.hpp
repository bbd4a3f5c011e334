// SPDX-License-Identifier: Apache-2.0
// A value in a process of its own, for others to look at and to change: a server that need not be
// written.
//
//   inline constexpr kin::name<kin::agent<int>> hits{"hits"};
//   kin::start_link<kin::agent<int>>({.name = hits}, 0);
//   kin::update(hits, [](int& n) { ++n; });
//   int n = kin::get(hits, [](int n) { return n; });
//   kin::cast(hits, [](int& n) { n = 0; });
//
// It is a gen_server: start, names, supervisors, stop and sys are those of every server. Functions
// run in its process, one after another; one that throws ends it.
#pragma once

#include <kin/export.hpp>
#include <kin/gen_server.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {

template <class F>
struct agent_get {
  F look;
};
template <class F>
struct agent_update {
  F change;
};
template <class F>
struct agent_get_and_update {
  F act;
};

/// Takes the state and changes it, or takes it and returns the new one.
template <class F, class State>
concept changes_in_place = std::is_void_v<std::invoke_result_t<F&, State&>>;
template <class F, class State>
concept changes = std::is_invocable_v<F&, State&> &&
    (changes_in_place<F, State> || std::is_convertible_v<std::invoke_result_t<F&, State&>, State>);
template <class F, class State>
concept makes = std::is_invocable_v<F&> && std::is_convertible_v<std::invoke_result_t<F&>, State>;

}  // namespace detail

/// The server of a value. Its constructor takes the first value, or a function that gives it, in the
/// agent's process.   See  Elixir's Agent.
template <class State>
class agent : public gen_server {
 public:
  /// What it holds.
  using state_type = State;
  /// From a value.
  explicit agent(State first) : state_(std::move(first)) {}
  /// From a function; what it throws is why the agent does not start.
  template <class F>
  requires(detail::makes<F, State> && !std::is_convertible_v<F, State>) explicit agent(F first)
      : state_(first()) {}

  template <class F>
  auto handle_call(detail::agent_get<F> request) {
    return std::invoke(request.look, std::as_const(state_));
  }
  template <class F>
  void handle_call(detail::agent_update<F> request) {
    change(request.change);
  }
  template <class F>
  auto handle_call(detail::agent_get_and_update<F> request) {
    return std::invoke(request.act, state_);
  }
  /// A change that nobody waits for.
  template <detail::changes<State> F>
  void handle_cast(F message) {
    change(message);
  }
  /// What reports print.
  [[nodiscard]] const State& format_status() const { return state_; }

 private:
  template <class F>
  void change(F& f) {
    if constexpr (detail::changes_in_place<F, State>) {
      std::invoke(f, state_);
    } else {
      state_ = std::invoke(f, state_);
    }
  }
  State state_;
};

namespace detail {
template <class>
struct state_of_agent : std::type_identity<void> {};
template <class State>
struct state_of_agent<agent<State>> : std::type_identity<State> {};
/// void: it is none.
template <class To>
using agent_state = typename state_of_agent<typename server_behind<To>::type>::type;

template <class To>
constexpr bool check_agent() {
  static_assert(!std::is_void_v<agent_state<To>>,
                "kin: this needs an agent: its typed name or handle");
  return !std::is_void_v<agent_state<To>>;
}
template <class To, class F>
constexpr bool check_get() {
  if constexpr (check_agent<To>()) {
    constexpr bool fits = std::is_invocable_v<F&, const agent_state<To>&>;
    static_assert(fits, "kin: this function looks at an agent's state: it takes a const State&");
    return fits;
  }
  return false;
}
template <class To, class F>
constexpr bool check_update() {
  if constexpr (check_agent<To>()) {
    constexpr bool fits = changes<F, agent_state<To>>;
    static_assert(fits,
                  "kin: this function changes an agent's state: it takes a State& and returns "
                  "nothing, or the new state");
    return fits;
  }
  return false;
}
template <class To, class F>
constexpr bool check_get_and_update() {
  if constexpr (check_agent<To>()) {
    constexpr bool fits = std::is_invocable_v<F&, agent_state<To>&>;
    static_assert(fits,
                  "kin: this function changes an agent's state, and returns what the caller gets: "
                  "it takes a State&");
    return fits;
  }
  return false;
}
}  // namespace detail

/// Gives what `look(state)` returns; it runs in the agent.
///
/// Throws   as call: what `look` throws ends the agent.
/// Waits    up to `limit`.   Thread  any.   See  Agent.get/3.
template <address To, class F>
auto get(const To& agent, F look, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_get<To, F>())
    return call(agent, detail::agent_get<F>{std::move(look)}, limit);
}
/// As get, but a failure is the reason in the result.
template <address To, class F>
auto try_get(const To& agent, F look, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_get<To, F>())
    return try_call(agent, detail::agent_get<F>{std::move(look)}, limit);
}
/// Runs `change(state)` in the agent: it changes the state where it is, or returns the new one.
/// `kin::cast(agent, change)` does not wait for that.
///
/// Throws, Waits and Thread as get.   See  Agent.update/3.
template <address To, class F>
void update(const To& agent, F change, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_update<To, F>())
    call(agent, detail::agent_update<F>{std::move(change)}, limit);
}
/// As update, but a failure is the reason in the result.
template <address To, class F>
result<void> try_update(const To& agent, F change, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_update<To, F>()) {
    return try_call(agent, detail::agent_update<F>{std::move(change)}, limit);
  } else {
    return {};
  }
}
/// Runs `act(state)` in the agent, which may change the state, and gives what it returns.
///
/// Throws, Waits and Thread as get.   See  Agent.get_and_update/3.
template <address To, class F>
auto get_and_update(const To& agent, F act, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_get_and_update<To, F>())
    return call(agent, detail::agent_get_and_update<F>{std::move(act)}, limit);
}
/// As get_and_update, but a failure is the reason in the result.
template <address To, class F>
auto try_get_and_update(const To& agent, F act, duration limit = std::chrono::seconds(5)) {
  if constexpr (detail::check_get_and_update<To, F>())
    return try_call(agent, detail::agent_get_and_update<F>{std::move(act)}, limit);
}

}  // namespace kin
