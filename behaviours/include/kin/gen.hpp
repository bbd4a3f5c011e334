// SPDX-License-Identifier: Apache-2.0
// call, cast and reply: what clients and servers say to each other. The call site knows the
// server's class and the type of the request, so the message carries the function that applies it,
// and the compiler knows what comes back.
//
// Compile time is a feature here: per type of request only the box, `apply` and the unboxing of the
// reply exist; all else is compiled once, in gen.cpp.
#pragma once

#include <kin/export.hpp>
#include <kin/next.hpp>
#include <kin/registry.hpp>
#include <kin/request.hpp>
#include <kin/result.hpp>
#include <kin/time.hpp>

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

namespace sys {
struct status;
}  // namespace sys

/// The duty to answer one call. Keep it, move it elsewhere, answer another day, from any thread;
/// lost, it answers `dropped`. When the server that got the request ends first, the caller gets its
/// exit reason, as in OTP.
template <class R>
class [[nodiscard]] from {
 public:
  explicit from(detail::request_head& head) : duty_(head) {}
  /// The process that asked; or a thread, which takes no messages, but can be monitored.
  [[nodiscard]] kin::pid pid() const { return duty_.caller(); }
  /// Whether the answer is still owed.
  [[nodiscard]] bool owed() const { return duty_.owed(); }
  /// When the caller gives up; nothing if it waits for ever.
  [[nodiscard]] std::optional<clock::time_point> deadline() const { return duty_.deadline(); }
  /// Thread  any.
  void answer(R value) { duty_.answer(std::move(value)); }
  /// The call fails with this reason.
  void fail(const exit_reason& why) { duty_.fail(why); }
  /// For behaviours: the duty itself.
  [[nodiscard]] detail::promise release() { return std::move(duty_); }

 private:
  detail::promise duty_;
};
/// The duty to let a caller go on that waits for no value.
template <>
class [[nodiscard]] from<void> {
 public:
  explicit from(detail::request_head& head) : duty_(head) {}
  /// The process that asked; or a thread, which takes no messages, but can be monitored.
  [[nodiscard]] kin::pid pid() const { return duty_.caller(); }
  /// Whether it still waits to go on.
  [[nodiscard]] bool owed() const { return duty_.owed(); }
  /// When the caller gives up; nothing if it waits for ever.
  [[nodiscard]] std::optional<clock::time_point> deadline() const { return duty_.deadline(); }
  /// Thread  any.
  void answer() { duty_.answer(detail::nothing{}); }
  /// The call fails with this reason.
  void fail(const exit_reason& why) { duty_.fail(why); }
  /// For behaviours: the duty itself.
  [[nodiscard]] detail::promise release() { return std::move(duty_); }

 private:
  detail::promise duty_;
};

/// Answers.   See  gen_server:reply/2.
template <class R, class V>
void reply(from<R> caller, V&& value) {
  static_assert(std::is_convertible_v<V, R>,
                "kin: the caller waits for another type: the R of from<R>");
  if constexpr (std::is_convertible_v<V, R>) caller.answer(std::forward<V>(value));
}
/// Lets the caller go on.
inline void reply(from<void> caller) { caller.answer(); }

/// What stop(reason, value) returns: `replies` takes it.
template <class R>
struct stop_with_reply {
  exit_reason why;  ///< the server ends with
  R value;          ///< the caller gets
};
/// Returned from handle_call: end with this reason; the reply is sent after `terminate` has run.
template <class Why, class R>
requires(!detail::names_process<Why>) [[nodiscard]] stop_with_reply<R> stop(Why why, R value) {
  return {exit_reason(std::move(why)), std::move(value)};
}

/// What a handle_call returns when the answer is more than a value: a value; a value and what comes
/// next; noreply (the caller waits, see `from`); stop(reason, value); stop(reason), which the
/// caller sees as the server's end.
template <class R>
class replies {
 public:
  /// What `call` returns.
  using reply_type = R;
  /// The answer, at once.
  replies(R result) : value(std::move(result)) {}  // NOLINT(google-explicit-constructor)
  /// The answer, and what comes next.
  replies(R result, next next_step)
      : value(std::move(result)),
        then(std::move(next_step)) {}  // NOLINT(google-explicit-constructor)
  /// The answer comes later, from the `from` that the handler has kept.
  replies(noreply_t /*word*/) {}  // NOLINT(google-explicit-constructor)
  /// No answer now, and what comes next; after stop(reason) the caller gets the reason.
  replies(next next_step) : then(std::move(next_step)) {}  // NOLINT(google-explicit-constructor)
  /// The answer when `terminate` has run, and then the end.
  template <std::convertible_to<R> V>
  replies(stop_with_reply<V> s)  // NOLINT(google-explicit-constructor)
      : value(std::move(s.value)), then(next::stop(std::move(s.why))) {}

  std::optional<R> value;  ///< none: later
  next then;               ///< what comes next
};

namespace detail {

/// What a server has beside its state at times: what it starts with, what sys knows of it.
struct beside {
  beside() = default;
  beside(const beside&) = delete;
  beside& operator=(const beside&) = delete;
  virtual ~beside() = default;
};

class system_access;

/// The process a request is applied in.
class server_host {
 public:
  explicit server_host(std::unique_ptr<beside> start) : beside_(std::move(start)) {}
  server_host(const server_host&) = delete;
  server_host& operator=(const server_host&) = delete;
  virtual void* server() = 0;
  [[nodiscard]] virtual const std::type_info& server_type() const = 0;
  virtual void print_server(std::ostream& out) const = 0;
  /// What sys shows: its behaviour adds to it, its class may change it.
  virtual void format(sys::status& /*shown*/) const {}
  /// Whether the caller has given up: then the request is answered, and counted.
  [[nodiscard]] bool drops(request_head& head);
  /// Runs the server's `terminate`, once; the reason to end with.
  virtual exit_reason terminate(exit_reason why) = 0;
  /// Replies as `handle_call` returned.
  template <class R>
  void reply(request_head& head, R value) {
    signal* s = make_reply(head, std::move(value));
    if (watched_) [[unlikely]]
      see_reply(head.caller, *s);
    post_reply(std::exchange(head, {head.caller, 0}).caller, s);
  }

 protected:
  friend class system_access;
  ~server_host() = default;
  virtual void see_reply(pid caller, signal& reply) = 0;
  std::unique_ptr<beside> beside_;  // starting; null for most; system_state
  std::uint32_t expired_ = 0;       // requests that it has dropped
  bool watched_ = false;            // sys wants to know what it does
};

struct any_caller {  // stands for the second parameter of handle_call, whatever it is
  template <class R>
  operator from<R>() const;
  operator kin::pid() const;
};
template <class S, class Q>
concept takes_alone = requires(S& s, Q q) {
  s.handle_call(std::move(q));
};
template <class S, class Q>
concept takes_caller = requires(S& s, Q q) {
  s.handle_call(std::move(q), any_caller{});
};
template <class S, class Q>
concept gives_from = !takes_alone<S, Q> && !requires(S & s, Q q, kin::pid caller) {
  s.handle_call(std::move(q), caller);
};
template <class R>
struct unwrapped : std::type_identity<std::remove_cvref_t<R>> {};  // a reply is a copy
template <class R>
struct unwrapped<replies<R>> : std::type_identity<R> {};

/// What a gen_statem does its own way: see gen_statem.hpp.
template <class S>
struct machine_rules;
template <class S>
concept is_machine = requires {
  typename S::machine_states;
};

template <class S, class Q>
auto handler_result() {
  if constexpr (takes_alone<S, Q>) {
    return std::type_identity<decltype(std::declval<S&>().handle_call(std::declval<Q>()))>{};
  } else {
    return std::type_identity<decltype(std::declval<S&>().handle_call(std::declval<Q>(),
                                                                      any_caller{}))>{};
  }
}

}  // namespace detail

/// Server has a handle_call for Request. For asking; `call` says by itself what is wrong.
template <class Server, class Request>
concept answers = detail::takes_alone<Server, Request> || detail::takes_caller<Server, Request> ||
    (detail::is_machine<Server>&& detail::machine_rules<Server>::template answers<Request>());
/// Server has a handle_cast for Message; a state machine, a handle_event.
template <class Server, class Message>
concept hears = requires(Server& s, Message m) {
  s.handle_cast(std::move(m));
}
|| (detail::is_machine<Server> && detail::machine_rules<Server>::template hears<Message>());

namespace detail {
template <class S, class Q>
struct reply_to : unwrapped<typename decltype(handler_result<S, Q>())::type> {};
template <is_machine S, class Q>
struct reply_to<S, Q> : machine_rules<S>::template reply_to<Q> {};
}  // namespace detail
/// What `call` returns.
template <class Server, class Request>
requires answers<Server, Request>
using reply_of = typename detail::reply_to<Server, Request>::type;

namespace detail {

template <class R>
struct reply_box : std::type_identity<R> {};
template <>
struct reply_box<void> : std::type_identity<nothing> {};

template <class R, class Out>
next settle(server_host& host, request_head& head, Out&& out) {
  if constexpr (std::is_same_v<std::remove_cvref_t<Out>, replies<R>>) {
    if (!out.value) {
      return std::move(out.then);
    }
    if (!out.then.stops()) {
      host.reply<R>(head, *std::move(out.value));
      return std::move(out.then);
    }
    exit_reason why = host.terminate(out.then.reason());  // first, then the reply: as OTP
    host.reply<R>(head, *std::move(out.value));
    return next::stop(std::move(why));
  } else {
    host.reply(head, std::remove_cvref_t<Out>(std::forward<Out>(out)));
    return {};
  }
}

template <class S>
concept has_drops_expired = requires {
  S::drops_expired;
};
template <class S>
concept has_good_drops_expired = requires {
  typename std::bool_constant<S::drops_expired>;
};
/// Whether a server's class wants no request whose caller has given up.
template <class S>
constexpr bool drops_expired() {
  if constexpr (has_good_drops_expired<S>) return S::drops_expired;
  return false;
}

template <class S, class Q>
next apply_call(server_host& host, signal& request) {
  using R = reply_of<S, Q>;
  if constexpr (drops_expired<S>()) {
    if (host.drops(head_of(request))) return as_before;
  }
  S& s = *static_cast<S*>(host.server());
  Q& q = *static_cast<Q*>(value_of(request));
  request_head& head = head_of(request);
  const auto run = [&]() -> decltype(auto) {
    if constexpr (takes_alone<S, Q>) {
      return s.handle_call(std::move(q));
    } else if constexpr (requires { s.handle_call(std::move(q), head.caller); }) {
      return s.handle_call(std::move(q), head.caller);
    } else {
      static_assert(
          requires { s.handle_call(std::move(q), from<R>(head)); },
          "kin: handle_call's from<R> and the type it replies differ");
      if constexpr (requires { s.handle_call(std::move(q), from<R>(head)); }) {
        return s.handle_call(std::move(q), from<R>(head));
      }
    }
  };
  next then;
  if constexpr (!std::is_void_v<decltype(run())>) {
    then = settle<R>(host, head, run());
  } else {
    run();
    if (!gives_from<S, Q> && head.number != 0) host.reply(head, nothing{});
  }
  // Whoever was given the duty and neither kept it nor answered has thrown the request away.
  if (gives_from<S, Q> && head.number != 0 && !then.stops())
    answer_failure(std::exchange(head, {head.caller, 0}), dropped);
  return then;
}

template <class S, class M>
next apply_cast(server_host& host, signal& request) {
  S& s = *static_cast<S*>(host.server());
  M& m = *static_cast<M*>(value_of(request));
  if constexpr (std::is_void_v<decltype(s.handle_cast(std::move(m)))>) {
    s.handle_cast(std::move(m));
    return {};
  } else {
    return s.handle_cast(std::move(m));
  }
}

template <class S, class Q>
inline constexpr request_type call_of{
    {&typeid(Q), &destroy_value<Q>, &print_value<Q>, request_offset<Q>},
    &typeid(S),
    &apply_call<S, Q>};
template <class S, class M>
inline constexpr request_type cast_of{
    {&typeid(M), &destroy_value<M>, &print_value<M>, request_offset<M>},
    &typeid(S),
    &apply_cast<S, M>};

// To a state machine both are events.
template <is_machine S, class Q>
inline constexpr auto call_of<S, Q> = machine_rules<S>::template call_type<Q>();
template <is_machine S, class M>
inline constexpr auto cast_of<S, M> = machine_rules<S>::template cast_type<M>();

template <class S, class Q>
concept has_good_reply = std::is_void_v<reply_of<S, Q>> || sendable<reply_of<S, Q>>;

template <class To>
struct server_behind : std::type_identity<void> {};
template <class To>
requires requires { typename To::server_type; }
struct server_behind<To> : std::type_identity<typename To::server_type> {};

template <class S, class Q>
constexpr bool check_request() {
  static_assert(!std::is_void_v<S>,
                "kin: call needs a typed name or handle; a bare pid does not know its server");
  static_assert(
      sendable<Q>,
      "kin: this request cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (!std::is_void_v<S> && sendable<Q>) {
    static_assert(answers<S, Q> || is_machine<S>,
                  "kin: the server has no handle_call that takes this request");
    static_assert(answers<S, Q> || !is_machine<S>,
                  "kin: no state of this machine has a handle_call that takes this request");
    if constexpr (answers<S, Q>) {
      static_assert(has_good_reply<S, Q>,
                    "kin: what handle_call returns cannot be a reply: it is a pointer, a view or "
                    "cannot be moved");
      return has_good_reply<S, Q>;
    } else {
      return false;
    }
  } else {
    return false;
  }
}
template <class S, class M>
constexpr bool check_message() {
  static_assert(!std::is_void_v<S>,
                "kin: cast needs a typed name or handle; a bare pid does not know its server");
  static_assert(sendable<M>,
                "kin: this message cannot be sent: it is a pointer, a view or cannot be moved");
  if constexpr (!std::is_void_v<S> && sendable<M>) {
    static_assert(hears<S, M> || is_machine<S>,
                  "kin: the server has no handle_cast that takes this message");
    static_assert(hears<S, M> || !is_machine<S>,
                  "kin: no state of this machine has a handle_event that takes this message");
    if constexpr (is_machine<S>) {
      return hears<S, M>;
    } else if constexpr (hears<S, M>) {
      using R = decltype(std::declval<S&>().handle_cast(std::declval<M>()));
      static_assert(says_what_is_next<R>,
                    "kin: handle_cast returns nothing, or what comes next: kin::stop(why), "
                    "kin::timeout{...}");
      return says_what_is_next<R>;
    } else {
      return false;
    }
  } else {
    return false;
  }
}

template <class To, class Q>
constexpr bool check_call() {
  if constexpr (check_address<To>()) return check_request<typename server_behind<To>::type, Q>();
  return false;
}
template <class To, class M>
constexpr bool check_cast() {
  if constexpr (check_address<To>()) return check_message<typename server_behind<To>::type, M>();
  return false;
}

/// How long a call waits if nothing is said: as in OTP, for a state machine as long as it takes.
template <class To>
inline constexpr duration usual_limit = is_machine<typename server_behind<To>::type>
                                            ? infinity
                                            : duration(std::chrono::seconds(5));

[[noreturn]] void throw_call_failed(const exit_reason& why, const request_type& request);
template <class T>
T value_or_throw(result<T> r, const char* what) {
  if (!r) throw call_failed(r.error(), what);
  if constexpr (!std::is_void_v<T>) return *std::move(r);
}
/// Any server: the type that requests of sys are made for.
struct any_server {};
/// Whether the request was made for another class of server: then it is answered so.
bool refused(const server_host& host, signal& request);
/// As exchange; `to` may be nobody.
reply call(std::optional<pid> to, signal* request, duration limit);

}  // namespace detail

/// Sends `request` to `to`, a typed handle or name, and waits for the reply.
///
/// A server that dies during the call ends it at once, not at the time-out. A reply that comes too
/// late is dropped and never reaches the mailbox. Calls run in the server one after another, in the
/// order they came.
///
/// Returns  what `Server::handle_call(Request)` returns; the type is known here.
/// Throws   call_failed: noproc, timed_out, calling_self, dropped, or the reason the server died
///          of. Uncaught, it becomes the caller's exit reason. `try_call` gives a result<Reply>
///          instead.
/// Waits    up to `limit`, 5 s by default, for a state machine for ever; the worker runs other processes meanwhile.
/// Thread   any: one that runs no process blocks; to a name, inside machine::enter.
/// Cost     two messages, two stack switches; for a blocked thread two thread switches, some 10 µs.
/// See      gen_server:call/3.
template <class To, class Request>
auto call(const To& to, Request request, duration limit = detail::usual_limit<To>) {
  using S = typename detail::server_behind<To>::type;
  if constexpr (detail::check_call<To, Request>()) {
    using R = reply_of<S, Request>;
    constexpr const auto& type = detail::call_of<S, Request>;
    const auto target = whereis(to);  // first: it may throw
    auto r = detail::call(target, detail::box_request(std::move(request), &type), limit);
    if (!r) detail::throw_call_failed(r.error(), type);
    if constexpr (!std::is_void_v<R>) return R(std::move(r.template value<R>()));
  }
}

/// As call, but a failure is the reason in the result, not an exception.
template <class To, class Request>
auto try_call(const To& to, Request request, duration limit = detail::usual_limit<To>) {
  using S = typename detail::server_behind<To>::type;
  if constexpr (detail::check_call<To, Request>()) {
    using R = reply_of<S, Request>;
    const auto target = whereis(to);  // first: it may throw
    auto r = detail::call(
        target, detail::box_request(std::move(request), &detail::call_of<S, Request>), limit);
    if constexpr (std::is_void_v<R>) {
      return r ? result<void>() : result<void>(r.error());
    } else {
      return r ? result<R>(std::move(r.template value<R>())) : result<R>(r.error());
    }
  }
}

/// Sends `message` to `to`, whatever becomes of it: nobody there is no error.
///
/// Thread  any; to a name, a process or a thread inside machine::enter.   Cost  one message.
/// See     gen_server:cast/2.
template <class To, class Message>
void cast(const To& to, Message message) {
  using S = typename detail::server_behind<To>::type;
  if constexpr (detail::check_cast<To, Message>()) {
    const pid target = whereis(to).value_or(pid{});  // first: it may throw
    detail::post_cast(target,
                      detail::box_request(std::move(message), &detail::cast_of<S, Message>));
  }
}

}  // namespace kin
