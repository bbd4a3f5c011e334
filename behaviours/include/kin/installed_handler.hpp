// SPDX-License-Identifier: Apache-2.0
// A handler of events in its manager: a class of a program's own, behind one face. What templates make
// of it: a call for each of its callbacks, by the manager's events; the rest is compiled once
// (event_manager.hpp).
#pragma once

#include <kin/event_handler.hpp>
#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/receive.hpp>
#include <kin/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {

/// A handler in a manager, whatever its class.
class installed_handler {
 public:
  installed_handler(handler_id name)
      : id(std::move(name)) {}  // NOLINT(google-explicit-constructor)
  installed_handler(const installed_handler&) = delete;
  installed_handler& operator=(const installed_handler&) = delete;
  virtual ~installed_handler() = default;
  virtual handled init() = 0;
  /// The manager's event number `which`.
  virtual handled event(std::size_t which, const void* value) = 0;
  /// Nothing: no clause takes it.
  virtual std::optional<handled> info(const message& m) = 0;
  /// Its answer; empty if there is none.
  virtual message terminate(const handler_end& how) = 0;
  virtual void print(std::ostream& out) const = 0;

  const handler_id id;
  pid subscriber;
};

/// Makes a handler, once, in the manager.
class handler_maker {
 public:
  explicit handler_maker(handler_id name) : id(std::move(name)) {}
  handler_maker(const handler_maker&) = delete;
  handler_maker& operator=(const handler_maker&) = delete;
  virtual ~handler_maker() = default;
  /// `before`: what the one before it left; not looked at where it takes nobody's place.
  virtual std::unique_ptr<installed_handler> make(result<message> before) = 0;

  const handler_id id;
};

/// A callback wants another handler in its place.
struct swap_order {
  exit_reason why;
  std::unique_ptr<handler_maker> maker;
  const std::type_info* manager;  // that it was made for
};

template <class Result, class F>
handled handled_of(F&& callback) {
  if constexpr (std::is_void_v<Result>) {
    callback();
    return {};
  } else {
    return handled(callback());
  }
}
template <class R>
concept says_handled = std::is_void_v<R> || std::is_convertible_v<R, handled>;

template <class H, class E>
concept handles_event = requires(H& h, const E& event) {
  h.handle_event(event);
};
template <class H, class E>
using event_result = decltype(std::declval<H&>().handle_event(std::declval<const E&>()));

// ---- handle_info: the next handler gets the message too, so none of them may move it away --------

template <class C>
struct lent_clause {
  using parameter = typename parameter_in<decltype(&C::operator())>::type;
};
template <class G, class F>
struct lent_clause<guarded<G, F>> : lent_clause<F> {};
template <class P>
inline constexpr bool only_looks =
    std::is_lvalue_reference_v<P>&& std::is_const_v<std::remove_reference_t<P>>;
template <class C>
constexpr bool can_be_lent() {
  using P = typename lent_clause<C>::parameter;
  return only_looks<P> || (!takes_all<C> && std::is_copy_constructible_v<typename clause<C>::type>);
}
template <class C>
message lent(const message& m) {
  if constexpr (only_looks<typename lent_clause<C>::parameter> || !can_be_lent<C>()) {
    return {};
  } else {
    using T = typename clause<C>::type;
    return message::of(T(*static_cast<const T*>(value_of(m.node()))));
  }
}
template <class Set>
struct info_clauses;
template <class... C>
struct info_clauses<clauses<C...>> {
  static constexpr bool can_all_be_lent = (can_be_lent<C>() && ...);
  static constexpr bool all_say_handled = (says_handled<typename clause<C>::result> && ...);
  /// A copy for the clause that takes one; empty: it only looks.
  static message copy_for(std::size_t at, const message& m) {
    constexpr std::array<message (*)(const message&), sizeof...(C)> copiers{&lent<C>...};
    return copiers[at](m);
  }
};

template <class H>
concept has_handle_event = requires {
  &H::handle_event;
};

// ---- what terminate returns ----------------------------------------------------------------------

template <class H>
constexpr auto last_word() {
  if constexpr (requires(H & h, const handler_end& how) { h.terminate(how); }) {
    return std::type_identity<std::remove_cvref_t<decltype(std::declval<H&>().terminate(
        std::declval<const handler_end&>()))>>{};
  } else {
    return std::type_identity<void>{};
  }
}
/// What H's `terminate` returns; void if it has none.
template <class H>
using last_word_of = typename decltype(last_word<H>())::type;
/// The same as a value again.
template <class T>
result<T> unboxed(result<message> last) {
  if (!last) return last.error();
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return std::move(*last->template get_if<T>());
  }
}

template <class H>
constexpr bool check_handler() {
  if constexpr (has_handle_info<H>) {
    static_assert(gives_clauses<H>, "kin: handle_info takes nothing and returns kin::clauses{...}");
    if constexpr (gives_clauses<H>) {
      using set = info_clauses<decltype(std::declval<H&>().handle_info())>;
      static_assert(set::can_all_be_lent,
                    "kin: other handlers get the message too: a clause of this handle_info takes "
                    "it as const&");
      static_assert(set::all_say_handled,
                    "kin: a clause of this handle_info returns nothing, kin::hibernate, "
                    "kin::remove_handler or kin::swap_to<...>(*this)");
      if (!set::can_all_be_lent || !set::all_say_handled) return false;
    }
  }
  static_assert(
      !has_terminate<H> || requires(H & h, const handler_end& how) { h.terminate(how); },
      "kin: terminate of a handler takes a const kin::handler_end&");
  using last = last_word_of<H>;
  static_assert(std::is_void_v<last> || sendable<last>,
                "kin: what terminate returns cannot be handed on: it is a pointer, a view or "
                "cannot be moved");
  return (!has_handle_info<H> || gives_clauses<H>)&&(std::is_void_v<last> || sendable<last>);
}

/// A handler of class H; its events are still unknown.
template <class H>
class held_handler : public installed_handler {
 public:
  template <class... A>
  explicit held_handler(handler_id name, A&&... arguments)
      : installed_handler(std::move(name)), handler(std::forward<A>(arguments)...) {}

  handled init() override {
    if constexpr (requires { handler.init(); }) {
      return handled_of<decltype(handler.init())>([this] { return handler.init(); });
    } else {
      return {};
    }
  }
  std::optional<handled> info([[maybe_unused]] const message& m) override {
    if constexpr (requires { handler.handle_info(); }) {
      auto all = handler.handle_info();
      const std::size_t at = all.match(m.node());
      if (at == decltype(all)::none) return std::nullopt;
      message copy = info_clauses<decltype(all)>::copy_for(at, m);
      borrowed_message original(m.node());
      handled then;
      all.run(at, copy.empty() ? original.get() : copy,
              [&]<class... V>(V&&... value) { ((then = handled(std::forward<V>(value))), ...); });
      return then;
    } else {
      return std::nullopt;
    }
  }
  message terminate([[maybe_unused]] const handler_end& how) override {
    if constexpr (!requires { handler.terminate(how); }) {
      return {};
    } else if constexpr (std::is_void_v<decltype(handler.terminate(how))>) {
      handler.terminate(how);
      return {};
    } else {
      return message::of(last_word_of<H>(handler.terminate(how)));
    }
  }
  void print(std::ostream& out) const override {
    if constexpr (requires { handler.format_status(); }) {
      kin::print(out, handler.format_status());
    } else {
      kin::print(out, handler);
    }
  }

  H handler;
};

/// In a manager with these events.
template <class H, class... Events>
class handler_of final : public held_handler<H> {
 public:
  using held_handler<H>::held_handler;
  handled event(std::size_t which, const void* value) override {
    static constexpr std::array<handled (*)(H&, const void*), sizeof...(Events)> all{
        &take<Events>...};
    return all[which](this->handler, value);
  }

 private:
  template <class E>
  static handled take([[maybe_unused]] H& h, [[maybe_unused]] const void* value) {
    if constexpr (handles_event<H, E>) {
      return handled_of<event_result<H, E>>(
          [&] { return h.handle_event(*static_cast<const E*>(value)); });
    } else {
      return {};
    }
  }
};

/// It takes nobody's place.
struct no_predecessor {};

/// Made of these arguments, and, if it wants that, of what the one before left: a result<Before>.
template <class Handler, class H, class Before, class... A>
class maker_of final : public handler_maker {
 public:
  maker_of(handler_id name, std::tuple<A...> arguments)
      : handler_maker(std::move(name)), arguments_(std::move(arguments)) {}
  std::unique_ptr<installed_handler> make([[maybe_unused]] result<message> before) override {
    return std::apply(
        [&](A&... a) -> std::unique_ptr<installed_handler> {
          if constexpr (!std::is_same_v<Before, no_predecessor> &&
                        std::constructible_from<H, A..., result<Before>>) {
            return std::make_unique<Handler>(id, std::move(a)...,
                                             unboxed<Before>(std::move(before)));
          } else {
            return std::make_unique<Handler>(id, std::move(a)...);
          }
        },
        arguments_);
  }

 private:
  std::tuple<A...> arguments_;
};

}  // namespace detail
}  // namespace kin
