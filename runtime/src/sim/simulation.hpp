// SPDX-License-Identifier: Apache-2.0
// The driver of a simulated machine: one thread, a schedule that is drawn, virtual time.
//
// A step is a turn of a process, or the arrival of a signal. Between two processes signals arrive
// in the order they were sent; all else is the schedule's choice, so that what a machine with many
// cores could do, this one does under some seed. What a process tells itself, its timers' ticks and
// the ends of its blocking calls arrive at once.
// A step takes a microsecond; when all wait, time jumps to the next timer.
#pragma once

#include "process/control_block.hpp"
#include "scheduler/driver.hpp"
#include "scheduler/machine_core.hpp"
#include "sim/chooser.hpp"
#include "sim/event_log.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kin::detail {

/// What kin::sim::settle waits for.
struct settled {};

class simulation final : public driver {
 public:
  explicit simulation(const sim::options& options);
  ~simulation() override;

  /// Before the first step.
  void drives(machine_core& core) { core_ = &core; }
  /// Goes on until `enough` is true, nothing can happen any more, `most_steps` are done, or it is
  /// that late.
  void go_on(std::uint64_t most_steps, nanotime until, std::function<bool()> enough);

  /// Asked after every step.
  void always(std::string what, std::function<bool()> holds);
  /// What did not hold; empty: nothing.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  /// `p` is told, by a message `settled`, when nothing more can happen but by time that passes.
  void tell_when_settled(pid p) { await_quiet_.push_back(p); }
  [[nodiscard]] bool is_out_of_steps() const { return steps_left_ == 0; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] std::uint64_t signature() const { return chooser_.signature(); }
  [[nodiscard]] const event_log& events() const { return events_; }

  nanotime now() override { return time_; }
  void ready(control_block& p, bool last) override;
  [[nodiscard]] bool carries() const override { return true; }
  bool carry(control_block& p, pid to, signal* s) noexcept override;
  control_block* next() override;
  bool wait(nanotime until) override;

 private:
  struct parcel {
    pid to;
    signal* what;
  };
  struct invariant {
    std::string what;
    std::function<bool()> holds;
  };
  [[nodiscard]] bool may_go_on();
  void check();
  void kill_one();
  void arrive(const actor& way);
  void forget(std::size_t candidate);
  bool tell_settled();

  const sim::options& options_;
  machine_core* core_ = nullptr;
  chooser chooser_;
  event_log events_;
  nanotime time_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t steps_left_ = 0;
  nanotime until_ = never;
  std::function<bool()> enough_;
  std::vector<invariant> invariants_;
  std::string broken_;
  std::vector<pid> await_quiet_;

  // What can come next, and beside it what that is: the block whose turn it may be, or null.
  std::vector<actor> candidates_;
  std::vector<control_block*> turns_;
  std::unordered_map<actor, std::deque<parcel>, actor_hash> under_way_;
  std::uint64_t from_outside_ = 0;  // counts senders that are no processes
};

}  // namespace kin::detail
