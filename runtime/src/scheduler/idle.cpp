// SPDX-License-Identifier: Apache-2.0
#include "scheduler/idle.hpp"

#include "base/cpu.hpp"
#include "base/membarrier.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kin::detail {
namespace {

constexpr nanotime spin_time = 5'000;
constexpr nanotime shortest_pause = 2'000;
constexpr nanotime longest_pause = 1'000'000;
constexpr nanotime short_lived = 8 * shortest_pause;
constexpr nanotime fresh_time = 40'000;
constexpr std::size_t loot_max = 512;

}  // namespace

// One worker's search, from an empty queue to something found or to sleep. Only one at a time asks
// others, or looks at their queues.
class idle_workers::search {
 public:
  search(idle_workers& all, worker& w) : all_(all), w_(w) {
    begin();
    // Rule 4: came back soon after the last theft, so what was stolen did not last.
    w.steal_pause = start_ - w.last_steal < short_lived ? std::min(2 * w.steal_pause, longest_pause)
                                                        : shortest_pause;
    pause_end_ = w.last_steal + w.steal_pause;
  }
  search(const search&) = delete;
  search& operator=(const search&) = delete;
  ~search() { end(); }

  void begin() {
    // acquire: pairs with `end`; the searcher's notes pass from one searcher to the next.
    is_the_one_ = !all_.searching_.exchange(true, std::memory_order_acquire);
    start_ = system_now();
  }
  /// What is given in the last moment is in the worker's queue.
  void end() {
    if (std::exchange(asks_, false) && all_.handout_.withdraw(w_)) {
      if (control_block* first = all_.handout_.take(w_)) w_.queue.push_back(*first, first->at());
    }
    if (std::exchange(is_the_one_, false)) all_.searching_.store(false, std::memory_order_release);
  }
  /// False: it asks already.
  bool ask() {
    if (std::exchange(asks_, true)) return false;
    all_.handout_.ask(w_);
    return true;
  }
  control_block* answer() {
    if (!asks_ || !all_.handout_.answered()) return nullptr;
    asks_ = false;
    w_.last_steal = system_now();
    w_.recorder.note(deed::is_given, 0);
    return all_.handout_.take(w_);
  }
  bool may_look(nanotime time) {
    if (!is_the_one_ || time < next_look_) return false;
    next_look_ = time + shortest_pause;
    return true;
  }
  /// Rule 4.
  [[nodiscard]] bool pauses(nanotime time) const { return time < pause_end_; }
  [[nodiscard]] bool goes_on(nanotime time) const {
    return is_the_one_ && time - start_ < spin_time;
  }

 private:
  idle_workers& all_;
  worker& w_;
  bool is_the_one_ = false;
  bool asks_ = false;
  nanotime start_ = 0;
  nanotime next_look_ = 0;
  nanotime pause_end_ = 0;
};

control_block* idle_workers::find_work(worker& w) {
  search hunt(*this, w);
  for (;;) {
    const nanotime time = system_now();
    if (time >= w.timers_due.load(std::memory_order_relaxed)) w.fire_due(time, false);
    if (machine_.stopping.load(std::memory_order_relaxed)) return nullptr;
    control_block* found = w.queue.pop(false).item;
    if (found == nullptr) found = machine_.injected.pop();
    if (found == nullptr) found = hunt.answer();
    if (found == nullptr && hunt.may_look(time)) found = look(w, hunt, time);
    if (found != nullptr) {
      hunt.end();
      w.work_begins(time);
      if (w.queue.size() > 0) wake_helper();
      return found;
    }
    if (hunt.goes_on(time)) {
      for (int i = 0; i < 8; ++i) pause();
      continue;
    }
    hunt.end();
    if (w.queue.size() == 0) is_extra(w) ? retire(w) : park(w);
    hunt.begin();
  }
}

bool idle_workers::is_extra(const worker& w) const { return w.index >= machine_.options.workers; }

bool idle_workers::is_stuck(const worker& w) {
  return w.stuck_at.load(std::memory_order_relaxed) == w.turns.load(std::memory_order_relaxed);
}

bool idle_workers::is_slow(const worker& w) {
  return is_stuck(w) || w.takes_long.load(std::memory_order_relaxed);
}

// What is in the slot runs next, and is no loot while callbacks are short.
bool idle_workers::has_loot(const worker& w) {
  return w.queue.size() > 0 || (w.queue.has_slot() && is_slow(w));
}

control_block* idle_workers::look(worker& w, search& hunt, nanotime time) {
  const unsigned count = machine_.worker_count();
  for (unsigned i = 1; i < count; ++i) {
    worker& victim = *machine_.worker_at((w.index + i) % count);
    if (!has_loot(victim) || (hunt.pauses(time) && !is_slow(victim))) continue;
    const std::uint64_t turn = victim.turns.load(std::memory_order_relaxed);
    if (victim.seen_turn != turn) {
      victim.seen_turn = turn;
      victim.seen_at = time;
    }
    const bool stuck = is_stuck(victim);
    const bool lone =
        !victim.queue.urgent() && victim.queue.size() + (victim.queue.has_slot() ? 1 : 0) == 1;
    if ((stuck || !lone) && hunt.ask()) continue;
    // Rule 3.
    if (stuck || time - victim.seen_at >= (lone ? fresh_time : shortest_pause)) {
      if (control_block* p = rob(w, victim, stuck || lone)) return p;
    }
  }
  return nullptr;
}

control_block* idle_workers::rob(worker& thief, worker& victim, bool all) {
  std::array<control_block*, loot_max + 1> loot{};
  std::size_t count = 0;
  victim.queue.steal(loot_max, all, [&](control_block& p) { loot[count++] = &p; });
  if (count == 0) return nullptr;
  for (std::size_t i = 1; i < count; ++i) thief.queue.push_back(*loot[i], loot[i]->at());
  thief.recorder.note(deed::steals, static_cast<std::uint32_t>(count));
  if (!is_slow(victim)) thief.last_steal = system_now();
  return loot[0];
}

void idle_workers::park(worker& w) {
  w.parked.store(true, std::memory_order_seq_cst);
  parked_.fetch_add(1, std::memory_order_seq_cst);  // pairs with the load of wake_for_injected, too
  membarrier_all();  // I1: from here on the relaxed hints of has_loot are those of now
  nanotime until = w.timers_due.load(std::memory_order_relaxed);
  bool work = !machine_.injected.empty() || machine_.stopping.load(std::memory_order_seq_cst);
  const unsigned count = machine_.worker_count();
  for (unsigned i = 0; i < count && !work; ++i) {
    const worker& other = *machine_.worker_at(i);
    if (&other == &w || !has_loot(other)) continue;
    // Something to steal that may not be stolen yet: look again when it may.
    until = std::min(
        until, system_now() + (is_slow(other) ? fresh_time : std::max(w.steal_pause, fresh_time)));
  }
  w.recorder.note(deed::sleeps, 0);
  if (!work) w.bed->sleep(until);
  w.recorder.note(deed::gets_up, 0);
  // Whoever wakes a worker takes it out of the count; else it does so itself: one of the two swaps.
  if (w.parked.exchange(false, std::memory_order_seq_cst))
    parked_.fetch_sub(1, std::memory_order_seq_cst);
  machine_.watch.somebody_runs();
}

// An extra worker that found nothing: whoever was stuck has come back, or there is no work.
void idle_workers::retire(worker& w) {
  w.retired.store(true, std::memory_order_seq_cst);
  retired_.fetch_add(1, std::memory_order_seq_cst);
  if (!machine_.stopping.load(std::memory_order_seq_cst)) {
    w.bed->sleep(w.timers_due.load(std::memory_order_relaxed));
  }
  retired_.fetch_sub(1, std::memory_order_seq_cst);
  w.retired.store(false, std::memory_order_release);
}

bool idle_workers::wake_one() {
  const unsigned count = machine_.worker_count();
  for (unsigned i = 0; i < count; ++i) {
    worker& w = *machine_.worker_at(i);
    if (w.parked.load(std::memory_order_relaxed) &&
        w.parked.exchange(false, std::memory_order_seq_cst)) {
      parked_.fetch_sub(1, std::memory_order_seq_cst);
      w.bed->wake();
      return true;
    }
  }
  return false;
}

void idle_workers::wake_helper() {
  light_barrier();  // I1: the other half is the parker's membarrier
  if (parked_.load(std::memory_order_relaxed) == 0 || searching_.load(std::memory_order_relaxed))
      [[likely]]
    return;
  wake_one();
}

void idle_workers::wake_for_injected() {
  // seq_cst: between it and the item is the count of inject_queue, as strong; `park` has it reversed.
  if (parked_.load(std::memory_order_seq_cst) != 0) wake_one();
}

void idle_workers::wake_all() {
  while (wake_one()) {
  }
}

}  // namespace kin::detail
