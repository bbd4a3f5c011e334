// SPDX-License-Identifier: Apache-2.0
// The helper of a stream: it starts the tasks, and keeps what came of them until it is asked.
//   I1  A task is in running_ from its start to its end; `told` once what came of it is in ended_.
//   I2  asked_ is owed an answer only while ended_ is empty.
#include <kin/async_stream.hpp>
#include <kin/gen_server.hpp>
#include <kin/timer.hpp>

#include "task_process.hpp"

#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kin::detail {
namespace {

struct stream_start {
  std::size_t position = 0;
  std::unique_ptr<task_code> code;
};
struct stream_result {
  std::size_t position = 0;
  message value;
};
struct stream_next {};
struct stream_stop {};
struct stream_answer {
  stream_tasks::ended what;
  bool fails_all = false;
};

class stream_helper : public gen_server {
 public:
  stream_helper(const stream_tasks::how& how, pid owner, std::vector<pid> callers, bool traps)
      : how_(how), callers_(std::move(callers)), owner_watch_(monitor(owner)) {
    trap_exits(traps);
  }

  void handle_cast(stream_start s) {
    auto task = how_.supervisor ? start_supervised(std::move(s.code)) : start(std::move(s.code));
    if (!task) {
      tell({.what = {.position = s.position, .reason = task.error()}, .fails_all = true});
      return;
    }
    if (how_.timeout != infinity) task->timer = start_timer(how_.timeout, self(), s.position);
    position_of_.emplace(task->watch, s.position);
    running_.emplace(s.position, *task);
  }
  next handle_cast(stream_stop /*message*/) {
    kill_all();
    return kin::stop(normal);
  }
  replies<bool> handle_call(stream_stop /*request*/) {
    kill_all();
    return kin::stop(normal, true);
  }
  replies<stream_answer> handle_call(stream_next /*request*/, from<stream_answer> caller) {
    if (ended_.empty()) {
      asked_.emplace(std::move(caller));
      return noreply;
    }
    stream_answer oldest = std::move(ended_.front());
    ended_.pop_front();
    return oldest;
  }
  auto handle_info() {
    return clauses{[this](stream_result r) {
                     tell_once(r.position, {.what = {r.position, std::move(r.value)}});
                   },
                   [this](expired<std::size_t> e) { too_late(e.value); },
                   [this](down d) { return ended(d); }, [](const exited& /*a_task*/) {}};
  }
  void terminate(const exit_reason& /*why*/) { kill_all(); }

 private:
  struct running {
    pid task;
    ref watch;
    ref timer = {};
    bool told = false;
  };

  result<running> start(std::unique_ptr<task_code> code) {
    const auto [task, watch] =
        spawn_process(task_process_of(std::move(code), callers_, task_start::at_once, {}),
                      {.link = how_.linked, .monitor = true});
    return running{task, watch};
  }
  result<running> start_supervised(std::unique_ptr<task_code> code) {
    auto task = start_task_child(
        how_.supervisor,
        task_process_of(std::move(code), callers_, task_start::when_told_by_a_stranger, self()));
    if (!task) return task.error();
    if (how_.linked) link(*task);
    running started{*task, monitor(*task)};
    send(*task, task_begin{});
    return started;
  }

  next ended(const down& d) {
    if (d.ref == owner_watch_) {
      kill_all();
      return kin::stop(normal);
    }
    const auto at = position_of_.find(d.ref);
    if (at == position_of_.end()) return {};
    const std::size_t position = at->second;
    position_of_.erase(at);
    tell_once(position, {.what = {.position = position, .reason = d.reason}});
    running_.erase(position);
    return {};
  }
  void too_late(std::size_t position) {
    const auto at = running_.find(position);
    if (at == running_.end() || at->second.told) return;
    unlink(at->second.task);
    kin::exit(at->second.task, kill);
    tell_once(position,
              {.what = {.position = position, .reason = timed_out}, .fails_all = !how_.kills_late});
  }
  void tell_once(std::size_t position, stream_answer a) {
    const auto at = running_.find(position);
    if (at == running_.end() || std::exchange(at->second.told, true)) return;
    if (at->second.timer) cancel_timer(at->second.timer);
    tell(std::move(a));
  }
  void tell(stream_answer a) {
    if (asked_) {
      auto caller = *std::exchange(asked_, std::nullopt);
      caller.answer(std::move(a));
    } else {
      ended_.push_back(std::move(a));
    }
  }
  void kill_all() {
    for (const auto& [position, one] : running_) {
      unlink(one.task);
      kin::exit(one.task, kill);
    }
    for (const auto& [position, one] : running_)
      kin::receive(when(&down::ref, one.watch, [](const down& /*d*/) {}));
    running_.clear();
    position_of_.clear();
  }

  stream_tasks::how how_;
  std::vector<pid> callers_;
  ref owner_watch_;
  std::unordered_map<std::size_t, running> running_;
  std::unordered_map<ref, std::size_t> position_of_;
  std::deque<stream_answer> ended_;
  std::optional<from<stream_answer>> asked_;
};

}  // namespace

stream_tasks::stream_tasks(const how& h) {
  const bool traps = trap_exits(true);
  trap_exits(traps);
  helper_ = start_link<stream_helper>(h, self(), callers_from_here(), traps).pid;
  watch_ = monitor(helper_);
}

// No wait here: it may be the end of its owner that brings us here.
stream_tasks::~stream_tasks() {
  if (stopped()) return;
  demonitor(watch_);
  unlink(helper_);
  cast(server<stream_helper>{helper_}, stream_stop{});
}

void stream_tasks::start(std::size_t position, std::unique_ptr<task_code> code) {
  cast(server<stream_helper>{helper_}, stream_start{position, std::move(code)});
}

stream_tasks::ended stream_tasks::next() {
  auto answer = try_call(server<stream_helper>{helper_}, stream_next{}, infinity);
  if (!answer) {
    const exit_reason why = kin::receive(when(&down::ref, watch_, [](down d) { return d.reason; }));
    helper_ = {};
    throw call_failed(why, "async_stream");
  }
  if (answer->fails_all) throw call_failed(answer->what.reason, "async_stream");
  return std::move(answer->what);
}

void stream_tasks::stop() {
  const server<stream_helper> helper{std::exchange(helper_, {})};
  unlink(helper.pid);
  static_cast<void>(try_call(helper, stream_stop{}, infinity));
  kin::receive(when(&down::ref, watch_, [](const down& /*d*/) {}));
}

void give_to_stream(pid helper, std::size_t position, message value) {
  send(helper, stream_result{position, std::move(value)});
}

void check_stream_owner(pid owner) {
  if (self() != owner) {
    throw error(badarg, "async_stream: this stream is owned by " + to_string(owner) + ", not by " +
                            to_string(self()));
  }
}

}  // namespace kin::detail
