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
constexpr std::size_t loot_max = 128;

}  // namespace

// One worker's search, from an empty queue to something found or to sleep. Only one at a time looks
// at others' queues.
class idle_workers::search {
 public:
  search(idle_workers& all, worker& w) : all_(all) {
    begin();
    // Rule 4: came back soon after the last theft, so what was stolen did not last.
    w.steal_pause = start_ - w.last_steal < short_lived ? std::min(2 * w.steal_pause, longest_pause)
                                                        : shortest_pause;
    next_look_ = w.last_steal + w.steal_pause;
  }
  search(const search&) = delete;
  search& operator=(const search&) = delete;
  ~search() { end(); }

  void begin() {
    is_the_one_ = !all_.searching_.exchange(true, std::memory_order_acq_rel);
    start_ = now();
  }
  void end() {
    if (std::exchange(is_the_one_, false)) all_.searching_.store(false, std::memory_order_release);
  }
  bool may_look(nanotime time) {
    if (!is_the_one_ || time < next_look_) return false;
    next_look_ = time + shortest_pause;
    return true;
  }
  [[nodiscard]] bool goes_on(nanotime time) const {
    return is_the_one_ && time - start_ < spin_time;
  }

 private:
  idle_workers& all_;
  bool is_the_one_ = false;
  nanotime start_ = 0;
  nanotime next_look_ = 0;
};

control_block* idle_workers::find_work(worker& w) {
  search hunt(*this, w);
  for (;;) {
    const nanotime time = now();
    if (time >= w.timers_due.load(std::memory_order_relaxed)) w.fire_due(time, false);
    if (machine_.stopping.load(std::memory_order_relaxed)) return nullptr;
    control_block* found = w.queue.pop(false);
    if (found == nullptr) found = machine_.injected.pop();
    if (found == nullptr && hunt.may_look(time)) found = look(w);
    if (found != nullptr) {
      hunt.end();
      // It has moved: else the watch would take its sleep for a long callback of what runs now.
      w.turns.store(w.turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      if (w.queue.size() > 0) wake_helper();
      return found;
    }
    if (hunt.goes_on(time)) {
      for (int i = 0; i < 8; ++i) pause();
      continue;
    }
    hunt.end();
    is_extra(w) ? retire(w) : park(w);
    hunt.begin();
  }
}

bool idle_workers::is_extra(const worker& w) const { return w.index >= machine_.options.workers; }

bool idle_workers::may_rob(worker& victim, bool& all) {
  const std::uint64_t turn = victim.turns.load(std::memory_order_relaxed);
  all = victim.stuck_at.load(std::memory_order_relaxed) == turn;
  const std::size_t size = victim.queue.size();
  if (all) return size > 0 || victim.queue.has_slot();
  if (size >= 2) return true;
  // Rule 3: a lone one only when its worker has not moved since the searcher looked last.
  const bool unmoved = victim.seen_turn == turn;
  victim.seen_turn = turn;
  return size == 1 && unmoved;
}

control_block* idle_workers::look(worker& w) {
  const unsigned count = machine_.worker_count();
  for (unsigned i = 1; i < count; ++i) {
    worker& victim = *machine_.worker_at((w.index + i) % count);
    bool all = false;
    if (!may_rob(victim, all)) continue;
    if (control_block* p = rob(w, victim, all)) return p;
  }
  return nullptr;
}

control_block* idle_workers::rob(worker& thief, worker& victim, bool all) {
  std::array<control_block*, loot_max + 1> loot{};
  std::size_t count = 0;
  victim.queue.steal(loot_max, all, [&](control_block& p) { loot[count++] = &p; });
  if (count == 0) return nullptr;
  for (std::size_t i = 1; i < count; ++i) thief.queue.push_back(*loot[i]);
  thief.last_steal = now();
  return loot[0];
}

void idle_workers::park(worker& w) {
  w.parked.store(true, std::memory_order_seq_cst);
  parked_.fetch_add(1, std::memory_order_seq_cst);
  membarrier_all();  // I1
  nanotime until = w.timers_due.load(std::memory_order_relaxed);
  bool work = !machine_.injected.empty() || machine_.stopping.load(std::memory_order_seq_cst);
  const unsigned count = machine_.worker_count();
  for (unsigned i = 0; i < count && !work; ++i) {
    const worker& other = *machine_.worker_at(i);
    if (&other == &w || other.queue.size() == 0) continue;
    // Something to steal that may not be stolen yet: look again when it may.
    until = std::min(until, now() + std::max(w.steal_pause, 50 * nanotime{1000}));
  }
  if (!work) w.bed.sleep(until);
  // Whoever wakes a worker takes it out of the count; else it does so itself.
  if (w.parked.exchange(false, std::memory_order_seq_cst))
    parked_.fetch_sub(1, std::memory_order_seq_cst);
  machine_.watch.somebody_runs();
}

// An extra worker that found nothing: whoever was stuck has come back, or there is no work.
void idle_workers::retire(worker& w) {
  w.retired.store(true, std::memory_order_seq_cst);
  retired_.fetch_add(1, std::memory_order_seq_cst);
  if (!machine_.stopping.load(std::memory_order_seq_cst)) {
    w.bed.sleep(w.timers_due.load(std::memory_order_relaxed));
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
      w.bed.wake();
      return true;
    }
  }
  return false;
}

void idle_workers::wake_helper() {
  if (has_membarrier) [[likely]] {
    std::atomic_signal_fence(
        std::memory_order_seq_cst);  // I1: the hardware half is the parker's membarrier
  } else {
    parked_.fetch_add(0, std::memory_order_seq_cst);
  }
  if (parked_.load(std::memory_order_relaxed) == 0 || searching_.load(std::memory_order_relaxed))
      [[likely]]
    return;
  wake_one();
}

void idle_workers::wake_for_injected() {
  if (parked_.load(std::memory_order_seq_cst) != 0) wake_one();
}

void idle_workers::wake_all() {
  while (wake_one()) {
  }
}

}  // namespace kin::detail
