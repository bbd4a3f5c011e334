// SPDX-License-Identifier: Apache-2.0
#include <kin/link.hpp>
#include <kin/send.hpp>
#include <kin/task_supervisor.hpp>

#include "task_process.hpp"

#include <exception>
#include <tuple>
#include <utility>

namespace kin::detail {

void never_called(task_work /*work*/) { std::terminate(); }

result<pid> start_task_child(std::optional<pid> supervisor, std::unique_ptr<behaviour> body) {
  const auto started =
      send_start(supervisor, box_request(std::tuple(task_work{std::move(body)}),
                                         &start_with_arguments<std::tuple<task_work>>));
  return started ? result<pid>(started->pid) : result<pid>(started.error());
}

// The task waits until its owner watches it: so the link finds it alive, and the monitor hears the
// true reason.
result<task_handle> start_task_under(std::optional<pid> supervisor, std::unique_ptr<task_code> code,
                                     bool linked) {
  auto started =
      start_task_child(supervisor, task_process_of(std::move(code), callers_from_here(),
                                                   task_start::when_told_by_a_stranger, self()));
  if (!started) return started.error();
  if (linked) link(*started);
  const ref watch = monitor(*started, {.alias = alias_until::demonitored});
  send(*started, task_begin{watch});
  return task_handle{*started, watch, self()};
}

result<pid> start_lonely_task_under(std::optional<pid> supervisor,
                                    std::unique_ptr<task_code> code) {
  return start_task_child(
      supervisor, task_process_of(std::move(code), callers_from_here(), task_start::at_once, {}));
}

}  // namespace kin::detail
