// SPDX-License-Identifier: Apache-2.0
// OTP's module `timer`: functions to be called later, or again and again. What it can do beyond the
// runtime's own timers (timer.hpp), which send a message once.
//
//   auto t = kin::timer::apply_interval(10s, [] { collect(); });
//   kin::timer::exit_after(1min, worker, too_slow{});
//   kin::timer::cancel(t);
//
// OTP has a server for these. Here each is a process of its own, without a stack while it waits: no
// queue that all go through, and a timer that is late or fails is late or fails alone.
#pragma once

#include <kin/export.hpp>
#include <kin/link.hpp>
#include <kin/pid.hpp>
#include <kin/process.hpp>
#include <kin/registry.hpp>
#include <kin/result.hpp>
#include <kin/send.hpp>
#include <kin/time.hpp>
#include <kin/timer.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <iosfwd>
#include <optional>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {
namespace timer {

/// A timer, for cancel.
class tref {
 public:
  /// What it does: it has done it; once; again and again; it sends, by the runtime's timer.
  enum class kind : unsigned char { instant, once, interval, send_local };

  /// One that has passed.
  tref() = default;
  /// Made by the functions below.
  tref(kind what, kin::ref id, kin::pid process = {}) : what_(what), id_(id), process_(process) {}
  /// What it does.
  [[nodiscard]] kind what() const { return what_; }
  /// Which one.
  [[nodiscard]] kin::ref ref() const { return id_; }
  /// The process that waits; none: the runtime's timer.
  [[nodiscard]] kin::pid process() const { return process_; }
  friend bool operator==(const tref&, const tref&) = default;
  /// As Erlang prints it: `{once, #Ref<0.7>}`.
  friend std::ostream& operator<<(std::ostream& out, const tref& t) { return t.print(out); }

 private:
  std::ostream& print(std::ostream& out) const;
  kind what_ = kind::instant;
  kin::ref id_;
  kin::pid process_;
};

}  // namespace timer

namespace detail {

result<timer::tref> start_once(duration time, std::function<void()> act);
/// Again and again; `one_at_a_time`: `act` gives a process, whose end is waited for.
result<timer::tref> start_interval(duration time, std::optional<pid> owner,
                                   std::function<pid()> act, bool one_at_a_time);
[[nodiscard]] bool is_time(duration time);
timer::tref instant_timer();
std::optional<pid> owner_here();
timer::tref timer_or_throw(const result<timer::tref>& t);

template <class F>
constexpr bool check_timer_function(bool copies) {
  static_assert(std::invocable<F&>,
                "kin: what a timer calls takes no argument: capture what it needs");
  static_assert(std::copy_constructible<F>, "kin: a timer's function must be copyable");
  return copies && std::invocable<F&> && std::copy_constructible<F>;
}
/// What the destination of a timer is called by when its time has come.
template <class To, class T>
void send_if_there(const To& to, T value) {
  if (const auto p = whereis(to)) static_cast<void>(try_send(*p, std::move(value)));
}
template <class To>
inline constexpr bool found_at_expiry = !std::is_convertible_v<To, pid>;

}  // namespace detail

namespace timer {

// Of all that follow: the short name throws kin::error with badarg for a time below zero, that with
// try_ returns it. They run in a process, or on a thread inside machine::enter; they do not wait. A
// name or key is looked up when the time has come; nobody there: nothing happens.

/// Calls `f()` after that time, in a fresh process; after none, in a process that starts now.
/// Whether the caller lives does not matter.   See  timer:apply_after/2.
template <class F>
result<tref> try_apply_after(duration time, F f) {
  if (!detail::check_timer_function<F>(true) || !detail::is_time(time)) return exit_reason(badarg);
  if (time > duration::zero()) return detail::start_once(time, std::move(f));
  kin::spawn(std::move(f));
  return detail::instant_timer();
}
/// As try_apply_after, but its error is thrown.
template <class F>
tref apply_after(duration time, F f) {
  return detail::timer_or_throw(try_apply_after(time, std::move(f)));
}

/// Calls `f()` each time that time has passed, in a fresh process each time, until the timer is
/// cancelled or the caller, if it is a process, has ended. The times are counted from the start: they
/// do not drift.   See  timer:apply_interval/2.
template <class F>
result<tref> try_apply_interval(duration time, F f) {
  if (!detail::check_timer_function<F>(true) || !detail::is_time(time)) return exit_reason(badarg);
  return detail::start_interval(
      time, detail::owner_here(), [f = std::move(f)] { return kin::spawn(f); }, false);
}
/// As try_apply_interval, but its error is thrown.
template <class F>
tref apply_interval(duration time, F f) {
  return detail::timer_or_throw(try_apply_interval(time, std::move(f)));
}

/// As apply_interval, but one at a time: a call that comes due while the last one runs is made when
/// that has ended.   See  timer:apply_repeatedly/2.
template <class F>
result<tref> try_apply_repeatedly(duration time, F f) {
  if (!detail::check_timer_function<F>(true) || !detail::is_time(time)) return exit_reason(badarg);
  return detail::start_interval(
      time, detail::owner_here(), [f = std::move(f)] { return kin::spawn(f); }, true);
}
/// As try_apply_repeatedly, but its error is thrown.
template <class F>
tref apply_repeatedly(duration time, F f) {
  return detail::timer_or_throw(try_apply_repeatedly(time, std::move(f)));
}

/// Sends `message` to `to` after that time; after none, now.   See  timer:send_after/3.
template <class To, class T>
result<tref> try_send_after(duration time, const To& to, T message) {
  static_assert(sendable<T>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (!detail::check_address<To>() || !sendable<T>) {
    return exit_reason(badarg);
  } else {
    if (!detail::is_time(time)) return exit_reason(badarg);
    if (time == duration::zero()) {
      detail::send_if_there(to, std::move(message));
      return detail::instant_timer();
    }
    constexpr auto what = detail::found_at_expiry<To> ? tref::kind::once : tref::kind::send_local;
    if (time == infinity) return tref(what, make_ref());
    return tref(what, kin::send_after(time, to, std::move(message)));
  }
}
/// As try_send_after, but its error is thrown.
template <class To, class T>
tref send_after(duration time, const To& to, T message) {
  return detail::timer_or_throw(try_send_after(time, to, std::move(message)));
}
/// The same to the caller, a process.   See  timer:send_after/2.
template <class T>
tref send_after(duration time, T message) {
  return timer::send_after(time, self(), std::move(message));
}

/// Sends a copy of `message` to `to` each time that time has passed, until the timer is cancelled or
/// who is `to` now has ended. The times do not drift.   See  timer:send_interval/3.
template <class To, class T>
result<tref> try_send_interval(duration time, const To& to, T message) {
  static_assert(sendable<T> && std::copy_constructible<T>,
                "kin: a message that is sent again and again is copied, and is no pointer or view");
  if constexpr (!detail::check_address<To>() || !sendable<T> || !std::copy_constructible<T>) {
    return exit_reason(badarg);
  } else {
    if (!detail::is_time(time)) return exit_reason(badarg);
    return detail::start_interval(
        time, whereis(to).value_or(pid{}),
        [to, message = std::move(message)] {
          detail::send_if_there(to, message);
          return pid{};
        },
        false);
  }
}
/// As try_send_interval, but its error is thrown.
template <class To, class T>
tref send_interval(duration time, const To& to, T message) {
  return detail::timer_or_throw(try_send_interval(time, to, std::move(message)));
}
/// The same to the caller, a process.   See  timer:send_interval/2.
template <class T>
tref send_interval(duration time, T message) {
  return timer::send_interval(time, self(), std::move(message));
}

/// Sends an exit signal after that time; after none, now.   See  timer:exit_after/3.
template <address To, class Why>
result<tref> try_exit_after(duration time, const To& to, Why why) {
  const auto act = [to, reason = exit_reason(std::move(why))] {
    if (const auto p = whereis(to)) kin::exit(*p, reason);
  };
  if (time != duration::zero()) return try_apply_after(time, act);
  act();
  return detail::instant_timer();
}
/// As try_exit_after, but its error is thrown.
template <address To, class Why>
tref exit_after(duration time, const To& to, Why why) {
  return detail::timer_or_throw(try_exit_after(time, to, std::move(why)));
}
/// The same to the caller, a process.   See  timer:exit_after/2.
template <class Why>
tref exit_after(duration time, Why why) {
  return timer::exit_after(time, self(), std::move(why));
}
/// exit_after with kin::kill.   See  timer:kill_after/2.
template <address To>
result<tref> try_kill_after(duration time, const To& to) {
  return try_exit_after(time, to, kill);
}
/// As try_kill_after, but its error is thrown.
template <address To>
tref kill_after(duration time, const To& to) {
  return timer::exit_after(time, to, kill);
}
/// The same to the caller, a process.   See  timer:kill_after/1.
inline tref kill_after(duration time) { return timer::kill_after(time, self()); }

/// It does nothing more once this has returned; what it has done, or started, stands. One that has
/// passed is no error.
///
/// Waits  for the process of an interval to end.   Thread  any.   See  timer:cancel/1.
void cancel(const tref& t);

/// See  timer:sleep/1.
using kin::sleep;

/// What tc tells: how long a function took, and what it returned.
template <class T>
struct timed {
  duration time = {};  ///< by kin::clock
  T value;             ///< what came of it
};
/// Of a function that returns nothing.
template <>
struct timed<void> {
  duration time = {};  ///< by kin::clock
};
/// Calls `f(arguments...)`, and takes the time.   Thread  any.   See  timer:tc/2.
template <class F, class... A>
requires std::invocable<F&, A...>
auto tc(F f, A&&... arguments) {
  using R = std::invoke_result_t<F&, A...>;
  const auto began = clock::now();
  if constexpr (std::is_void_v<R>) {
    std::invoke(f, std::forward<A>(arguments)...);
    return timed<void>{clock::now() - began};
  } else {
    auto value = std::invoke(f, std::forward<A>(arguments)...);
    return timed<decltype(value)>{clock::now() - began, std::move(value)};
  }
}
/// So many hours, minutes and seconds.   See  timer:hms/3.
[[nodiscard]] constexpr duration hms(int hours, int minutes, int seconds) {
  return std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds);
}
/// From `earlier` to `later`.   See  timer:now_diff/2.
[[nodiscard]] constexpr duration now_diff(clock::time_point later, clock::time_point earlier) {
  return later - earlier;
}

}  // namespace timer
}  // namespace kin
