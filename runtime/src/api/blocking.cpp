// SPDX-License-Identifier: Apache-2.0
#include <kin/blocking.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "process/unwinding.hpp"

namespace kin::detail {

void run_blocking(job& j) {
  control_block* p = current_process();
  if (p == nullptr) {
    j.run();
    return;
  }
  if (!may_wait(*p)) throw unwinding{};
  blocking_wait w;
  w.kind = wait_kind::blocking;
  w.work = &j;
  w.waiter = p->name();
  p->waiting = &w;
  this_worker().wait_here(*p, landing_action::start_job);
  p->waiting = nullptr;
  static_cast<void>(may_wait(*p));  // an end that came meanwhile takes effect now
}

}  // namespace kin::detail
