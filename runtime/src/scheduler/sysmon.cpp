// SPDX-License-Identifier: Apache-2.0
#include "scheduler/sysmon.hpp"

#include <kin/report.hpp>

#include "scheduler/machine_core.hpp"

#include <array>
#include <chrono>
#include <pthread.h>
#include <sstream>

namespace kin::detail {
namespace {

constexpr auto interval = std::chrono::milliseconds(1);
constexpr nanotime long_enough_to_rob = 1'000'000;
constexpr nanotime long_enough_to_help = 10'000'000;
constexpr nanotime long_enough_to_report = 100'000'000;
constexpr int idle_looks_before_sleep = 10;

void report_long_schedule(machine_core& machine, const control_block& p, nanotime time) {
  std::ostringstream text;
  text << "  process " << p.name_seen_from_outside() << " has run for " << time / 1'000'000
       << " ms without a wait; what waited behind it is run elsewhere.\n"
       << "  Use kin::blocking for calls that block, kin::checkpoint in long computations.";
  machine.tell({severity::warning, "LONG SCHEDULE", std::move(text).str()});
}

}  // namespace

void sysmon::start() {
  thread_ = std::thread([this] { watch(); });
}

void sysmon::stop() {
  {
    const std::lock_guard hold(lock_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void sysmon::somebody_runs() {
  if (!asleep_.load(std::memory_order_seq_cst)) [[likely]]
    return;
  const std::lock_guard hold(lock_);
  asleep_.store(false, std::memory_order_relaxed);
  wake_.notify_one();
}

bool sysmon::everybody_sleeps() const { return machine_.idle.asleep() >= machine_.worker_count(); }

nanotime sysmon::stuck_for(const worker& w, seen& before, nanotime time) {
  const auto turn = w.turns.load(std::memory_order_relaxed);
  if (turn != before.turn || w.running.load(std::memory_order_relaxed) == nullptr) {
    before = {turn, time, false};
    return 0;
  }
  return time - before.since;
}

void sysmon::help(worker& w, nanotime stuck, nanotime time, bool all_stuck) {
  w.stuck_at.store(w.turns.load(std::memory_order_relaxed), std::memory_order_relaxed);
  if (time >= w.timers_due.load(std::memory_order_relaxed)) w.fire_due(time, true);
  const bool work_waits = w.queue.has_slot() || w.queue.size() > 0 || !machine_.injected.empty();
  if (!work_waits) return;
  if (machine_.idle.parked() > 0) {
    machine_.idle.wake_for_injected();
  } else if (all_stuck && stuck >= long_enough_to_help) {
    machine_.add_extra_worker();
  }
}

void sysmon::look_at_all(std::vector<seen>& before) {
  const nanotime time = system_now();
  const unsigned count = machine_.worker_count();
  std::array<nanotime, machine_core::workers_max> stuck{};
  bool all_stuck = true;
  for (unsigned i = 0; i < count; ++i) {
    const worker& w = *machine_.worker_at(i);
    stuck[i] = stuck_for(w, before[i], time);
    // One that has retired does not help the others before it is woken.
    const bool helps = stuck[i] < long_enough_to_help && !w.retired.load(std::memory_order_relaxed);
    all_stuck = all_stuck && !helps;
  }
  for (unsigned i = 0; i < count; ++i) {
    worker& w = *machine_.worker_at(i);
    if (stuck[i] >= long_enough_to_rob) help(w, stuck[i], time, all_stuck);
    const control_block* p = w.running.load(std::memory_order_acquire);
    if (stuck[i] >= long_enough_to_report && !before[i].reported && p != nullptr) {
      before[i].reported = true;
      report_long_schedule(machine_, *p, stuck[i]);
    }
  }
}

void sysmon::watch() {
  pthread_setname_np(pthread_self(), "kin/sysmon");
  std::vector<seen> seen_of(machine_core::workers_max);
  int idle_looks = 0;
  std::unique_lock hold(lock_);
  while (!stopping_) {
    if (everybody_sleeps()) {
      if (++idle_looks >= idle_looks_before_sleep) {
        asleep_.store(true, std::memory_order_seq_cst);
        // Whoever woke up before it could see that is counted out by now.
        if (everybody_sleeps()) {
          wake_.wait(hold,
                     [this] { return stopping_ || !asleep_.load(std::memory_order_relaxed); });
        }
        asleep_.store(false, std::memory_order_relaxed);
        idle_looks = 0;
      }
    } else {
      idle_looks = 0;
    }
    wake_.wait_for(hold, interval, [this] { return stopping_; });
    look_at_all(seen_of);
  }
}

}  // namespace kin::detail
