// SPDX-License-Identifier: Apache-2.0
// The seam: what a machine cannot know by itself. What time it is, who runs next, which
// signal arrives next, what happens when all wait.
//
// A machine without a driver runs on threads, and the kernel's clock and the cores decide. With one
// it runs on the single thread that calls machine_core::drive, and asks the driver: the same
// answers give the same run, to the last event. Chance has no other door: numbers, pids and
// references are counted, never drawn, and nothing is ordered by address.
// Costs a machine without a driver one predictable branch where it is asked for.
#pragma once

#include <kin/message.hpp>
#include <kin/pid.hpp>

#include "base/clock.hpp"

#include <string_view>

namespace kin::detail {

struct control_block;
class machine_core;

class driver {
 public:
  driver() = default;
  driver(const driver&) = delete;
  driver& operator=(const driver&) = delete;
  virtual ~driver() = default;

  /// Never goes back.
  virtual nanotime now() = 0;
  /// `p` can run from now on; with `last`, it has just run and gives way to others.
  virtual void ready(control_block& p, bool last) = 0;
  /// Whether it carries signals; asked for each new process.
  [[nodiscard]] virtual bool carries() const { return false; }
  /// The running process, or the machine, has sent that: hand_in it now or later, what one process
  /// has sent another in that order, and refuse what nobody takes by then.
  /// False: it is not taken.
  virtual bool carry(control_block& /*p*/, pid /*to*/, signal* /*s*/) noexcept { return false; }
  /// The one that runs now, no longer ready; null if none is.
  virtual control_block* next() = 0;
  /// None is ready, and none will be before `until`, when the next timer is due. False: leave it at
  /// that, and return from drive.
  virtual bool wait(nanotime until) = 0;

  /// The job of a process that has just left its stack to wait for it: has run when this returns.
  virtual void run_job(control_block& p);
  // What fails, for no reason of the machine's own.
  /// How late a timer to `to`, or to whoever has that name, is to fire; asked when it is due.
  virtual nanotime lateness(pid /*to*/, std::string_view /*to_name*/) noexcept { return 0; }
  /// The spawn of the running process: there is no memory for it.
  virtual bool fails_spawn() noexcept { return false; }
  /// The mailbox of `p`, which has a bound and may have room: it is full for what comes now.
  virtual bool finds_full(control_block& /*p*/) noexcept { return false; }
};

/// While it lives, what this thread sends to processes of a machine with a driver reaches them; what
/// any other thread sends does not.
class driving_thread {
 public:
  explicit driving_thread(machine_core& machine);
  driving_thread(const driving_thread&) = delete;
  driving_thread& operator=(const driving_thread&) = delete;
  ~driving_thread();

 private:
  machine_core* before_;
};
/// A process of a machine that another thread drives.
[[nodiscard]] bool is_out_of_reach(pid p) noexcept;

}  // namespace kin::detail
