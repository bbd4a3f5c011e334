// SPDX-License-Identifier: Apache-2.0
// A machine from inside: its workers and what they share.
#pragma once

#include <kin/machine.hpp>
#include <kin/report_taker.hpp>

#include "context/large_stacks.hpp"
#include "context/stack_source.hpp"
#include "process/block_table.hpp"
#include "process/name_table.hpp"
#include "queue/inject_queue.hpp"
#include "scheduler/blocking_pool.hpp"
#include "scheduler/driver.hpp"
#include "scheduler/idle.hpp"
#include "scheduler/machine_place.hpp"
#include "scheduler/sysmon.hpp"
#include "scheduler/worker.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace kin::detail {

class machine_core {
 public:
  /// With a driver there are no threads: `drive` runs it.
  explicit machine_core(machine_options given, driver* driven_by = nullptr);
  machine_core(const machine_core&) = delete;
  machine_core& operator=(const machine_core&) = delete;
  ~machine_core();

  static constexpr unsigned workers_max = 256;
  static constexpr unsigned extra_workers_max = 64;

  machine_options options;
  driver* const driven_by;
  ledger* const books;  // null: it does not count its mail
  const machine_place place;
  stack_source stacks;
  large_stacks large;  // of kin::with_stack
  block_table blocks;
  name_table names;
  inject_queue<control_block> injected;
  idle_workers idle;
  blocking_pool jobs;
  sysmon watch;
  std::atomic<bool> stopping{false};  // workers leave their loops
  std::atomic<std::uint64_t> references;
  std::atomic<std::uint64_t> process_ids;

  enum class phase : std::uint8_t { fresh, running, stopping, stopped };
  [[nodiscard]] phase state() const { return phase_.load(std::memory_order_acquire); }
  void start();
  /// Runs a machine that has a driver, on this thread, until the driver leaves it.
  void drive();
  std::mutex life_lock;  // one starts or stops it at a time
  /// Stops it if it never started and has no process. True: it is stopped, now or before.
  bool stop_unused();
  /// From now on nobody spawns from outside.
  void begin_stop();
  /// After the last process.
  void stop_workers();

  [[nodiscard]] unsigned worker_count() const { return count_.load(std::memory_order_acquire); }
  [[nodiscard]] worker* worker_at(unsigned i) const {
    return workers_[i].load(std::memory_order_acquire);
  }
  /// One more, while all others are stuck: one that has retired, or a new one. False: there are
  /// enough.
  bool add_extra_worker();
  /// To who takes the reports of this machine, else to its sink. Any thread.
  void tell(const report& r);
  /// To the sink of this machine, one at a time. Any thread.
  void tell_sink(const report& r);
  std::atomic<report_taker*> taker{nullptr};  // owned; stays once it is there
  std::mutex taker_lock;                      // of who makes it

  /// A new process that has not run; who calls makes it runnable. `w`: the caller's worker, or
  /// null. Throws std::bad_alloc: there is no memory, or no place for it.
  control_block& make_process(worker* w, std::unique_ptr<behaviour> body);
  void inject(control_block& p);
  void root_ended(pid root, const exit_reason& why);
  /// No more user code of it runs but destructors, and nobody has heard of that.
  void makes_place() noexcept {
    if (options.max_processes != 0) [[unlikely]]
      places_taken_.fetch_sub(1, std::memory_order_relaxed);
  }
  /// All its signals are told: frees the block.
  void process_ended(worker& w, control_block& p);
  [[nodiscard]] std::uint64_t process_count() const;
  [[nodiscard]] std::vector<pid> living();
  /// What has become of its mail; nothing of it is under way. Exact when no process is left, and
  /// nobody sends from outside.
  [[nodiscard]] mail_counts mail() const;

  /// Any thread that runs no process. `prepare` sees the new process before anybody else does. With
  /// `awaited`, wait_for_root must be called. Throws kin::error with noproc once the machine stops.
  pid spawn_from_outside(std::unique_ptr<behaviour> body, bool awaited,
                         const std::function<void(control_block&)>& prepare = {});
  void wait_for_root(pid root, exit_reason& why);
  /// As wait_for_root, without the wait: false if it goes on.
  bool has_ended(pid root, exit_reason& why);
  /// What was spawned from outside and may live, newest first.
  [[nodiscard]] std::vector<pid> roots();
  /// Waits until none of those is left. False: the time was up.
  bool wait_for_roots(nanotime until);
  /// Waits until no process is left. False: the time was up.
  bool wait_for_all(nanotime until);

 private:
  friend struct debug_layout;
  void take_place();
  control_block& make_process_in_place(worker* w, std::unique_ptr<behaviour> body);
  std::atomic<std::uint64_t> places_taken_{0};  // counted if there is a limit
  const std::uint32_t fresh_flags_;             // of a new process
  std::array<std::atomic<worker*>, workers_max> workers_{};
  std::atomic<unsigned> count_{0};
  std::vector<std::unique_ptr<worker>> owned_;
  std::mutex outside_lock_;  // blocks and ids for spawns from outside; also add_extra_worker
  std::unique_ptr<block_pool> outside_blocks_;
  std::atomic<std::uint64_t> spawned_outside_{0};
  std::atomic<phase> phase_{phase::fresh};
  std::atomic<std::uint32_t> visitors_{0};  // threads that are inside `inject`

  bool take_end(pid root, exit_reason& why);

  std::mutex reports_lock_;
  std::mutex ends_lock_;
  std::condition_variable ends_;
  std::set<pid> roots_;  // in the order of their start
  std::vector<pid> awaited_;
  std::vector<std::pair<pid, exit_reason>> ended_roots_;  // awaited ones
  std::atomic<bool> waited_for_{false};
};

}  // namespace kin::detail
