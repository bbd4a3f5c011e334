// SPDX-License-Identifier: Apache-2.0
// A task is a process that does one thing and hands back what came of it, to the process that
// started it: its owner.
//
//   auto sum = kin::async([=] { return add_up(left); });   a process of its own, linked
//   const int right_sum = add_up(right);
//   return kin::await(std::move(sum)) + right_sum;
//
// What it returns comes as one message, task_reply<R>, by an alias that is its monitor's reference,
// too: what comes after the owner has given up is dropped. An owner that takes its own messages, a
// server, may take task_reply<R> and kin::down itself, both with `t.ref()`.
//
// Many at once: async_stream.hpp. Tasks under a supervisor: task_supervisor.hpp.
#pragma once

#include <kin/alias.hpp>
#include <kin/behaviour.hpp>
#include <kin/child_spec.hpp>
#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/link.hpp>
#include <kin/message.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/result.hpp>
#include <kin/time.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

/// What a task sends to its owner when its function has returned: Elixir's {ref, result}.
template <class R>
struct task_reply {
  kin::ref ref = {};  ///< of which task
  R value;            ///< what its function returned
};
/// Of a task that returns nothing.
template <>
struct task_reply<void> {
  kin::ref ref = {};  ///< of which task
};

namespace detail {

/// What a task does, of whatever type; once, in the task's process.
class task_code {
 public:
  task_code() = default;
  task_code(const task_code&) = delete;
  task_code& operator=(const task_code&) = delete;
  virtual ~task_code() = default;
  /// `answer_to`: the alias of its owner, if it has one.
  virtual void run(ref answer_to) = 0;
  [[nodiscard]] virtual const std::type_info& subject() const = 0;
};

template <class F>
class task_function final : public task_code {
 public:
  explicit task_function(F f) : function_(std::move(f)) {}
  void run(ref answer_to) override {
    using R = std::remove_cvref_t<std::invoke_result_t<F&>>;
    if (!answer_to) {
      static_cast<void>(function_());
    } else if constexpr (std::is_void_v<R>) {
      function_();
      send(answer_to, task_reply<void>{answer_to});
    } else {
      send(answer_to, task_reply<R>{answer_to, function_()});
    }
  }
  [[nodiscard]] const std::type_info& subject() const override { return typeid(F); }

 private:
  F function_;
};

template <class F>
constexpr bool check_task() {
  constexpr bool invocable = std::invocable<F&>;
  static_assert(invocable, "kin: a task is a function without arguments: capture what it needs");
  static_assert(std::is_move_constructible_v<F>, "kin: a task's function must be movable");
  if constexpr (invocable && std::is_move_constructible_v<F>) {
    using R = std::remove_cvref_t<std::invoke_result_t<F&>>;
    constexpr bool travels = std::is_void_v<R> || sendable<R>;
    static_assert(travels,
                  "kin: what a task returns cannot be a message: it is a pointer, a view or cannot "
                  "be moved");
    return travels;
  } else {
    return false;
  }
}
template <class F>
struct task_result : std::type_identity<void> {};
template <std::invocable F>
struct task_result<F> : std::type_identity<std::remove_cvref_t<std::invoke_result_t<F&>>> {};

/// Who is who of a task, without the type of its result.
struct task_handle {
  kin::pid pid = {};
  kin::ref ref = {};  // of the monitor, and the alias; none: it has been awaited
  kin::pid owner = {};
};
/// Starts it, and monitors it.
task_handle start_task_of(std::unique_ptr<task_code> code);
/// Starts it; nobody waits for it.
pid start_lonely_task(std::unique_ptr<task_code> code, bool linked);
/// Throws kin::error unless the caller may wait for it.
void check_task_owner(const task_handle& t, const char* act);
[[noreturn]] void throw_not_awaited(const exit_reason& why, pid task);
/// Unlinks it, tells it to end, and waits for that. Nothing: it ended as it was told.
std::optional<exit_reason> end_task(const task_handle& t, shutdown_limit limit);

/// How much of a time is left.
class countdown {
 public:
  explicit countdown(duration limit);
  [[nodiscard]] duration left() const;

 private:
  clock::time_point end_;
  bool endless_;
};

}  // namespace detail

/// What its owner knows a task by. It is spent when its result, its end, or the time-out of `await`
/// has been had; to drop it without is no error: then both messages stay in the owner's mailbox.
///
/// Context  its owner; elsewhere it is of no use.
template <class R>
class [[nodiscard]] task {
 public:
  /// What its function returns.
  using value_type = R;
  /// Of `async`.
  explicit task(const detail::task_handle& h) : handle_(h) {}
  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    handle_ = std::exchange(other.handle_, {});
    return *this;
  }
  task(const task&) = delete;
  task& operator=(const task&) = delete;
  ~task() = default;

  /// The process that does it.
  [[nodiscard]] kin::pid pid() const { return handle_.pid; }
  /// Of its task_reply, and of its kin::down.
  [[nodiscard]] kin::ref ref() const { return handle_.ref; }
  /// The process that has started it.
  [[nodiscard]] kin::pid owner() const { return handle_.owner; }
  [[nodiscard]] detail::task_handle& handle() { return handle_; }

 private:
  detail::task_handle handle_;
};

/// The processes for which this one works, nearest first: its owner, that one's owner, and so on;
/// empty outside tasks.   Context  a process.   See  Task: `$callers`.
[[nodiscard]] std::vector<pid> callers();

/// Starts a process that runs `work()`, linked to this one and monitored by it, and returns at once.
/// When `work` fails, this process gets an exit signal, and dies of it unless it traps exits.
///
/// Throws   as spawn.   Context  a process, its owner.   Cost  a process and two messages.
/// See      Task.async/1.
template <class F>
auto async(F work) {
  using R = typename detail::task_result<F>::type;
  if constexpr (detail::check_task<F>()) {
    return task<R>(
        detail::start_task_of(std::make_unique<detail::task_function<F>>(std::move(work))));
  } else {
    return task<void>(detail::task_handle{});
  }
}
/// Starts a process that runs `work()`; nobody waits for what it returns.
/// Context  a process, or a thread inside machine::enter.   See  Task.start/1.
template <class F>
pid start_task(F work) {
  if constexpr (detail::check_task<F>()) {
    return detail::start_lonely_task(std::make_unique<detail::task_function<F>>(std::move(work)),
                                     false);
  } else {
    return {};
  }
}
/// As start_task, and linked.   Context  a process.   See  Task.start_link/1.
template <class F>
pid start_task_link(F work) {
  if constexpr (detail::check_task<F>()) {
    return detail::start_lonely_task(std::make_unique<detail::task_function<F>>(std::move(work)),
                                     true);
  } else {
    return {};
  }
}

namespace detail {

/// The message in which a task that returns an R replies, for code that knows no R.
struct reply_kind {
  const std::type_info* type;
  ref (*task_of)(const void* reply);
};
template <class R>
inline constexpr reply_kind reply_kind_of{&typeid(task_reply<R>), [](const void* reply) {
                                            return static_cast<const task_reply<R>*>(reply)->ref;
                                          }};

/// A reply, or the end of a task.
struct task_news {
  ref task;      // none: nothing has come in time
  message said;  // a task_reply<R>, or a kin::down
};
/// Of that task.
task_news wait_for_task(const reply_kind& kind, ref task, duration limit);
/// Of one of those.
task_news wait_for_tasks(const reply_kind& kind, const std::unordered_map<ref, std::size_t>& tasks,
                         duration limit);

template <class R>
result<R> what_came(const message& said) {
  if (const down* d = said.get_if<down>()) return d->reason;
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    return std::move(said.get_if<task_reply<R>>()->value);
  }
}

/// What came of it: a value, its end, or nothing within that time.
template <class R>
std::optional<result<R>> outcome_of(task_handle& t, duration limit) {
  const task_news news = wait_for_task(reply_kind_of<R>, t.ref, limit);
  if (!news.task) return std::nullopt;
  t.ref = {};
  return what_came<R>(news.said);
}
/// No more will come of it; what has come after all.
template <class R>
std::optional<result<R>> give_up_on(task_handle& t) {
  demonitor(t.ref);  // what is sent from now on is dropped
  return outcome_of<R>(t, {});
}

template <class R>
struct task_values : std::type_identity<std::vector<R>> {};
template <>
struct task_values<void> : std::type_identity<void> {};

template <class R>
using outcomes = std::vector<std::optional<result<R>>>;

/// Fills in what comes of the tasks, until `enough(outcome)` or the time is over.
template <class R, class Enough>
void gather(std::vector<task<R>>& tasks, outcomes<R>& all, duration limit, Enough enough) {
  std::unordered_map<ref, std::size_t> at;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!all[i]) at.emplace(tasks[i].ref(), i);
  }
  const countdown time(limit);
  while (!at.empty()) {
    const task_news news = wait_for_tasks(reply_kind_of<R>, at, time.left());
    if (!news.task) return;
    const std::size_t i = at.extract(news.task).mapped();
    tasks[i].handle().ref = {};
    all[i].emplace(what_came<R>(news.said));
    if (enough(*all[i])) return;
  }
}
template <class R>
void check_task_owners(std::vector<task<R>>& tasks, const char* act) {
  for (auto& t : tasks) check_task_owner(t.handle(), act);
}

}  // namespace detail

/// Waits for what the task returns. It is spent afterwards, whatever came of it.
///
/// Returns  the value; or why there is none: the reason for which the task ended, or timed_out:
///          then the task works on, and its reply is dropped. A linked task that fails ends an owner
///          that does not trap exits, before it can see that here.
/// Throws   kin::error with badarg in another process, and for a task that is spent.
/// Waits    up to `limit`.   Context  its owner.   See  Task.await/2.
template <class R>
result<R> try_await(task<R>&& t, duration limit = std::chrono::seconds(5)) {
  detail::check_task_owner(t.handle(), "await");
  auto o = detail::outcome_of<R>(t.handle(), limit);
  if (!o) {
    static_cast<void>(detail::give_up_on<R>(t.handle()));
    t.handle().ref = {};
    return exit_reason(timed_out);
  }
  return *std::move(o);
}
/// As try_await, but a failure is thrown, as call_failed.
template <class R>
R await(task<R>&& t, duration limit = std::chrono::seconds(5)) {
  const pid who = t.pid();
  auto r = try_await(std::move(t), limit);
  if (!r) detail::throw_not_awaited(r.error(), who);
  if constexpr (!std::is_void_v<R>) return *std::move(r);
}
/// As one may write it, but no: a task is awaited once.
template <class R>
R await(task<R>& /*t*/, duration /*limit*/ = {}) {
  static_assert(!std::is_same_v<R, R>, "kin: a task is awaited once: await(std::move(task))");
}

/// Waits for what came of the task; it can be asked again if that was nothing.
///
/// Returns  the value, or the reason for which the task ended; nothing if neither has come in time.
/// Throws   kin::error with badarg in another process, and for a task that is spent.
/// Waits    up to `limit`.   Context  its owner.   See  Task.yield/2.
template <class R>
[[nodiscard]] std::optional<result<R>> yield(task<R>& t, duration limit = std::chrono::seconds(5)) {
  detail::check_task_owner(t.handle(), "yield");
  return detail::outcome_of<R>(t.handle(), limit);
}

/// Ends the task: unlinks it, tells it to shut down, and kills it if it has not within `limit`;
/// `kin::brutal_kill` does so at once.
///
/// Returns  the value if that has come already; the reason if the task ended for another one than it
///          was told, `killed` if it did not heed; else nothing.
/// Throws   kin::error with badarg in another process, and for a task that is spent.
/// Waits    until the task has ended.   Context  its owner.   See  Task.shutdown/2.
template <class R>
std::optional<result<R>> shut_down(task<R>&& t, shutdown_limit limit = {}) {
  detail::check_task_owner(t.handle(), "shut_down");
  const auto ended = detail::end_task(t.handle(), limit);
  auto o = detail::give_up_on<R>(t.handle());
  t.handle().ref = {};
  if (!o && ended) return result<R>(*ended);
  return o;
}

/// Lets the task work on, unlinked; what it returns is dropped.
///
/// Returns  what came of it already, as yield.
/// Throws   kin::error with badarg in another process, and for a task that is spent.
/// Context  its owner.   See  Task.ignore/1.
template <class R>
std::optional<result<R>> ignore(task<R>&& t) {
  detail::check_task_owner(t.handle(), "ignore");
  unlink(t.pid());
  auto o = detail::outcome_of<R>(t.handle(), {});
  if (!o) o = detail::give_up_on<R>(t.handle());
  t.handle().ref = {};
  return o;
}

/// Waits for all tasks, with one time limit; the values come in the order of the tasks.
///
/// Returns  the values; or, as soon as one task has ended without, why; or timed_out. The others
///          work on then, and their replies are dropped.
/// Throws   kin::error with badarg in another process, and for a task that is spent.
/// Waits    up to `limit`.   Context  their owner.   See  Task.await_many/2.
template <class R>
result<typename detail::task_values<R>::type> try_await_many(
    std::vector<task<R>>&& tasks, duration limit = std::chrono::seconds(5)) {
  detail::check_task_owners(tasks, "await_many");
  detail::outcomes<R> all(tasks.size());
  std::optional<exit_reason> failed;
  std::size_t missing = tasks.size();
  detail::gather<R>(tasks, all, limit, [&](const result<R>& r) {
    --missing;
    if (!r) failed = r.error();
    return failed.has_value();
  });
  if (missing != 0 && !failed) failed = exit_reason(timed_out);
  if (failed) {
    for (auto& t : tasks) {
      if (t.ref()) static_cast<void>(detail::give_up_on<R>(t.handle()));
      t.handle().ref = {};
    }
    return *failed;
  }
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    std::vector<R> values;
    values.reserve(all.size());
    for (auto& o : all) values.push_back(**std::move(o));
    return values;
  }
}
/// As try_await_many, but a failure is thrown, as call_failed.
template <class R>
auto await_many(std::vector<task<R>>&& tasks, duration limit = std::chrono::seconds(5)) {
  auto r = try_await_many(std::move(tasks), limit);
  if (!r) throw call_failed(r.error(), "await_many");
  if constexpr (!std::is_void_v<R>) return *std::move(r);
}

/// What becomes of a task that has not ended in time.
enum class task_timeout : unsigned char {
  nothing,    ///< it can be asked again
  ignore,     ///< see kin::ignore
  kill_task,  ///< it is killed; what came of it meanwhile counts
};
/// How yield_many waits.
struct yield_options {
  duration timeout = std::chrono::seconds(5);       ///< for all of them together
  task_timeout on_timeout = task_timeout::nothing;  ///< to those that have not ended
  /// Enough when so many have ended; then `on_timeout` does not count. 0: all.
  std::size_t limit = 0;
};
/// Waits for what comes of the tasks; those of which nothing came can be asked again, unless
/// `on_timeout` says otherwise.
///
/// Returns  of each task, in their order, what yield would.
/// Throws   kin::error with badarg in another process, and for a task that is spent.
/// Waits    up to `how.timeout`.   Context  their owner.   See  Task.yield_many/2.
template <class R>
[[nodiscard]] std::vector<std::optional<result<R>>> yield_many(std::vector<task<R>>& tasks,
                                                               yield_options how = {}) {
  detail::check_task_owners(tasks, "yield_many");
  detail::outcomes<R> all(tasks.size());
  std::size_t ended = 0;
  const auto has_enough = [&] { return how.limit != 0 && ended >= how.limit; };
  detail::gather<R>(tasks, all, how.timeout, [&](const result<R>& /*r*/) {
    ++ended;
    return has_enough();
  });
  if (has_enough() || how.on_timeout == task_timeout::nothing) return all;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (all[i]) continue;
    all[i] = how.on_timeout == task_timeout::ignore ? kin::ignore(std::move(tasks[i]))
                                                    : shut_down(std::move(tasks[i]), brutal_kill);
  }
  return all;
}

}  // namespace kin
