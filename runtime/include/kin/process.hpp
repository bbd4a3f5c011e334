// SPDX-License-Identifier: Apache-2.0
// spawn, self, exit, yield: what a process can do about processes.
#pragma once

#include <kin/alias.hpp>
#include <kin/behaviour.hpp>
#include <kin/export.hpp>
#include <kin/link.hpp>
#include <kin/pid.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

template <class... Clauses>
struct handler;

struct mailbox_options;
enum class message_queue_data : std::uint8_t;

namespace detail {

struct start_with {
  bool link = false;
  bool monitor = false;
  std::optional<alias_until> alias = {};  // the monitor's reference is one
  std::uint8_t level = 1;                 // of priority
  const mailbox_options* mailbox = nullptr;
  message_queue_data where = {};
  std::unique_ptr<down_maker>* maker = nullptr;  // of a tagged monitor
};

struct spawned {
  kin::pid pid;
  kin::ref ref;
};
/// Throws kin::error on a thread of no machine, for links and monitors outside a process, when the
/// machine stops, and with system_limit when no block can be had; `body` is destroyed then.
spawned spawn_process(std::unique_ptr<behaviour> body, start_with with);

template <class>
inline constexpr bool is_handler = false;
template <class... C>
inline constexpr bool is_handler<handler<C...>> = true;

template <class... C>
std::unique_ptr<behaviour> loop_of(handler<C...> h);  // receive.hpp

template <class F>
std::unique_ptr<behaviour> body_of(F f);

}  // namespace detail

/// What a process body returns to hibernate, made by `kin::hibernate(next)`: the body has ended, its
/// stack and what it captured are gone, and when a message is in the mailbox, at once if there is
/// one, the process goes on with `next()`, another body. The message is still in the mailbox.
///
///     kin::hibernation wait_and_serve(store s) {
///       return kin::hibernate([s = std::move(s)]() mutable {
///         kin::receive([&](put p) { s.add(p); });
///         return wait_and_serve(std::move(s));
///       });
///     }
///
/// See  erlang:hibernate/3.
class hibernation {
 public:
  /// Programs write kin::hibernate(next).
  explicit hibernation(std::unique_ptr<behaviour> next) : next_(std::move(next)) {}
  /// What the process goes on with; once.
  [[nodiscard]] std::unique_ptr<behaviour> take() { return std::move(next_); }

 private:
  std::unique_ptr<behaviour> next_;
};
template <class F>
hibernation hibernate_t::operator()(F next) const {
  return hibernation(detail::body_of(std::move(next)));
}

namespace detail {

template <class F>
class function_body final : public behaviour {
 public:
  explicit function_body(F f) : function_(std::move(f)) {}
  next start() override {
    using result = std::invoke_result_t<F&>;
    if constexpr (is_handler<result>) {
      become(loop_of(function_()));
      return {};
    } else if constexpr (std::is_same_v<result, hibernation>) {
      become(function_().take());
      return hibernate;
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
    static_assert(
        std::is_void_v<result> || is_handler<result> || std::is_same_v<result, hibernation>,
        "kin: a process body returns nothing, kin::loop(clauses...) or kin::hibernate(next)");
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
/// Throws   kin::error with system_limit when there is no memory for one more process; on a thread
///          that runs no process, as kin::machine::spawn, or with badarg outside machine::enter.
/// Context  a process, or a thread inside machine::enter, whose processes have no parent.
/// Cost     a block of 128 bytes and `body`, both from pools; no system call.
/// See      erlang:spawn/1.
template <class F>
pid spawn(F body) {
  return detail::spawn_process(detail::body_of(std::move(body)), {}).pid;
}

/// As spawn, and linked, in one step: the link cannot miss the end of the process. Context  a
/// process.
template <class F>
pid spawn_link(F body) {
  return detail::spawn_process(detail::body_of(std::move(body)), {.link = true}).pid;
}

/// What spawn_monitor returns.
struct monitored {
  kin::pid pid = {};  ///< the new process
  kin::ref ref = {};  ///< of the monitor: what its kin::down carries
};

/// Who runs first. While a process of a higher level can run, none of a lower one does, on that
/// worker; only normal and low take turns, eight to one. `max` and `high` are for what is short and
/// must not wait. Signals are served whatever the level.
struct priority {
  static const priority low;     ///< one turn for eight normal ones
  static const priority normal;  ///< what every process starts with
  static const priority high;    ///< before all normal and low ones
  static const priority max;     ///< before all others

  std::uint8_t level = 1;  ///< 0 to 3, low to max
  friend constexpr bool operator==(priority, priority) = default;
};
inline constexpr priority priority::low{0};
inline constexpr priority priority::normal{1};
inline constexpr priority priority::high{2};
inline constexpr priority priority::max{3};
std::ostream& operator<<(std::ostream& out, priority p);

/// What becomes of a message for a mailbox that is full.
enum class when_full : std::uint8_t {
  block,        ///< its sender waits: `send` becomes a wait for whoever sends to this process.
                ///< Where a wait cannot be (oneself, a destructor, within a kin::no_wait, a thread
                ///< that runs no process and gives no limit) it fails
  fail,         ///< `send` throws kin::error with mailbox_full
  drop_newest,  ///< it is thrown away
  drop_oldest,  ///< the oldest is thrown away
  kill_owner,   ///< it is thrown away, its receiver killed and reported: OTP's max_heap_size
};
/// Bounds a mailbox. What is counted are messages, calls and casts that wait; exits, downs, replies
/// and what timers send are not, and always get in. What is thrown away is counted
/// (process_info::dropped), and a call that is, is answered `dropped`.
struct mailbox_options {
  std::size_t limit = 0;                             ///< messages; 0: no limit
  kin::when_full when_full = kin::when_full::block;  ///< what becomes of one more
  /// So many messages waiting are worth a report; another one comes when less than half of them
  /// are. 0: never.
  std::size_t alarm_at = 0;
};

/// Where OTP keeps the messages of a process. kin keeps each in a node of its own, on no heap of a
/// process, whatever this says: it is kept and told by kin::info, and nothing follows from it.
enum class message_queue_data : std::uint8_t { on_heap, off_heap };

/// How a process starts.
struct spawn_options {
  bool link = false;                               ///< to its parent
  bool monitor = false;                            ///< by its parent
  std::optional<alias_until> alias = {};           ///< the monitor's reference is one, until then
  kin::priority priority = kin::priority::normal;  ///< not inherited
  mailbox_options mailbox = {};                    ///< no bound, no alarm
  kin::message_queue_data message_queue_data = kin::message_queue_data::on_heap;  ///< no effect
};
namespace detail {
inline start_with start_with_all(const spawn_options& options) {
  return {.link = options.link,
          .monitor = options.monitor,
          .alias = options.alias,
          .level = options.priority.level,
          .mailbox = &options.mailbox,
          .where = options.message_queue_data};
}
}  // namespace detail
/// As spawn, with all that is asked for in one step. `ref` is the monitor's, if one was asked for.
///
/// Throws  as spawn; badarg for a priority that does not exist, or an alias without a monitor, or
///         outside a process for a link or a monitor.
/// See     erlang:spawn_opt/2.
template <class F>
monitored spawn(F body, const spawn_options& options) {
  auto [pid, ref] =
      detail::spawn_process(detail::body_of(std::move(body)), detail::start_with_all(options));
  return {pid, ref};
}
/// As spawn, and monitored with a tag, whatever `options.monitor` says: what comes at the end is
/// `tagged_down<Tag>`, see monitor.
/// See  erlang:spawn_opt/2, {monitor, [{tag, Term}]}.
template <class F, sendable Tag>
[[nodiscard]] monitored spawn(F body, const spawn_options& options, Tag tag) {
  detail::start_with with = detail::start_with_all(options);
  with.monitor = true;
  std::unique_ptr<detail::down_maker> maker = detail::tagging(std::move(tag));
  with.maker = &maker;
  auto [pid, ref] = detail::spawn_process(detail::body_of(std::move(body)), with);
  return {pid, ref};
}

/// As std::thread has it, but no: what a body needs is captured.
template <class F, class A, class... More>
requires(!std::is_same_v<A, spawn_options>) void spawn(F /*body*/, A /*argument*/,
                                                       More... /*more*/) {
  static_assert(std::is_same_v<A, spawn_options>,
                "kin: a process body is called without arguments: capture what it needs");
}

/// As spawn, and monitored, in one step: the DOWN carries the true reason, never noproc. Context  a
/// process.
template <class F>
[[nodiscard]] monitored spawn_monitor(F body) {
  auto [pid, ref] = detail::spawn_process(detail::body_of(std::move(body)), {.monitor = true});
  return {pid, ref};
}

/// The process that runs this.
/// Throws  kin::error outside a process.
[[nodiscard]] pid self();
/// A fresh reference, equal to no other of the machines that live. A receive in which each clause pins it,
/// `when(&reply::ref, r, ...)`, never looks at messages that came before it was made.
/// Context  a process, or a thread inside machine::enter.   See  erlang:make_ref/0.
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
/// is a reason.
///
/// Context  a process.   See  erlang:exit/1.
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
/// before this returns.
///
/// Thread  any.   Cost  one signal.   See  erlang:exit/2.
template <class Why>
void exit(pid to, Why why) {
  if constexpr (std::is_same_v<Why, exit_reason>) {
    detail::exit_signal(to, std::move(why));
  } else {
    detail::exit_signal(to, exit_reason(std::move(why)));
  }
}

/// From now on exit signals, but for kill, come as messages: kin::exited.
///
/// Returns  what it was before.
/// Context  a process.   See  process_flag(trap_exit, _).
bool trap_exits(bool on = true);

/// From now on this process has that priority. Returns the one before.
/// Context  a process.   See  erlang:process_flag/2.
kin::priority set_priority(kin::priority level);

/// A hint that has no effect, see kin::message_queue_data. Returns the one before.
/// Throws   kin::error with badarg if it is none.
/// Context  a process.   See  erlang:process_flag/2.
kin::message_queue_data set_message_queue_data(kin::message_queue_data where);

/// Stops a process where it is, until as many `resume` as `suspend` have come: signals still take
/// effect, and it can be killed, but no code of its runs. Returns when it has stopped. Ends with
/// the process that asked for it, too.
///
/// Throws  kin::error with noproc if it is dead, badarg for the process itself.
/// For debugging: it waits for whatever the process does now. Waits.   See
/// erlang:suspend_process/1.
void suspend(pid p);
/// Throws  kin::error with badarg if this process has not suspended it.
void resume(pid p);

/// All processes of the machine: those that live during the whole call are in it, those dead before
/// are not. Costs time for each process there ever were at once.
/// Context  a process, or a thread inside machine::enter.   See  erlang:processes/0.
[[nodiscard]] std::vector<pid> processes();
/// How many were started and have not told their end to all who hear of it: more than `processes`
/// has, while some end. Exact when nobody starts and nobody ends.   Cost  one pass over the workers.
/// Context  as processes.   See  erlang:system_info(process_count).
[[nodiscard]] std::size_t process_count();
/// Threads of the machine that run processes, extra ones for stuck workers included.
/// Context  as processes.   See  erlang:system_info(schedulers_online).
[[nodiscard]] unsigned workers();

/// The process that stands for the group this one belongs to: inherited from the parent, a default
/// pid if nobody ever set one. See  erlang:group_leader/0.
[[nodiscard]] pid group_leader();
/// A signal, in order with others. See  erlang:group_leader/2.
void group_leader(pid leader, pid of);

/// Whether the process is there and has not begun to end. Sees all that the caller sent it before:
/// after `exit(p, kill)` it is false. Of another process it waits until that one has served the
/// question. Waits.
///
/// Thread  any; one that runs no process blocks.   See  erlang:is_process_alive/1.
[[nodiscard]] bool is_alive(pid p);

/// Lets others run; also a place where an exit signal takes effect. Waits.
void yield();
/// As yield, but only if this process has used up its turn: for loops that compute for long. Waits.
void checkpoint();

}  // namespace kin
