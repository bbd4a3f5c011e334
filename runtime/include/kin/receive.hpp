// SPDX-License-Identifier: Apache-2.0
// receive(clause..., after(...)): the oldest message that any clause takes, as in Erlang. A clause
// is a lambda; the type of its parameter is the pattern, and `when` adds a guard. The same clauses
// serve a handler loop
// (`return kin::loop(...)`) and a server's handle_info.
#pragma once

#include <kin/behaviour.hpp>
#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>
#include <kin/time.hpp>
#include <kin/wait.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {

template <class>
struct parameter_in {};  // none, or many
template <class C, class R, class A>
struct parameter_in<R (C::*)(A)> : std::type_identity<A> {};
template <class C, class R, class A>
struct parameter_in<R (C::*)(A) const> : std::type_identity<A> {};
template <class C, class R, class A>
struct parameter_in<R (C::*)(A) noexcept> : std::type_identity<A> {};
template <class C, class R, class A>
struct parameter_in<R (C::*)(A) const noexcept> : std::type_identity<A> {};
template <class F>
concept has_one_signature = requires {
  &F::operator();
};
template <class F>
concept has_one_parameter = requires {
  typename parameter_in<decltype(&F::operator())>::type;
};

template <class Guard, class F>
struct guarded {
  Guard guard;
  F handler;
};
template <class T, class V>
struct member_is {
  V T::*member;
  V value;
  bool operator()(const T& m) const { return m.*member == value; }
};
template <class F>
struct timed {
  duration delay;
  F handler;
};

}  // namespace detail

/// A clause with a guard: taken only when `guard(message)` holds.
template <class Guard, class F>
[[nodiscard]] auto when(Guard guard, F handler) {
  return detail::guarded<Guard, F>{std::move(guard), std::move(handler)};
}
/// A clause for messages whose member has this value: `when(&down::ref, worker, [](down d) { ...
/// })`.
template <class T, class M, std::convertible_to<M> V, class F>
[[nodiscard]] auto when(M T::*member, V value, F handler) {
  return detail::guarded<detail::member_is<T, M>, F>{{member, static_cast<M>(std::move(value))},
                                                     std::move(handler)};
}
/// The last argument of a receive: what to do when nothing was taken for `delay`. Zero looks at the
/// mailbox once.
template <class F>
[[nodiscard]] auto after(duration delay, F handler) {
  return detail::timed<F>{delay, std::move(handler)};
}

namespace detail {

/// The lambda of a clause, and what can be wrong with it in the words of who wrote it.
template <class F>
struct clause_function {
  static_assert(std::is_class_v<F>, "kin: a clause is a lambda, [](ping p) { ... }");
  static_assert(!std::is_class_v<F> || has_one_signature<F>,
                "kin: a clause takes one named message type, not auto");
  static_assert(!has_one_signature<F> || has_one_parameter<F>,
                "kin: a clause has one parameter, the message");
  using type = std::remove_cvref_t<typename parameter_in<decltype(&F::operator())>::type>;
  static_assert(sendable<type>,
                "kin: a clause for what is never a message: it is a pointer, a view or cannot be "
                "moved");
  static_assert(std::is_invocable_v<F&, type&&>,
                "kin: a clause takes its message by value, const& or &&: it is moved out of the "
                "mailbox");
  using result = std::invoke_result_t<F&, type&&>;
};

template <class C>
struct clause : clause_function<C> {  // a plain lambda
  using typename clause_function<C>::type;
  using typename clause_function<C>::result;
  static constexpr bool has_guard = false;
  static bool accepts(C& /*clause*/, const type& /*value*/) { return true; }
  static ref pinned(const C& /*clause*/) { return {}; }
  static result run(C& c, type&& value) { return c(std::move(value)); }
};
template <class G, class F>
struct clause<guarded<G, F>> : clause_function<F> {
  using typename clause_function<F>::type;
  using typename clause_function<F>::result;
  static_assert(std::is_same_v<type, message> || std::predicate<G&, const type&>,
                "kin: a guard is asked with the message of its clause, and answers true or false");
  static constexpr bool has_guard = true;
  static bool accepts(guarded<G, F>& c, const type& value) { return c.guard(value); }
  static ref pinned(const guarded<G, F>& c) {
    if constexpr (std::is_same_v<G, member_is<type, ref>>) return c.guard.value;
    return {};
  }
  static result run(guarded<G, F>& c, type&& value) { return c.handler(std::move(value)); }
};
template <class F>
struct clause<timed<F>> {
  static_assert(std::is_invocable_v<F&>, "kin: what after(...) runs takes no argument");
  using result = std::invoke_result_t<F&>;
};
template <class>
inline constexpr bool is_after = false;
template <class F>
inline constexpr bool is_after<timed<F>> = true;
template <class C>
inline constexpr bool takes_all = std::is_same_v<typename clause<C>::type, message>;

/// Whether the clause wants this value, its guard asked.
template <class C>
bool matches(C& c, signal& s) {
  if constexpr (takes_all<C>) {
    return true;  // a guard on a whole message would have to own it
  } else {
    return same_type(*s.type->info, typeid(typename clause<C>::type)) &&
           clause<C>::accepts(c, *static_cast<typename clause<C>::type*>(value_of(s)));
  }
}
/// Runs the clause on a message it matched: a catch-all owns the message then, others move the
/// value out of it.
template <class C>
decltype(auto) run_clause(C& c, message& m) {
  if constexpr (takes_all<C>) {
    return clause<C>::run(c, std::move(m));
  } else {
    return clause<C>::run(c,
                          std::move(*static_cast<typename clause<C>::type*>(value_of(m.node()))));
  }
}

}  // namespace detail

/// Clauses as one value: what a server's handle_info returns.
template <class... C>
class clauses {
 public:
  /// In the order in which they are asked.
  explicit clauses(C... c) : all_(std::move(c)...) {}

  /// What `match` gives for a message that no clause takes.
  static constexpr std::size_t none = sizeof...(C);
  /// Some clause takes messages of every type.
  static constexpr bool any_type = (detail::takes_all<C> || ...);
  /// Some clause is made by `when`.
  static constexpr bool has_guards = (detail::clause<C>::has_guard || ...);
  /// The types that the clauses take.
  static constexpr std::array<const std::type_info*, sizeof...(C)> types{
      &typeid(typename detail::clause<C>::type)...};

  /// The first clause that takes it.
  std::size_t match(detail::signal& s) {
    std::size_t at = 0;
    std::apply(
        [&](auto&... c) { static_cast<void>(((detail::matches(c, s) || (++at, false)) || ...)); },
        all_);
    return at;
  }
  /// Runs clause `at` and gives what it returned to `out`; calls `out()` if it returns nothing.
  template <class Out>
  void run(std::size_t at, message& m, Out&& out) {
    run_at(at, m, out, std::index_sequence_for<C...>{});
  }
  /// The reference that every clause pins, if it is one and the same.
  [[nodiscard]] ref pinned() const {
    if constexpr (sizeof...(C) == 0) {
      return {};
    } else {
      return pinned_by_all();
    }
  }

 private:
  [[nodiscard]] ref pinned_by_all() const {
    return std::apply(
        [](const auto& first, const auto&... rest) {
          const ref one = detail::clause<std::remove_cvref_t<decltype(first)>>::pinned(first);
          const bool same =
              (true && ... &&
               (detail::clause<std::remove_cvref_t<decltype(rest)>>::pinned(rest) == one));
          return same ? one : ref{};
        },
        all_);
  }
  template <class Out, std::size_t... I>
  void run_at(std::size_t at, message& m, Out& out, std::index_sequence<I...> /*all*/) {
    static_cast<void>(((at == I && (run_one(std::get<I>(all_), m, out), true)) || ...));
  }
  template <class One, class Out>
  void run_one(One& one, message& m, Out& out) {
    if constexpr (std::is_void_v<typename detail::clause<One>::result>) {
      detail::run_clause(one, m);
      out();
    } else {
      out(detail::run_clause(one, m));
    }
  }
  std::tuple<C...> all_;
};
template <class... C>
clauses(C...) -> clauses<C...>;

namespace detail {

/// What looks at each message before the clauses do, and may serve it: nothing.
struct no_aside {
  static constexpr bool takes_any = false;
  static bool serve(receiver& /*mailbox*/, signal& /*candidate*/) { return false; }
};

template <class R, class Set, class Late, class Aside>
R receive(Set& set, duration limit, Late&& late, Aside& aside) {
  for (;;) {
    receiver mailbox(Set::types.data(), static_cast<std::uint32_t>(Set::types.size()),
                     Set::any_type || Aside::takes_any, limit,
                     Aside::takes_any ? ref{} : set.pinned());
    bool served = false;
    while (signal* candidate = mailbox.next()) {
      if (aside.serve(mailbox, *candidate)) {
        served = true;
        break;
      }
      const std::size_t at = set.match(*candidate);
      if (at == Set::none) continue;
      message taken = mailbox.take();
      if constexpr (std::is_void_v<R>) {
        set.run(at, taken, [](auto&&...) {});
        return;
      } else {
        std::optional<R> out;
        set.run(at, taken, [&]<class V>(V&& value) { out.emplace(std::forward<V>(value)); });
        return *std::move(out);
      }
    }
    if (!served) return late();
  }
}

template <class... R>
constexpr bool agree() {
  return (std::is_void_v<R> && ...) || requires { typename std::common_type<R...>::type; };
}

template <class... C>
constexpr bool after_comes_last() {
  constexpr std::array<bool, sizeof...(C)> after{is_after<C>...};
  for (std::size_t i = 0; i + 1 < after.size(); ++i) {
    if (after[i]) return false;
  }
  return true;
}

template <class Tuple, std::size_t... I>
auto first_clauses(Tuple& all, std::index_sequence<I...> /*first*/) {
  return clauses{std::move(std::get<I>(all))...};
}

/// kin::receive, with `aside`.
template <class Aside, class... C>
auto receive_beside(Aside& aside, C... c) {
  constexpr std::size_t count = sizeof...(C);
  static_assert(count > 0, "kin: a receive needs a clause, or after(...)");
  static_assert(after_comes_last<C...>(), "kin: after(...) comes last, and once");
  using last = std::tuple_element_t<count - 1, std::tuple<C...>>;
  static_assert(agree<typename clause<C>::result...>(),
                "kin: the clauses of a receive return different things");
  using R = typename std::common_type<typename clause<C>::result...>::type;
  std::tuple<C...> all{std::move(c)...};
  if constexpr (is_after<last>) {
    auto set = first_clauses(all, std::make_index_sequence<count - 1>{});
    auto& late = std::get<count - 1>(all);
    return receive<R>(set, late.delay, late.handler, aside);
  } else {
    auto set = first_clauses(all, std::make_index_sequence<count>{});
    return receive<R>(
        set, infinity, []() -> R { std::terminate(); }, aside);  // never late
  }
}

}  // namespace detail

/// Takes the oldest message that a clause matches, and returns what that clause returns (all must
/// agree, or all return nothing). Others stay in the mailbox, in order. With `after(d, f)` last,
/// runs `f` when nothing was taken for `d`.
///
///     kin::receive([](ping p) { kin::send(p.from, pong{}); },
///                  kin::when(&kin::down::ref, r, [](kin::down d) { ... }),
///                  kin::after(1s, [] { ... }));
///
/// Waits    until then; exit signals take effect here.
/// Context  a process.
/// Cost     a look at each message that no clause wants; two stack switches to wait.
/// See      receive ... end.
template <class... C>
auto receive(C... c) {
  detail::no_aside nothing;
  return detail::receive_beside(nothing, std::move(c)...);
}

// ---------------------------------------------------------------------------------------------------------------------

/// What a process body returns to go on as a handler. Made by kin::loop.
template <class... C>
struct handler {
  /// Programs write kin::loop.
  explicit handler(C... c) : all(std::move(c)...) {}
  std::tuple<C...> all;  ///< the clauses, and perhaps an `after`
};

/// `return kin::loop(clauses...)` as the last line of a process body: the process handles messages
/// with these clauses for ever, as if it called receive in an endless loop, but holds no stack
/// while it waits. A clause returns nothing, or what comes next: `kin::stop(kin::normal)`,
/// `kin::hibernate`, `kin::timeout{...}`.
template <class... C>
[[nodiscard]] handler<C...> loop(C... c) {
  return handler<C...>(std::move(c)...);
}

namespace detail {

// Takes no ownership of a node that is still the mailbox's, unless a clause moves the message on.
class borrowed_message {
 public:
  explicit borrowed_message(signal& s) : message_(&s) {}
  borrowed_message(const borrowed_message&) = delete;
  borrowed_message& operator=(const borrowed_message&) = delete;
  ~borrowed_message() { static_cast<void>(message_.release()); }
  message& get() { return message_; }

 private:
  message message_;
};

struct never_late {
  void operator()() const {}
};

template <class Set, class Late>
class loop_body final : public behaviour {
 public:
  loop_body(Set set, duration limit, Late late)
      : set_(std::move(set)), late_(std::move(late)), limit_(limit) {}

  next start() override { return again(); }
  next handle(incoming& in) override {
    const std::size_t at = set_.match(in.node());
    next then = again();
    auto keep = [&]<class... V>(V&&... value) { ((then = next(std::forward<V>(value))), ...); };
    if (at == Set::none) {
      in.leave();
      return {};  // and the idle time goes on
    } else if constexpr (Set::any_type) {
      message taken = in.take();
      set_.run(at, taken, keep);
    } else {
      borrowed_message here(in.node());
      set_.run(at, here.get(), keep);
    }
    return then;
  }
  next timed_out() override {
    if constexpr (std::is_void_v<std::invoke_result_t<Late&>>) {
      late_();
      return again();
    } else {
      return next(late_());
    }
  }
  [[nodiscard]] const std::type_info& subject() const override { return typeid(Set); }

 private:
  [[nodiscard]] next again() const { return limit_ == infinity ? next() : next(timeout{limit_}); }
  Set set_;
  [[no_unique_address]] Late late_;
  duration limit_;
};

template <class... C>
std::unique_ptr<behaviour> loop_of(handler<C...> h) {
  constexpr std::size_t count = sizeof...(C);
  static_assert(count > 0, "kin: a loop needs a clause");
  static_assert(after_comes_last<C...>(), "kin: after(...) comes last, and once");
  static_assert((says_what_is_next<typename clause<C>::result> && ...),
                "kin: a clause of kin::loop returns nothing, or what comes next: kin::stop(why), "
                "kin::timeout{...}");
  using last = std::tuple_element_t<count - 1, std::tuple<C...>>;
  if constexpr (is_after<last>) {
    auto set = first_clauses(h.all, std::make_index_sequence<count - 1>{});
    auto& late = std::get<count - 1>(h.all);
    using body = loop_body<decltype(set), decltype(late.handler)>;
    return std::make_unique<body>(std::move(set), late.delay, std::move(late.handler));
  } else {
    auto set = first_clauses(h.all, std::make_index_sequence<count>{});
    return std::make_unique<loop_body<decltype(set), never_late>>(std::move(set), infinity,
                                                                  never_late{});
  }
}

}  // namespace detail
}  // namespace kin
