// SPDX-License-Identifier: Apache-2.0
#include "api/calling_process.hpp"

#include "process/mailbox.hpp"
#include "process/scheduling.hpp"
#include "process/unwinding.hpp"
#include "scheduler/driver.hpp"

#include <string>
#include <utility>

namespace kin::detail {

control_block& calling_process(const char* what) {
  control_block* p = current_process();
  if (p == nullptr) {
    throw error(badarg, std::string(what) +
                            " was called outside a process; a thread can send, call and spawn");
  }
  return *p;
}

void expect_in_reach(pid p) {
  if (!is_out_of_reach(p)) return;
  throw error(badarg,
              to_string(p) +
                  " is a process of a simulation, which is one thread, and not this one; what "
                  "talks to it must be simulated with it");
}

caller::caller(const char* what) : process_(current_process()) {
  if (process_ != nullptr) return;
  if (here() != nullptr) {
    throw error(badarg,
                std::string(what) +
                    (here()->machine.driven_by == nullptr
                         ? " was called on a worker between two processes: it must not block"
                         : " was called in a simulation outside a process, or within "
                           "kin::blocking: nothing else runs until that returns"));
  }
  thread_.emplace();
}

namespace {
// Before a wait: what is in hand is no reason to go on, so `drain` would leave it in the inbox, and
// there it would keep the process from idling.
void take_news(control_block& p) {
  if (p.is(flag_in_place)) [[unlikely]] {
    detach_in_hand(p);
  } else {
    drain(p);
  }
}
}  // namespace

bool may_wait(control_block& p) {
  if ((p.flags & no_waits_now) != 0) [[unlikely]]
    return refuse_wait(p);
  take_news(p);
  if (!p.is(flag_doomed) && !p.is(flag_exiting)) [[likely]]
    return true;
  if (p.is(flag_exiting) || this_worker().exceptions->uncaught != 0) return false;
  throw unwinding{};
}

bool wait_otherwise(control_block& p, wait& w, duration limit) {
  if (!p.is(flag_thread)) return refuse_wait(p);
  wait_on_thread(p, w, limit);
  return true;
}

wait_state look_for_end(control_block& p, wait& w, duration limit) {
  // First of all: the answer to what the caller has just sent may be here already.
  take_news(p);
  if (p.is(flag_doomed) || p.is(flag_exiting)) {
    if (w.answer != nullptr) refuse(std::exchange(w.answer, nullptr), noproc);
    return wait_state::process_ends;
  }
  if (w.answer != nullptr || w.late) return wait_state::over;
  if (limit != infinity && w.deadline == never) {
    if (limit.count() <= 0) {
      w.late = true;
      return wait_state::over;
    }
    w.deadline = w.until != 0 ? w.until : deadline_in(limit);
    arm_tick(p, w.deadline);
  }
  return wait_state::goes_on;
}

}  // namespace kin::detail
