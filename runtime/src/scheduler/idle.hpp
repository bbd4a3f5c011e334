// SPDX-License-Identifier: Apache-2.0
// Who searches, who sleeps, whom to wake. Four rules, each worth 3 to 20 times on two workers:
//   1  wake a helper only for surplus: what is left after what this worker does next. Where
//      callbacks take long (50 µs and more), what it does next counts too
//   2  one searcher at a time; it wakes the next one when its loot leaves a surplus
//   3  ask (handout.hpp), and steal only from a worker that does not answer; a lone item only
//      when its worker has not moved for 40 µs
//   4  pause before asking again while what was got is short-lived: the pause doubles from 2 µs to
//      1 ms
// A worker that finds nothing spins for 5 µs, then parks; with everybody parked the machine uses no
// CPU.
//   I1  A producer makes its item visible, then reads `parked_`; a parker counts itself in, has
//       every thread run a barrier, then looks for items once more. One of the two sees the other.
#pragma once

#include "base/atomic.hpp"
#include "base/clock.hpp"
#include "scheduler/handout.hpp"

namespace kin::detail {

class machine_core;
class worker;
struct control_block;

class idle_workers {
 public:
  explicit idle_workers(machine_core& machine) : machine_(machine) {}

  /// The caller's queue is empty: finds it something, sleeping if need be. Null: the machine stops.
  control_block* find_work(worker& w);
  /// A worker that runs: whoever asks gets half of its surplus. One load if nobody does.
  void offer(worker& w) { handout_.offer(w); }
  /// There is surplus on this worker. One load if nobody is parked.
  void wake_helper();
  /// There is work that no worker has yet; any thread.
  void wake_for_injected();
  void wake_all();
  [[nodiscard]] unsigned parked() const { return parked_.load(std::memory_order_relaxed); }
  /// Parked or retired.
  [[nodiscard]] unsigned asleep() const {
    // seq_cst: the watch says that it sleeps, then reads this; who wakes counts itself out, then asks.
    return parked_.load(std::memory_order_seq_cst) + retired_.load(std::memory_order_seq_cst);
  }

 private:
  class search;
  control_block* look(worker& w, search& hunt, nanotime time);
  control_block* rob(worker& thief, worker& victim, bool all);
  static bool is_stuck(const worker& w);
  static bool is_slow(const worker& w);
  static bool has_loot(const worker& w);
  [[nodiscard]] bool is_extra(const worker& w) const;
  void park(worker& w);
  void retire(worker& w);
  bool wake_one();

  machine_core& machine_;
  atomic<unsigned> parked_{0};
  atomic<unsigned> retired_{0};
  atomic<bool> searching_{false};
  handout handout_;
};

}  // namespace kin::detail
