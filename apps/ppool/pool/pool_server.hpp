// SPDX-License-Identifier: Apache-2.0
// The server of one pool: who works, who waits. It starts a worker for each task while fewer than
// `limit` work, else the task waits in one queue, first come first served, whether somebody waits
// for it or not.
//   I1  working_.size() <= limit_, but while a lowered limit is still exceeded by those that were
//       there.
//   I2  waiting_ is empty, or all places are taken.
//   I3  A task that was accepted is answered once: with a pid (sync), with done<T> (async).
// A worker is monitored, not linked: its crash frees its place and touches nobody else. The server
// is linked to its worker supervisor: neither is of use without the other, and the pool's
// supervisor restarts both.
#pragma once

#include <kin/kin.hpp>

#include "pool/worker.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace ppool {

/// Why `run` gave no pid: all places are taken.
struct noalloc {
  friend bool operator==(const noalloc&, const noalloc&) = default;
  friend std::ostream& operator<<(std::ostream& out, noalloc /*value*/) { return out << "noalloc"; }
};

/// How a pool stands.
struct pool_state {
  std::size_t limit = 0;
  std::size_t working = 0;
  std::size_t waiting = 0;
};

/// The server, and the type of a pool: which Worker, and of which types the arguments are that each
/// task brings.
template <class Worker, class... Extra>
class pool : public kin::gen_server {
 public:
  using worker_type = Worker;
  using result = result_of<Worker>;
  using arguments = std::tuple<Extra...>;
  using waiting_caller = kin::from<kin::result<kin::pid>>;

  // What the functions of ppool.hpp ask.
  struct run_now {
    arguments extra;
  };
  struct run_in_turn {
    arguments extra;
  };
  struct run_for {
    arguments extra;
    kin::pid requester;
  };
  struct resize {
    std::size_t limit;
  };
  struct look {};
  struct list {};
  /// A callable worker has returned.
  struct finished {
    kin::pid worker;
    kin::result<result> outcome;
  };

  /// `start_workers` starts the worker supervisor under the given parent; `start_worker` a worker
  /// under that.
  using start_workers = std::function<kin::pid(kin::pid parent, kin::server<pool> self)>;
  using start_worker = std::function<kin::result<kin::pid>(kin::pid supervisor, arguments&& extra)>;
  pool(std::size_t limit, start_workers workers, start_worker worker)
      : limit_(limit), start_workers_(std::move(workers)), start_worker_(std::move(worker)) {}

  /// The parent is busy starting this server: it can be asked for the worker supervisor only when
  /// that is done.
  kin::next init() {
    return kin::continue_with([this] {
      workers_ = start_workers_(kin::parent(), kin::server<pool>{kin::self()});
      kin::link(workers_);
    });
  }

  kin::result<kin::pid> handle_call(run_now task) {
    if (working_.size() >= limit_) return kin::exit_reason(noalloc{});
    return start(std::move(task.extra), nobody{});
  }

  kin::replies<kin::result<kin::pid>> handle_call(run_in_turn task, waiting_caller who) {
    accept(std::move(task.extra), std::move(who));
    return kin::noreply;
  }

  kin::ref handle_call(run_for task) {
    const kin::ref name = kin::make_ref();
    accept(std::move(task.extra), requester{task.requester, name});
    return name;
  }

  void handle_call(resize wanted) {
    limit_ = wanted.limit;
    fill();
  }

  pool_state handle_call(look /*request*/) const {
    return {limit_, working_.size(), waiting_.size()};
  }

  std::vector<kin::pid> handle_call(list /*request*/) const {
    std::vector<kin::pid> workers;
    for (const auto& [worker, watch] : working_by_pid_) workers.push_back(worker);
    return workers;
  }

  void handle_cast(finished end) {
    const auto found = working_by_pid_.find(end.worker);
    if (found != working_by_pid_.end())
      working_.at(found->second).outcome.emplace(std::move(end.outcome));
  }

  auto handle_info() {
    return kin::clauses{[this](kin::down end) { leave(end); }};
  }

 private:
  struct nobody {};
  struct requester {
    kin::pid pid;
    kin::ref task;
  };
  using asker = std::variant<nobody, requester, waiting_caller>;
  struct waiting_task {
    arguments extra;
    asker who;
  };
  struct place {
    kin::pid worker;
    asker who;
    std::optional<kin::result<result>>
        outcome;  // of a callable that has returned, until it has ended
  };

  void accept(arguments&& extra, asker who) {
    waiting_.push_back({std::move(extra), std::move(who)});
    fill();
  }

  void fill() {
    while (!waiting_.empty() && working_.size() < limit_) {
      waiting_task task = std::move(waiting_.front());
      waiting_.pop_front();
      static_cast<void>(start(std::move(task.extra), std::move(task.who)));
    }
  }

  kin::result<kin::pid> start(arguments&& extra, asker who) {
    kin::result<kin::pid> started = start_worker_(workers_, std::move(extra));
    if (auto* waits = std::get_if<waiting_caller>(&who)) {
      waits->answer(started);
      who = nobody{};
    }
    if (!started) {
      if (auto* asked = std::get_if<requester>(&who)) tell(*asked, started.error());
      return started;
    }
    const kin::ref watch = kin::monitor(*started);
    working_.emplace(watch, place{*started, std::move(who), std::nullopt});
    working_by_pid_.emplace(*started, watch);
    return started;
  }

  void leave(const kin::down& end) {
    const auto found = working_.find(end.ref);
    if (found == working_.end()) return;
    place left = std::move(found->second);
    working_.erase(found);
    working_by_pid_.erase(left.worker);
    if (auto* asked = std::get_if<requester>(&left.who)) {
      if (left.outcome) {
        tell(*asked, *std::move(left.outcome));
      } else if constexpr (std::is_void_v<result>) {
        end.reason.is_orderly() ? tell(*asked, {}) : tell(*asked, end.reason);
      } else {
        tell(*asked, end.reason);
      }
    }
    fill();
  }

  static void tell(const requester& asked, kin::result<result> outcome) {
    kin::send(asked.pid, done<result>{asked.task, std::move(outcome)});
  }

  std::size_t limit_;
  start_workers start_workers_;
  start_worker start_worker_;
  kin::pid workers_;
  std::unordered_map<kin::ref, place> working_;
  std::unordered_map<kin::pid, kin::ref> working_by_pid_;
  std::deque<waiting_task> waiting_;
};

}  // namespace ppool
