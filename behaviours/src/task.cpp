// SPDX-License-Identifier: Apache-2.0
#include <kin/link.hpp>
#include <kin/print.hpp>
#include <kin/receive.hpp>
#include <kin/send.hpp>
#include <kin/task.hpp>
#include <kin/values.hpp>
#include <kin/wait.hpp>

#include "task_process.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <utility>

namespace kin {
namespace detail {
namespace {

constexpr const char* callers_key = "$callers";

class task_process final : public behaviour {
 public:
  task_process(std::unique_ptr<task_code> code, std::vector<pid> callers, task_start when,
               pid starter)
      : code_(std::move(code)), callers_(std::move(callers)), starter_(starter), when_(when) {}

  next start() override {
    if (!callers_.empty()) put(callers_key, callers_);
    ref answer_to;
    if (when_ == task_start::when_told)
      answer_to = kin::receive([](task_begin b) { return b.answer_to; });
    if (when_ == task_start::when_told_by_a_stranger) answer_to = wait_for_stranger();
    code_->run(answer_to);
    return next::stop(normal);
  }
  [[nodiscard]] const std::type_info& subject() const override { return code_->subject(); }
  void print_state(std::ostream& out) const override {
    out << "task";
    if (!callers_.empty()) out << " of " << callers_.front();
  }

 private:
  // As it was told, though the one who did has ended since; or that end.
  [[nodiscard]] ref wait_for_stranger() const {
    const ref watch = monitor(starter_);
    const ref answer_to = kin::receive(
        [](task_begin b) { return b.answer_to; }, when(&down::ref, watch, [](down d) {
          return kin::receive([](task_begin b) { return b.answer_to; },
                              after({}, [&]() -> ref { kin::exit(shutdown(d.reason)); }));
        }));
    demonitor(watch, {.flush = true});
    return answer_to;
  }

  std::unique_ptr<task_code> code_;
  std::vector<pid> callers_;
  pid starter_;
  task_start when_;
};

}  // namespace

std::unique_ptr<behaviour> task_process_of(std::unique_ptr<task_code> code,
                                           std::vector<pid> callers, task_start when, pid starter) {
  return std::make_unique<task_process>(std::move(code), std::move(callers), when, starter);
}

std::vector<pid> callers_from_here() {
  if (!in_process()) return {};
  std::vector<pid> all{self()};
  const auto* mine = get<std::vector<pid>>(callers_key);
  if (mine != nullptr) all.insert(all.end(), mine->begin(), mine->end());
  return all;
}

task_handle start_task_of(std::unique_ptr<task_code> code) {
  const auto [task, watch] = spawn_process(
      task_process_of(std::move(code), callers_from_here(), task_start::when_told, {}),
      {.link = true, .monitor = true, .alias = alias_until::demonitored});
  send(task, task_begin{watch});
  return {task, watch, self()};
}

pid start_lonely_task(std::unique_ptr<task_code> code, bool linked) {
  return spawn_process(
             task_process_of(std::move(code), callers_from_here(), task_start::at_once, {}),
             {.link = linked})
      .pid;
}

void check_task_owner(const task_handle& t, const char* act) {
  if (!t.ref) throw error(badarg, std::string(act) + ": this task is spent");
  if (t.owner != self()) {
    throw error(badarg, std::string(act) + ": the task " + to_string(t.pid) + " is owned by " +
                            to_string(t.owner) + ", not by " + to_string(self()));
  }
}

void throw_not_awaited(const exit_reason& why, pid task) {
  throw call_failed(why, "await of " + to_string(task));
}

std::optional<exit_reason> end_task(const task_handle& t, shutdown_limit limit) {
  unlink(t.pid);
  const auto ended_within = [&](duration time) {
    using out = std::optional<exit_reason>;
    return kin::receive(when(&down::ref, t.ref, [](down d) -> out { return std::move(d.reason); }),
                        after(time, []() -> out { return std::nullopt; }));
  };
  if (!limit.brutal) {
    kin::exit(t.pid, shutdown);
    auto why = ended_within(limit.limit);
    if (why) return *why == shutdown ? std::nullopt : why;
  }
  kin::exit(t.pid, kill);
  auto why = ended_within(infinity);
  const bool as_told = limit.brutal ? *why == killed : *why == shutdown;
  return as_told ? std::nullopt : why;
}

namespace {

template <class Wanted>
task_news wait_for_news(const reply_kind& kind, Wanted wanted, duration limit, ref pinned) {
  const std::array types{kind.type, &typeid(down)};
  receiver mailbox(types.data(), static_cast<std::uint32_t>(types.size()), false, limit, pinned);
  while (signal* candidate = mailbox.next()) {
    const void* value = value_of(*candidate);
    const bool is_end = same_type(*candidate->type->info, typeid(down));
    if (!is_end && !same_type(*candidate->type->info, *kind.type)) continue;
    const ref task = is_end ? static_cast<const down*>(value)->ref : kind.task_of(value);
    if (!wanted(task)) continue;
    task_news news{task, mailbox.take()};
    demonitor(task, {.flush = true});
    return news;
  }
  return {};
}

}  // namespace

task_news wait_for_task(const reply_kind& kind, ref task, duration limit) {
  return wait_for_news(
      kind, [task](ref other) { return other == task; }, limit, task);
}
task_news wait_for_tasks(const reply_kind& kind, const std::unordered_map<ref, std::size_t>& tasks,
                         duration limit) {
  return wait_for_news(kind, [&tasks](ref other) { return tasks.contains(other); }, limit, {});
}

countdown::countdown(duration limit) : endless_(limit > clock::time_point::max() - clock::now()) {
  if (!endless_) end_ = clock::now() + limit;
}
duration countdown::left() const {
  return endless_ ? infinity : std::max(end_ - clock::now(), duration::zero());
}

}  // namespace detail

std::vector<pid> callers() {
  const auto* mine = get<std::vector<pid>>(detail::callers_key);
  return mine == nullptr ? std::vector<pid>() : *mine;
}

}  // namespace kin
