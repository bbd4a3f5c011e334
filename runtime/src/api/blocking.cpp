// SPDX-License-Identifier: Apache-2.0
#include <kin/blocking.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "process/unwinding.hpp"

namespace kin::detail {
namespace {

// Names mean there what they mean here.
class job_of_machine final : public job {
 public:
  job_of_machine(job& inner, machine_core& machine) : inner_(inner), machine_(machine) {}
  void run() noexcept override {
    machine_core* before = enter_machine(&machine_);
    inner_.run();
    enter_machine(before);
  }
  void request_stop() noexcept override { inner_.request_stop(); }

 private:
  job& inner_;
  machine_core& machine_;
};

}  // namespace

void run_blocking(job& j) {
  control_block* p = current_process();
  if (p == nullptr) {
    j.run();
    return;
  }
  if (!may_wait(*p)) throw unwinding{};
  job_of_machine work(j, this_worker().machine);
  blocking_wait w;
  w.kind = wait_kind::blocking;
  w.work = &work;
  w.waiter = p->name();
  {
    const waiting_for scope(*p, w);
    this_worker().wait_here(*p, landing_action::start_job);
  }
  if (w.refused) throw error(system_limit, "kin::blocking can have no thread");
  static_cast<void>(may_wait(*p));  // an end that came meanwhile takes effect now
}

}  // namespace kin::detail
