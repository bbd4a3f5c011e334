// SPDX-License-Identifier: Apache-2.0
#include <kin/process.hpp>
#include <kin/wait.hpp>

#include "api/calling_process.hpp"
#include "process/gate.hpp"
#include "process/mailbox.hpp"
#include "process/scheduling.hpp"
#include "process/unwinding.hpp"

namespace kin::detail {

receiver::receiver(const std::type_info* const* types, std::uint32_t type_count, bool any_type,
                   duration limit, ref pinned)
    : limit_(limit) {
  wait_.types = types;
  wait_.type_count = type_count;
  wait_.any_type = any_type;
  const control_block& p = calling_process("kin::receive");
  if (pinned && p.extra != nullptr && p.extra->marked_ref == ref_access::number(pinned))
    wait_.seen = p.extra->mark;
}

signal* receiver::next() {
  control_block& p = calling_process("kin::receive");
  if (candidate_ == nullptr) {
    p.count_reduction();
    if (--this_worker().budget < 0) yield();
    if (!may_wait(p)) return give_up();
    if (p.is(flag_bounded)) drop_oldest(p);
  }
  for (;;) {
    signal* before = wait_.seen;
    for (signal* s = before == nullptr ? p.queue_first : before->next; s != nullptr;
         before = s, s = s->next) {
      if (!wait_.may_take(*s->type->info)) continue;
      wait_.seen = s;
      candidate_ = s;
      before_ = before;
      return s;
    }
    wait_.seen = before;
    if (wait_.late) return nullptr;
    if (!wait_for_more(p)) return give_up();
  }
}

bool receiver::wait_for_more(control_block& p) {
  if (!may_wait(p)) return false;
  if ((wait_.seen == nullptr ? p.queue_first : wait_.seen->next) != nullptr) return true;
  if (limit_.count() < 0) throw error(timeout_value, "receive: its time is negative");
  if (limit_.count() == 0) {
    wait_.late = true;
    return true;
  }
  if (limit_ != infinity && wait_.deadline == never) wait_.deadline = deadline_in(limit_);
  {
    const waiting_for scope(p, wait_);
    if (wait_.deadline != never) arm_tick(p, wait_.deadline);
    this_worker().wait_here(p, landing_action::go_idle);
  }
  return !p.is(flag_doomed) || may_wait(p);
}

signal* receiver::give_up() {
  if (limit_ != infinity) return nullptr;
  throw unwinding{};  // a receive without a time limit, in a destructor of a process that ends
}

message receiver::take() {
  control_block& p = calling_process("kin::receive");
  unqueue(p, candidate_, before_);
  leave_gate(p, *candidate_);
  wait_.seen = before_;
  return message(candidate_);
}

}  // namespace kin::detail
