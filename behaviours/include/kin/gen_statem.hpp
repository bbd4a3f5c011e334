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
//   auto | void        format_status(...) const as a server's, see gen_server.hpp
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
#include <kin/statem_base.hpp>
#include <kin/statem_dispatch.hpp>
#include <kin/statem_process.hpp>

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

namespace KIN_PUBLIC kin {
namespace detail {

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
    static_cast<void>(((at++ == which && (modules_.emplace_back(N{this->made()}), true)) || ...));
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
    if (this->print_formatted(out)) return;
    out << '{';
    kin::print(out, machine_access::states(this->made()));
    out << ", ";
    kin::print(out, this->made());
    out << '}';
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
  static_assert(
      !has_init<M> || has_machine_init<M>,
      "kin: init takes nothing, and returns nothing or a transition: kin::next_state(...), "
      "kin::ignore(), kin::stop(why)");
  static_assert(!has_terminate<M> || hears_its_end<M>,
                "kin: terminate takes a const kin::exit_reason&");
  static_assert(!has_drops_expired<M> || has_good_drops_expired<M>,
                "kin: drops_expired is a static constexpr bool");
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
