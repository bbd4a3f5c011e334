// SPDX-License-Identifier: Apache-2.0
// The driver of a simulated machine: one thread, a schedule that is drawn or told, virtual time,
// faults.
//
// A step is a turn of a process, or the arrival of a signal. Between two processes signals arrive
// in the order they were sent; all else is the schedule's choice, so that what a machine with many
// cores could do, this one does under some seed. What a process tells itself, its timers' ticks and
// the ends of its blocking calls arrive at once.
// A step takes a microsecond; when all wait, time jumps to the next timer, or to the next signal
// that was delayed. A turn may be cut short, so that others get in between two messages of a mailbox.
// Faults that concern one process are asked for where they would happen (driver.hpp); which one meets
// whom, and all else that is drawn, is the chooser's.
#pragma once

#include "process/control_block.hpp"
#include "scheduler/driver.hpp"
#include "scheduler/machine_core.hpp"
#include "sim/chooser.hpp"
#include "sim/event_log.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kin::detail {

/// What kin::sim::settle waits for.
struct settled {};

class simulation final : public driver {
 public:
  /// With `records`, it knows its schedule afterwards.
  explicit simulation(const sim::options& options, bool records = false);
  ~simulation() override;

  /// Before the first step.
  void drives(machine_core& core) { core_ = &core; }
  /// Goes on until `enough` is true, nothing can happen any more, `most_steps` are done, or it is
  /// that late.
  void go_on(std::uint64_t most_steps, nanotime until, std::function<bool()> enough);

  /// From now on nothing fails.
  void spare() { is_spared_ = true; }
  /// Whether an allocation of `p`, the running process, is to fail at that place.
  [[nodiscard]] bool fails_allocation(control_block& p, std::string_view place);

  /// Asked after every step.
  void always(std::string what, std::function<bool()> holds);
  /// What did not hold; empty: nothing.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  /// `p` is told, by a message `settled`, when nothing more can happen but by time that passes.
  void tell_when_settled(pid p) { await_quiet_.push_back(p); }
  [[nodiscard]] bool is_out_of_steps() const { return steps_left_ == 0; }
  [[nodiscard]] std::uint64_t steps() const { return chooser_.steps(); }
  [[nodiscard]] std::uint64_t signature() const { return chooser_.signature(); }
  [[nodiscard]] const event_log& events() const { return events_; }
  [[nodiscard]] const choice_list& choices() const { return chooser_.choices(); }
  [[nodiscard]] const sim::fault_counts& faults() const { return faults_; }
  /// That has been sent and has not come.
  [[nodiscard]] std::uint64_t mail_under_way() const;

  nanotime now() override { return time_; }
  void ready(control_block& p, bool last) override;
  [[nodiscard]] bool carries() const override { return true; }
  bool carry(control_block& p, pid to, signal* s) noexcept override;
  control_block* next() override;
  bool wait(nanotime until) override;
  void run_job(control_block& p) override;
  nanotime lateness(pid to, std::string_view to_name) noexcept override;
  bool fails_spawn() noexcept override;
  bool finds_full(control_block& p) noexcept override;

 private:
  struct parcel {
    pid to;
    signal* what;
    candidate as;         // when it can come
    nanotime not_before;  // it is delayed until then, and all behind it
  };
  struct invariant {
    std::string what;
    std::function<bool()> holds;
  };
  [[nodiscard]] bool may_go_on();
  void check();
  void note_cut();
  void let_go_on_their_way();
  void wait_for_its_turn(const actor& way, const parcel& first);
  control_block* begin(std::size_t chosen, bool is_told);
  std::uint64_t length_of_turn();
  void arrive(std::size_t chosen, bool is_told);
  void forget(std::size_t candidate);
  bool tell_settled();

  void kill_some();
  control_block* victim_among(const sim::faults& f);
  void kill(control_block& p);
  std::uint64_t strikes(choice_kind kind, control_block& whom, event more = {});
  std::uint64_t drawn(choice_kind kind, control_block& whom);
  void log(choice_kind kind, const control_block& whom, event more);

  const sim::options& options_;
  machine_core* core_ = nullptr;
  chooser chooser_;
  event_log events_;
  nanotime time_ = 0;
  std::uint64_t steps_left_ = 0;
  nanotime until_ = never;
  std::function<bool()> enough_;
  std::vector<invariant> invariants_;
  std::string broken_;
  std::vector<pid> await_quiet_;
  bool is_spared_ = false;
  sim::fault_counts faults_;
  std::set<std::uint64_t> killed_;             // but they may not know it yet
  std::set<std::string, std::less<>> places_;  // where allocations have failed

  // What can come next, and beside it what that is: the block whose turn it may be, or null.
  std::vector<candidate> candidates_;
  std::vector<control_block*> turns_;
  std::uint64_t ready_so_far_ = 0;
  const control_block* cut_ = nullptr;  // its turn was cut short: it does not give way
  std::unordered_map<actor, std::deque<parcel>, actor_hash> under_way_;
  std::multimap<nanotime, actor> delayed_;  // until when; none of them is a candidate
  std::uint64_t outside_ = 0;               // counts senders that are no processes
  std::uint64_t job_ = 0;                   // the one that runs, as a sender; 0: none
};

}  // namespace kin::detail
