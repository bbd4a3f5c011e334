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

namespace kin::detail {

struct control_block;

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
};

}  // namespace kin::detail
