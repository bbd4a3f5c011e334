// SPDX-License-Identifier: Apache-2.0
// The start of any process, not only a server, that is over when the process says so: OTP's
// proc_lib. The body is handed its duty to say that it is ready, and with what.
//
//   auto bell = kin::proc_lib::start_link([](kin::proc_lib::starter<port> ready) {
//     socket s = listen();                   // what it throws, the start fails with
//     ready.init_ack(s.local_port());        // the starter goes on
//     serve(s);
//   });
//   bell.pid, bell.value
//
// And the other way round: kin::enter_loop makes a server of a process that has begun as a body.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/message.hpp>
#include <kin/next.hpp>
#include <kin/pid.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/request.hpp>
#include <kin/result.hpp>
#include <kin/server_name.hpp>
#include <kin/time.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {
namespace detail {

/// What who starts and who is started share: it outlives whoever gives up first.
struct start_word {
  start_word() = default;
  start_word(const start_word&) = delete;
  start_word& operator=(const start_word&) = delete;
  virtual ~start_word() = default;
  enum class stage : std::uint8_t { open, acknowledged, failed };
  std::atomic<stage> at = stage::open;  // released when what is below has been written
  exit_reason told;                     // of init_fail
  promise ready;        // here, not in the duty: if that is lost, the end of the process answers
  bool linked = false;  // from birth
};
template <class R>
struct start_word_of final : start_word {
  std::optional<R> value;
};
template <>
struct start_word_of<void> final : start_word {};

/// The duty to say so. Lost, the end of the process says it.
class start_duty {
 public:
  /// In the new process.
  explicit start_duty(std::shared_ptr<start_word> word) : word_(std::move(word)), owner_(self()) {}

  [[nodiscard]] bool owed() const { return word_ != nullptr && word_->ready.owed(); }
  [[nodiscard]] pid starter() const { return owed() ? word_->ready.caller() : pid{}; }
  [[nodiscard]] start_word& word() const { return *word_; }
  void acknowledge();
  [[noreturn]] void fail(exit_reason told, exit_reason why);

 private:
  std::shared_ptr<start_word> word_;
  pid owner_;
};

}  // namespace detail

namespace proc_lib {

/// The duty of a process that proc_lib starts to say that it is ready, with an R. It may be moved
/// elsewhere; lost, the end of the process says it: its start fails with the reason of that.
template <class R = void>
class [[nodiscard]] starter {
 public:
  explicit starter(detail::start_duty duty) : duty_(std::move(duty)) {}
  /// The duty moves.
  starter(starter&&) noexcept = default;
  /// The same; a duty that was held is lost.
  starter& operator=(starter&&) noexcept = default;
  starter(const starter&) = delete;
  starter& operator=(const starter&) = delete;
  ~starter() = default;
  /// Who waits; a default pid once it has been told.
  [[nodiscard]] kin::pid pid() const { return duty_.starter(); }
  /// Whether it has not been told yet.
  [[nodiscard]] bool owed() const { return duty_.owed(); }
  /// The start is over, and gives this value. Said again it does nothing.
  /// Thread  any.   See  proc_lib:init_ack/1.
  void init_ack(R value) {
    if (!owed()) return;
    static_cast<detail::start_word_of<R>&>(duty_.word()).value.emplace(std::move(value));
    duty_.acknowledge();
  }
  /// Ends this process; the start fails when it has ended, and its names are free. `told` is what
  /// the start fails with, and what this process ends with.
  ///
  /// Throws   kin::error with badarg in another process.
  /// Context  the new process.   See  proc_lib:init_fail/2.
  template <class Told>
  [[noreturn]] void init_fail(Told told) {
    const exit_reason why(std::move(told));
    duty_.fail(why, why);
  }
  /// The same, where this process ends with another reason: `normal`, say, which is no crash.
  template <class Told, class Why>
  [[noreturn]] void init_fail(Told told, Why why) {
    duty_.fail(exit_reason(std::move(told)), exit_reason(std::move(why)));
  }

 private:
  detail::start_duty duty_;
};
/// The same without a value.
template <>
class [[nodiscard]] starter<void> {
 public:
  explicit starter(detail::start_duty duty) : duty_(std::move(duty)) {}
  /// The duty moves.
  starter(starter&&) noexcept = default;
  /// The same; a duty that was held is lost.
  starter& operator=(starter&&) noexcept = default;
  starter(const starter&) = delete;
  starter& operator=(const starter&) = delete;
  ~starter() = default;
  /// Who waits; a default pid once it has been told.
  [[nodiscard]] kin::pid pid() const { return duty_.starter(); }
  /// Whether it has not been told yet.
  [[nodiscard]] bool owed() const { return duty_.owed(); }
  /// The start is over. Said again it does nothing.   Thread  any.
  void init_ack() {
    if (owed()) duty_.acknowledge();
  }
  /// Ends this process, and fails the start.
  template <class Told>
  [[noreturn]] void init_fail(Told told) {
    const exit_reason why(std::move(told));
    duty_.fail(why, why);
  }
  /// The same, where this process ends with another reason.
  template <class Told, class Why>
  [[noreturn]] void init_fail(Told told, Why why) {
    duty_.fail(exit_reason(std::move(told)), exit_reason(std::move(why)));
  }

 private:
  detail::start_duty duty_;
};

/// What a start gives.
template <class R>
struct started {
  kin::pid pid = {};  ///< the new process
  R value;            ///< what it said it was ready with
  kin::ref ref = {};  ///< of the monitor, if one was asked for
};
/// The same of a process that says no more than that it is ready.
template <>
struct started<void> {
  kin::pid pid = {};  ///< the new process
  kin::ref ref = {};  ///< of the monitor, if one was asked for
};
/// What try_start_monitor gives.
template <class R>
struct monitored_start {
  kin::result<started<R>> result;  ///< or why it failed
  /// Of the monitor, also of a start that failed: its kin::down comes then, too. A default ref if
  /// there was no memory for a process.
  kin::ref ref = {};
};

}  // namespace proc_lib

namespace detail {

template <class F>
struct starter_in {};  // the R of a body's starter<R>
template <class R>
struct starter_in<proc_lib::starter<R>> : std::type_identity<R> {};
template <class Out, class A>
struct starter_in<Out (*)(A)> : starter_in<std::remove_cvref_t<A>> {};
template <class Out, class A>
struct starter_in<Out (*)(A) noexcept> : starter_in<std::remove_cvref_t<A>> {};
template <class F>
requires requires { typename parameter_in<decltype(&F::operator())>::type; }
struct starter_in<F>
    : starter_in<std::remove_cvref_t<typename parameter_in<decltype(&F::operator())>::type>> {};
template <class F>
concept takes_starter = requires {
  typename starter_in<F>::type;
}
&&std::invocable<F&, proc_lib::starter<typename starter_in<F>::type>>;
template <class F>
constexpr bool check_startable() {
  static_assert(takes_starter<F>,
                "kin: what proc_lib starts takes a kin::proc_lib::starter<R>, by which it says "
                "that it is ready");
  if constexpr (takes_starter<F>) {
    using R = typename starter_in<F>::type;
    static_assert(std::is_void_v<R> || sendable<R>,
                  "kin: what a process says it is ready with cannot be a message: it is a pointer, "
                  "a view or cannot be moved");
    using result = std::invoke_result_t<F&, proc_lib::starter<R>>;
    constexpr bool ends_well =
        std::is_void_v<result> || is_handler<result> || std::is_same_v<result, hibernation>;
    static_assert(ends_well,
                  "kin: a process body returns nothing, kin::loop(clauses...), "
                  "kin::hibernate(next) or kin::enter_loop<Server>(...)");
    constexpr bool is_told = std::is_void_v<R> || sendable<R>;
    return is_told && ends_well;
  } else {
    return false;
  }
}
template <class F, bool = takes_starter<F>>
struct ready_with : std::type_identity<void> {};
template <class F>
struct ready_with<F, true> : starter_in<F> {};
template <class F>
using ready_type = typename ready_with<F>::type;

/// The starter hears of a failed start from the start alone.
void unlink_unless_ready(const start_word& word);

/// The process until its body has ended, or has given way.
template <class F>
class startable_body final : public behaviour {
 public:
  startable_body(F f, std::shared_ptr<start_word> word)
      : function_(std::move(f)), word_(std::move(word)) {}
  next start() override {
    const auto call = [this] { return function_(proc_lib::starter<ready_type<F>>(duty())); };
    function_body<decltype(call)> body(call);
    try {
      next then = body.start();
      if (then.stops()) unlink_unless_ready(*word_);
      return then;
    } catch (...) {
      unlink_unless_ready(*word_);
      throw;
    }
  }
  [[nodiscard]] const std::type_info& subject() const override { return typeid(F); }

 private:
  start_duty duty() const { return start_duty(word_); }
  F function_;
  std::shared_ptr<start_word> word_;
};

/// Starts it and waits until it is ready, or has ended.
result<pid> start_and_wait(std::unique_ptr<behaviour> body, start_word& word, start_with with,
                           duration limit, ref& monitor);
/// That of the options, linked or monitored. Throws badarg if they ask for a monitor themselves.
start_with start_of(const spawn_options& options, bool link, bool monitor);
/// Of a start whose failure is thrown; the monitor's kin::down, if any, is taken.
[[noreturn]] void throw_not_started(const exit_reason& why, const std::type_info& body,
                                    ref monitor);

template <class F>
proc_lib::monitored_start<ready_type<F>> start_body(F body, start_with with, duration limit) {
  using R = ready_type<F>;
  if constexpr (check_startable<F>()) {
    auto word = std::make_shared<start_word_of<R>>();
    ref monitor;
    const auto child = start_and_wait(std::make_unique<startable_body<F>>(std::move(body), word),
                                      *word, with, limit, monitor);
    if (!child) return {child.error(), monitor};
    if constexpr (std::is_void_v<R>) {
      return {proc_lib::started<R>{*child, monitor}, monitor};
    } else {
      return {proc_lib::started<R>{*child, *std::move(word->value), monitor}, monitor};
    }
  } else {
    return {exit_reason(badarg), {}};
  }
}
template <class F>
proc_lib::started<ready_type<F>> start_or_throw(F body, start_with with, duration limit) {
  auto done = start_body(std::move(body), with, limit);
  if (!done.result) throw_not_started(done.result.error(), typeid(F), done.ref);
  return *std::move(done.result);
}

}  // namespace detail

namespace proc_lib {

/// Starts a process that runs `body(starter<R>)`, and waits until it has said that it is ready. A
/// process that ends before, for whatever reason, has not started; then its names are free, and no
/// exit signal and no message is left of it.
///
/// The body may return what that of kin::spawn may, and kin::enter_loop<Server>(...).
///
/// Throws   kin::error whose reason is what the start failed with: what init_fail was told, what
///          the process ended with, timed_out, and it is killed; badarg if `options` ask for a
///          monitor, or for a link outside a process.
/// Waits    until then, or `limit`.
/// Context  a process, or a thread inside machine::enter, which blocks.   See  proc_lib:start/5.
template <class F>
started<detail::ready_type<F>> start(F body, duration limit = infinity,
                                     const spawn_options& options = {}) {
  return detail::start_or_throw(std::move(body), detail::start_of(options, false, false), limit);
}
/// As start, but a failed start is a result.
template <class F>
result<started<detail::ready_type<F>>> try_start(F body, duration limit = infinity,
                                                 const spawn_options& options = {}) {
  return detail::start_body(std::move(body), detail::start_of(options, false, false), limit).result;
}
/// As start, and linked. A start that fails is told by the error alone, also to who traps no exits:
/// the new process unlinks first. But who is told to end meanwhile ends, and the new process with
/// it.
///
/// Context  a process.   See  proc_lib:start_link/5.
template <class F>
started<detail::ready_type<F>> start_link(F body, duration limit = infinity,
                                          const spawn_options& options = {}) {
  return detail::start_or_throw(std::move(body), detail::start_of(options, true, false), limit);
}
/// As start_link, but a failed start is a result.
template <class F>
result<started<detail::ready_type<F>>> try_start_link(F body, duration limit = infinity,
                                                      const spawn_options& options = {}) {
  return detail::start_body(std::move(body), detail::start_of(options, true, false), limit).result;
}
/// As start, and monitored, see started::ref. Of a start that fails no kin::down is left.
///
/// Context  a process.   See  proc_lib:start_monitor/5.
template <class F>
started<detail::ready_type<F>> start_monitor(F body, duration limit = infinity,
                                             const spawn_options& options = {}) {
  return detail::start_or_throw(std::move(body), detail::start_of(options, false, true), limit);
}
/// As start_monitor, but a failed start is a result, and its kin::down comes as well.
template <class F>
monitored_start<detail::ready_type<F>> try_start_monitor(F body, duration limit = infinity,
                                                         const spawn_options& options = {}) {
  return detail::start_body(std::move(body), detail::start_of(options, false, true), limit);
}

}  // namespace proc_lib

// ---- a process that becomes a server -------------------------------------------------------------

namespace detail {
struct server_entered {};
}  // namespace detail
/// What enter_loop makes: a loop of which the clauses are a server.
template <>
struct [[nodiscard]] handler<detail::server_entered> {
  std::unique_ptr<behaviour> server;  ///< what the process goes on as
};
/// What a process body returns that has called enter_loop.
using entered_loop = handler<detail::server_entered>;

namespace detail {
std::unique_ptr<behaviour> loop_of(handler<server_entered> h);
extern const atom_rep process_not_registered_rep;
extern const atom_rep process_not_registered_via_rep;
/// Ends the caller if it does not hold that name.
void expect_to_hold(const start_name& name);
}  // namespace detail

/// It was to serve under a name that it does not hold.
inline constexpr atom process_not_registered{detail::process_not_registered_rep};
/// The same of a key of a registry.
inline constexpr atom process_not_registered_via{detail::process_not_registered_via_rep};

/// How a process goes on as a server.
template <class Server>
struct enter_options {
  server_name<Server> name = {};  ///< or key of a registry, that it holds already
  next then = {};                 ///< first: kin::timeout{...}, kin::hibernate, continue_with
  /// After so long without a message it hibernates, unless a callback asked for a timeout.
  duration hibernate_after = infinity;
  debug_options debug = {};  ///< nothing
};

/// What a process body returns to go on as a server: the body has ended, its stack is gone, and the
/// process makes an S of the arguments and serves what is in its mailbox. `init` is not called:
/// what is to be done before was done by the body; a state machine is in the state that its
/// constructor left it in, and enters it. kin::parent(), linked or not, is the server's
/// parent, whose exit ends it.
///
///   kin::proc_lib::start_link([](kin::proc_lib::starter<> ready) {
///     table t = load();
///     ready.init_ack();
///     return kin::enter_loop<store>(std::move(t));
///   });
///
/// Throws   kin::error outside a process. Ends the process with process_not_registered, or
///          process_not_registered_via, if it does not hold the name in the options.
/// Context  the body of a process; returned from it.   See  gen_server:enter_loop/5,
///          gen_statem:enter_loop/6.
template <class S, class... A>
entered_loop enter_loop(enter_options<S> options, A... arguments) {
  static_assert(std::constructible_from<S, A...>,
                "kin: the server has no constructor that takes these arguments");
  if constexpr (detail::check_server<S>() && std::constructible_from<S, A...>) {
    detail::expect_to_hold(options.name.untyped());
    auto how = std::make_unique<detail::starting>();
    how->name = options.name.untyped();
    how->entered.emplace(std::move(options.then));
    how->hibernate_after = options.hibernate_after;
    how->debug = std::move(options.debug);
    auto body = std::make_unique<typename detail::process_of<S, A...>::type>(
        std::move(how), std::tuple<A...>(std::move(arguments)...));
    if constexpr (detail::is_machine<S>) {
      body->how().entered.emplace(
          continue_with([machine = body.get(), then = std::move(*body->how().entered)]() mutable {
            next first = machine->begin();
            return first.wishes() ? std::move(first) : std::move(then);
          }));
    }
    return {std::move(body)};
  } else {
    return {};
  }
}
/// The same where nothing needs to be said.
template <class S, class... A>
entered_loop enter_loop(A... arguments) {
  return enter_loop<S>(enter_options<S>{}, std::move(arguments)...);
}

}  // namespace kin
