// SPDX-License-Identifier: Apache-2.0
// A supervisor whose children are tasks: never started again, told to shut down with it.
//
//   inline constexpr kin::name<kin::task_supervisor> jobs{"jobs"};
//   kin::supervisor shop() {
//     return {{.strategy = kin::one_for_one}, kin::task_supervisor{{.name = jobs}}, ...};
//   }
//   auto page = kin::async_nolink(jobs, [=] { return fetch(address); });   its failure is no end
//   kin::start_task(jobs, [=] { send_mail(to); });                         nobody waits for it
//
// which_children, count_children and terminate_child are the supervisor's.
#pragma once

#include <kin/export.hpp>
#include <kin/supervisor.hpp>
#include <kin/task.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {

/// The process of a task that is to be, on its way to a supervisor.
struct task_work {
  std::unique_ptr<behaviour> body;
};
void never_called(task_work work);

/// A child is the body that start_child brings.
template <>
struct recipes<pid, task_work> {
  template <class F>
  static std::shared_ptr<const child_recipe> make(const child_options<void>& options,
                                                  F /*never_called*/) {
    auto start_one = [how = spawn_options_of(options)](std::tuple<task_work> work) -> result<pid> {
      return spawn_process(std::move(std::get<0>(work).body), start_with_all(how)).pid;
    };
    return std::make_shared<recipe_of<decltype(start_one), task_work>>(std::move(start_one));
  }
};

}  // namespace detail

/// How a supervisor of tasks works; every field may be left out.
struct task_supervisor_options {
  supervisor_name name = {};            ///< registered when it starts
  std::size_t max_children = SIZE_MAX;  ///< so many tasks at once
  shutdown_limit shutdown = {};         ///< of a task, when the supervisor ends: 5 s
};

/// The tree that holds tasks; start it with start_link, or make it a child of another.
/// See  Task.Supervisor.
class task_supervisor : public supervisor_of<pid(detail::task_work)> {
 public:
  /// With no name, no limit.
  task_supervisor() : task_supervisor(task_supervisor_options{}) {}
  /// A supervisor about which something is to be said.
  explicit task_supervisor(const task_supervisor_options& how)
      : supervisor_of({.name = how.name, .max_children = how.max_children},
                      child_template<pid(detail::task_work)>(
                          {.id = "task", .restart = temporary, .shutdown = how.shutdown},
                          &detail::never_called)) {}
};

namespace detail {

/// Starts it as a child of that supervisor, links this process to it if asked to, and monitors it.
result<task_handle> start_task_under(std::optional<pid> supervisor, std::unique_ptr<task_code> code,
                                     bool linked);
result<pid> start_lonely_task_under(std::optional<pid> supervisor, std::unique_ptr<task_code> code);

template <class To>
constexpr bool check_task_supervisor() {
  constexpr bool fits = std::is_same_v<typename server_behind<To>::type, task_supervisor>;
  static_assert(fits,
                "kin: tasks are started under a kin::task_supervisor: its typed name or handle");
  return fits;
}
template <class F>
using result_of_async = result<task<typename task_result<F>::type>>;

template <class To, class F>
result_of_async<F> try_async(const To& to, F& work, bool linked) {
  if constexpr (check_task_supervisor<To>() && check_task<F>()) {
    auto started =
        start_task_under(whereis(to), std::make_unique<task_function<F>>(std::move(work)), linked);
    if (!started) return started.error();
    return task<typename task_result<F>::type>(*started);
  } else {
    return exit_reason(badarg);
  }
}
}  // namespace detail

/// As async, but the task is a child of `supervisor`, and linked to this process, too.
///
/// Returns  the task; or max_children, noproc, or what else the supervisor died of.
/// Waits    until it runs.   Context  a process, its owner.   See  Task.Supervisor.async/2.
template <address To, class F>
result<task<typename detail::task_result<F>::type>> try_async(const To& supervisor, F work) {
  return detail::try_async(supervisor, work, true);
}
/// As try_async, but a failure is thrown, as call_failed.
template <address To, class F>
auto async(const To& supervisor, F work) {
  return detail::value_or_throw(detail::try_async(supervisor, work, true), "async");
}
/// As try_async, but not linked to this process: a task that fails is the `error()` of what it is
/// awaited with, and an owner that ends leaves its task at work.
///
/// See  Task.Supervisor.async_nolink/2.
template <address To, class F>
result<task<typename detail::task_result<F>::type>> try_async_nolink(const To& supervisor, F work) {
  return detail::try_async(supervisor, work, false);
}
/// As try_async_nolink, but a failure to start is thrown, as call_failed.
template <address To, class F>
auto async_nolink(const To& supervisor, F work) {
  return detail::value_or_throw(detail::try_async(supervisor, work, false), "async_nolink");
}
/// Starts a child that runs `work()`; nobody waits for what it returns.
///
/// Returns  its pid; or max_children, noproc, or what else the supervisor died of.
/// Waits    until it runs.   Thread  any; one that runs no process blocks.
/// See      Task.Supervisor.start_child/2.
template <address To, class F>
result<pid> try_start_task(const To& supervisor, F work) {
  if constexpr (detail::check_task_supervisor<To>() && detail::check_task<F>()) {
    return detail::start_lonely_task_under(
        whereis(supervisor), std::make_unique<detail::task_function<F>>(std::move(work)));
  } else {
    return exit_reason(badarg);
  }
}
/// As try_start_task, but a failure is thrown, as call_failed.
template <address To, class F>
pid start_task(const To& supervisor, F work) {
  return detail::value_or_throw(try_start_task(supervisor, std::move(work)), "start_task");
}

}  // namespace kin
