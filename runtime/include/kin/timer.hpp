// SPDX-License-Identifier: Apache-2.0
// Timers that send messages, and sleep. Monotonic clock; never early; late by up to some 100 µs on
// a machine that is not overloaded.
#pragma once

#include <kin/export.hpp>
#include <kin/process.hpp>
#include <kin/send.hpp>
#include <kin/time.hpp>

#include <optional>
#include <utility>

namespace KIN_PUBLIC kin {

/// What start_timer sends: OTP's {timeout, Ref, Message}.
template <class T>
struct expired {
  kin::ref timer = {};  ///< what start_timer returned
  T value = {};         ///< what it was given
};

namespace detail {
struct timer_start {
  duration delay = {};
  std::optional<clock::time_point> at = {};
};
/// `s` is sent when the time has come. By pid, or by name looked up then.
ref arm_timer(ref timer, const timer_start& start, pid to, signal* s);
ref arm_timer(ref timer, const timer_start& start, const name_text& to, signal* s);

template <class To>
pid receiver_of(const To& to, signal* s) {
  message held(s);
  const pid target = receiver_at(to);
  static_cast<void>(held.release());
  return target;
}
template <class To>
ref arm_timer_for(ref timer, const timer_start& start, const To& to, signal* s) {
  if constexpr (requires { to.untyped(); }) {
    return arm_timer(timer, start, to.untyped(), s);
  } else {
    return arm_timer(timer, start, receiver_of(to, s), s);
  }
}

template <class To, class T>
ref send_when(const timer_start& start, const To& to, T& value) {
  static_assert(sendable<T>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (check_address<To>() && sendable<T>) {
    const ref timer = make_ref();  // first: outside a process it throws
    return arm_timer_for(timer, start, to, box(std::move(value)));
  } else {
    return {};
  }
}
template <class To, class T>
ref expire_when(const timer_start& start, const To& to, T& value) {
  static_assert(sendable<T>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (check_address<To>() && sendable<T>) {
    const ref timer = make_ref();
    return arm_timer_for(timer, start, to, box(expired<T>{timer, std::move(value)}));
  } else {
    return {};
  }
}
}  // namespace detail

/// Sends `value` to `to` after `delay`. A name is looked up when the time has come; nobody there:
/// dropped. A key of a registry is looked up now. When the process of `to` ends before, the timer is
/// void.
///
/// Throws   kin::error with badarg for a negative delay, or a key that nobody holds.
/// Context  a process, or a thread inside machine::enter.   Cost  O(1); on a thread some µs.
/// See      erlang:send_after/3.
template <class To, class T>
ref send_after(duration delay, const To& to, T value) {
  return detail::send_when({.delay = delay}, to, value);
}
/// At a time of kin::clock; one that has passed fires at once. See  erlang:send_after/4, {abs,
/// true}.
template <class To, class T>
ref send_at(clock::time_point time, const To& to, T value) {
  return detail::send_when({.at = time}, to, value);
}

/// As send_after, but what arrives is `expired<T>{timer, value}`, so that it can be told from
/// others.
///
/// Throws, Context and Cost as there.   See  erlang:start_timer/3.
template <class To, class T>
ref start_timer(duration delay, const To& to, T value) {
  return detail::expire_when({.delay = delay}, to, value);
}
/// See  erlang:start_timer/4, {abs, true}.
template <class To, class T>
ref start_timer_at(clock::time_point time, const To& to, T value) {
  return detail::expire_when({.at = time}, to, value);
}

/// The time that was left; nothing if it has fired, was cancelled, or is no timer. After a value it
/// will not fire.
///
/// Thread  any, of whichever machine.   Cost  O(1).   See  erlang:cancel_timer/1.
std::optional<duration> cancel_timer(ref timer);
/// The time that is left; nothing as above. Thread  any.
[[nodiscard]] std::optional<duration> read_timer(ref timer);

struct async_t {};
/// Asks for the result as a message.
inline constexpr async_t async_answer{};
/// What `cancel_timer(timer, async_answer)` sends to its caller.
struct timer_cancelled {
  kin::ref timer = {};                ///< which one
  std::optional<duration> left = {};  ///< what cancel_timer would have returned
};
/// What `read_timer(timer, async_answer)` sends to its caller.
struct timer_read {
  kin::ref timer = {};                ///< which one
  std::optional<duration> left = {};  ///< what read_timer would have returned
};
/// Context  a process.   See  erlang:cancel_timer/2, {async, true}.
void cancel_timer(ref timer, async_t word);
/// Context  a process.   See  erlang:read_timer/2, {async, true}.
void read_timer(ref timer, async_t word);

/// Does nothing for that long; other processes run. Messages stay in the mailbox. Waits.
void sleep(duration time);

}  // namespace kin
