// SPDX-License-Identifier: Apache-2.0
// spawn, self, exit, yield: what a process can do about processes.
#pragma once

#include <kin/behaviour.hpp>
#include <kin/pid.hpp>

#include <concepts>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

namespace kin {

template <class... Clauses>
struct handler;

namespace detail {

enum class start_with : std::uint8_t { nothing = 0, link = 1, monitor = 2 };

struct spawned {
  kin::pid pid;
  kin::ref ref;
};
/// Throws kin::error outside a process, and with system_limit when no block can be had; `body` is
/// destroyed then.
spawned spawn_process(std::unique_ptr<behaviour> body, start_with with);

template <class>
inline constexpr bool is_handler = false;
template <class... C>
inline constexpr bool is_handler<handler<C...>> = true;

template <class... C>
std::unique_ptr<behaviour> loop_of(handler<C...> h);  // receive.hpp

template <class F>
class function_body final : public behaviour {
 public:
  explicit function_body(F f) : function_(std::move(f)) {}
  next start() override {
    using result = std::invoke_result_t<F&>;
    if constexpr (is_handler<result>) {
      become(loop_of(function_()));
      return {};
    } else {
      function_();
      return next::stop(normal);
    }
  }
  [[nodiscard]] const std::type_info& subject() const override { return typeid(F); }

 private:
  F function_;
};

template <class F>
std::unique_ptr<behaviour> body_of(F f) {
  static_assert(std::invocable<F&>,
                "kin: a process body is called without arguments: capture what it needs");
  static_assert(std::is_move_constructible_v<F>, "kin: a process body must be movable");
  if constexpr (std::invocable<F&> && std::is_move_constructible_v<F>) {
    using result = std::invoke_result_t<F&>;
    static_assert(std::is_void_v<result> || is_handler<result>,
                  "kin: a process body returns nothing, or kin::loop(clauses...)");
    return std::make_unique<function_body<F>>(std::move(f));
  } else {
    return nullptr;
  }
}

}  // namespace detail

/// Starts a process that runs `body()`, and returns at once. The body may return
/// `kin::loop(clauses...)`: then the process goes on handling messages with these clauses and holds
/// no stack while it is idle.
///
/// Throws   kin::error with system_limit when there is no memory for one more process; outside a
/// process, badarg. Context  a process; elsewhere use kin::machine::spawn.   Cost  some 50 ns, no
/// system call.   See  erlang:spawn/1.
template <class F>
pid spawn(F body) {
  return detail::spawn_process(detail::body_of(std::move(body)), detail::start_with::nothing).pid;
}

/// As spawn, and linked, in one step: the link cannot miss the end of the process.
template <class F>
pid spawn_link(F body) {
  return detail::spawn_process(detail::body_of(std::move(body)), detail::start_with::link).pid;
}

/// What spawn_monitor returns.
struct monitored {
  kin::pid pid = {};
  kin::ref ref = {};
};
/// As spawn, and monitored, in one step: the DOWN carries the true reason, never noproc.
template <class F>
[[nodiscard]] monitored spawn_monitor(F body) {
  auto [pid, ref] =
      detail::spawn_process(detail::body_of(std::move(body)), detail::start_with::monitor);
  return {pid, ref};
}

/// The process that runs this.
/// Throws  kin::error outside a process.
[[nodiscard]] pid self();
/// A fresh reference, equal to no other of this machine. A receive in which each clause pins it,
/// `when(&reply::ref, r, ...)`, never looks at messages that came before it was made.
/// Context  a process.   See  erlang:make_ref/0.
[[nodiscard]] ref make_ref();
/// The process that started this one; a default pid for the root.
[[nodiscard]] pid parent();
/// Whether the caller runs in a process at all.
[[nodiscard]] bool in_process();

namespace detail {
[[noreturn]] void exit_self(exit_reason why);
void exit_signal(pid to, exit_reason why);
}  // namespace detail

/// Ends this process with this reason: its stack unwinds, and destructors run. A value of any type
/// is a reason. See  erlang:exit/1.
template <class Why>
[[noreturn]] void exit(Why why) {
  if constexpr (std::is_same_v<Why, exit_reason>) {
    detail::exit_self(std::move(why));
  } else {
    detail::exit_self(exit_reason(std::move(why)));
  }
}
/// Sends an exit signal. `kill` ends any process; others are messages to those that trap exits, and
/// `normal` is ignored by those that do not. To the dead: nothing. To oneself it takes effect
/// before this returns. Thread  any.   See  erlang:exit/2.
template <class Why>
void exit(pid to, Why why) {
  if constexpr (std::is_same_v<Why, exit_reason>) {
    detail::exit_signal(to, std::move(why));
  } else {
    detail::exit_signal(to, exit_reason(std::move(why)));
  }
}

/// From now on exit signals, but for kill, come as messages: kin::exited. Returns what it was
/// before.
bool trap_exits(bool on = true);

/// Whether the process is there and has not begun to end. Sees all that the caller sent it before:
/// after `exit(p, kill)` it is false. Of another process it waits until that one has served the
/// question. Waits.   See  erlang:is_process_alive/1.
[[nodiscard]] bool is_alive(pid p);

/// Lets others run; also a place where an exit signal takes effect. Waits.
void yield();
/// As yield, but only if this process has used up its turn: for loops that compute for long. Waits.
void checkpoint();

}  // namespace kin
