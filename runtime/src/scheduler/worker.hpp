// SPDX-License-Identifier: Apache-2.0
// One thread that runs processes, and all that is its own: queue, timers, stacks, blocks, nodes.
//
// No worker has a stack for its scheduler: every stack runs `loop`. A process that starts or
// handles a message is a plain call on the stack the worker stands on. When it waits in the middle
// of a function, that stack stays with it and the worker goes on with another from its pool.
//   I1  After every callback the loop asks again which worker it is: the callback may have come
//       back on another.
//   I2  What must happen to the stack that was left is noted in `landing` and done by the side that
//       lands, after the context is stored: only then may another worker enter it.
#pragma once

#include <kin/behaviour.hpp>
#include <kin/job.hpp>

#include "base/atomic.hpp"
#include "base/biased_lock.hpp"
#include "base/pool.hpp"
#include "context/stack_source.hpp"
#include "process/block_table.hpp"
#include "process/ledger.hpp"
#include "queue/parker.hpp"
#include "queue/run_queue.hpp"
#include "queue/timer_wheel.hpp"
#include "scheduler/flight_recorder.hpp"
#include "scheduler/timer_entry.hpp"

#include <cstdint>
#include <memory>
#include <thread>

namespace kin::detail {

class machine_core;

/// What a fresh stack runs: the worker loop.
[[noreturn]] void enter_loop(stack& came_from) noexcept;

/// What happens to the stack that was left, or to the process that waits on it.
enum class landing_action : std::uint8_t { keep_loop, go_idle, requeue, start_job };

/// The compiler's own record of exceptions in flight, per thread (Itanium ABI).
struct exception_state {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

class worker : public local_pool {
 public:
  static constexpr int full_turn = 4000;  // OTP's reductions

  worker(machine_core& machine, unsigned index);
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker();

  /// Throws std::bad_alloc, std::system_error if there is no memory, or no thread.
  void start();
  void join();

  machine_core& machine;
  const unsigned index;

  // The process that runs on it, and how far it may go before others get a turn.
  control_block* current = nullptr;
  int budget = 0;
  int turn_length = full_turn;     // what the budget is at its begin; a driver's to change
  behaviour* successor = nullptr;  // what `become` was given
  job* call = nullptr;             // what the large stack that is entered next has to run

  // Stacks.
  stack* on = nullptr;
  stack_pool stacks;
  landing_action landing = landing_action::keep_loop;
  control_block* leaving = nullptr;
  exception_state* exceptions = nullptr;

  block_pool blocks;

  /// What time it is here.
  [[nodiscard]] nanotime time() const;
  /// Runs processes on the calling thread until the machine stops, or its driver leaves it.
  void work();

  /// Worker's thread. Makes `p` run soon: next on this worker, if nothing else is woken meanwhile.
  void schedule(control_block& p);
  /// Worker's thread. After all that is queued.
  void schedule_last(control_block& p);

  /// Leaves the stack of the running process, which waits, until somebody enters it again. Throws
  /// kin::error with system_limit if there is no stack to go on with: nothing has happened then.
  void wait_here(control_block& p, landing_action then);
  /// It was without work until `time`.
  void work_begins(nanotime time);
  /// From now on `p` is the one that runs.
  void begin_turn(control_block& p);
  /// The first thing to do after a switch: what the other side left to be done (I2).
  void landed(stack& left);

  // Numbers, taken from the machine in ranges.
  std::uint64_t fresh_reference();
  std::uint64_t fresh_process_id();

  /// One use less of `origin`: told in batches, since its count lies between all cores that its
  /// children end on.
  void release_origin(lineage& origin) noexcept;
  /// What was not told yet.
  void settle_origins() noexcept;

  // Timers (timers.cpp).
  timer_entry& arm(std::uint64_t number, nanotime deadline, pid to, std::string_view to_name,
                   signal* payload);
  /// As arm, on a thread that is no worker's.
  timer_entry& arm_from_outside(std::uint64_t number, nanotime deadline, pid to,
                                std::string_view to_name, signal* payload);
  void give_back(timer_entry& entry) noexcept;  // settled, by any thread
  /// Fires what is due. Worker's thread, or with `robbed` any other.
  void fire_due(nanotime time, bool robbed);
  /// No timer is left, nor anybody who has cancelled one.
  void end_timers() noexcept;

  // Seen by others.
  run_queue<control_block> queue;
  const std::unique_ptr<poller> bed = std::make_unique<parker>();
  atomic<bool> parked{false};
  atomic<std::uint64_t> turns{0};  // processes run so far: a hint that it moves
  atomic<std::uint64_t> stuck_at{
      ~0ULL};  // sysmon: at this turn for too long; all it has may be taken
  atomic<control_block*> running{nullptr};  // sysmon: who is it that takes so long
  atomic<nanotime> timers_due{never};
  atomic<std::uint64_t> spawned{0};
  atomic<std::uint64_t> ended{0};
  mail_tally mail{};            // what it has counted
  atomic<bool> retired{false};  // an extra one that is not needed now: sysmon alone wakes it

  /// Most of its time goes to callbacks so long that even a lone item is worth a helper.
  atomic<bool> takes_long{false};

  // The searcher's notes (idle.cpp): of its own thefts, and of what it saw here.
  std::uint64_t seen_turn = 0;
  nanotime seen_at = 0;
  nanotime last_steal = 0;
  nanotime steal_pause = 0;

  flight_recorder recorder;

 private:
  friend void enter_loop(stack& came_from) noexcept;
  void thread_main();
  [[noreturn]] static void loop() noexcept;
  control_block* next_process();
  control_block* next_driven();
  control_block* next_at_hand();
  void note_since();
  void note_time(nanotime time);
  control_block* next_in_order(bool fair);
  stack& next_stack(control_block& waits);
  stack& fresh_stack(control_block& waits);
  stack& leave(control_block& p, landing_action then);
  void look_at_clock();
  void take_returned_timers();
  void take_back(timer_entry& entry) noexcept;
  void add_to_wheel(timer_entry& entry);

  control_block* handed_over_ = nullptr;  // to the loop, to be run first
  stack* first_ = nullptr;                // of its thread, which has not taken it yet
  stack thread_stack_;                    // the thread's own, left at start, entered at the end
  std::thread thread_;
  std::uint64_t next_reference_ = 0;
  std::uint64_t last_reference_ = 0;
  std::uint64_t next_id_ = 0;
  std::uint64_t last_id_ = 0;

  lineage* settled_ = nullptr;  // this many uses less
  std::uint32_t settled_uses_ = 0;

  // How often to look at the clock: about every 20 µs.
  std::uint32_t turns_to_look_ = 1;
  std::uint32_t look_every_ = 1;
  nanotime last_look_ = 0;
  nanotime long_time_ =
      0;  // spent in long callbacks lately: what short ones take counts against it

  biased_lock timers_lock_;
  timer_wheel wheel_;
  atomic<timer_entry*> returned_{nullptr};
  std::uint64_t to_be_returned_ = 0;  // cancelled, out of the wheel, and not given back yet
};

/// The worker that this thread is, or null. Never remembered over a wait or a callback (I1).
worker* here() noexcept;
inline worker& this_worker() noexcept { return *here(); }

/// Whether a process that waits on its stack has something to go on for; if not, it is idle again
/// (execute.cpp).
bool can_be_entered(control_block& p);
/// Whether it was taken out of turn: then its signals are served, and it waits for its turn again
/// (execute.cpp).
bool serves_signals_only(worker& w, control_block& p);

// A core foretells where a `ret` goes from the calls it has seen, and after a switch these are the
// other stack's: each return from below the switch costs some 20 cycles. So between the switch and
// the caller of the runtime are as few functions as possible.
[[gnu::always_inline]] inline void worker::wait_here(control_block& p, landing_action then) {
  stack& mine = *on;
  const exception_state saved = *exceptions;
  stack& to = leave(p, then);
  const bool in_catch = saved.caught != nullptr || saved.uncaught != 0;
  if (in_catch) [[unlikely]]
    *exceptions = {};
  stack& came_from = switch_stack(mine, to);
  worker& w = this_worker();  // I1: perhaps another one
  w.landed(came_from);
  if (in_catch) [[unlikely]]
    *w.exceptions = saved;
}

}  // namespace kin::detail
