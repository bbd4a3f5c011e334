// SPDX-License-Identifier: Apache-2.0
// How a thread waits for the end of a process: by a monitor whose end is the answer to a wait.
#include <kin/request.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "process/monitor_record.hpp"

namespace kin::detail {
namespace {

// As demonitor: it is not wanted any more, whether it has fired or will.
void give_up(monitor_record& record) {
  auto* s = make_signal<record_signal>(signal_kind::demonitor);
  s->record = &record;
  if (!post(record.watched, s)) free_signal(s);
  let_go(record);
}

exit_reason reason_told(monitor_record& fired) {
  exit_reason why = reason_access::adopt(fired.why);
  let_go(fired);  // the hold of the dead
  let_go(fired);  // and ours
  return why;
}

}  // namespace

std::optional<exit_reason> end_of(pid p, signal* first, duration limit) {
  message held(first);
  const caller calling("kin::stop");
  control_block& me = calling.block();
  wait w;
  w.kind = wait_kind::reply;
  w.reply_number = me.fresh_call();
  monitor_record* record = make_monitor(me.name(), p, w.reply_number);
  auto* s = make_signal<record_signal>(signal_kind::monitor);
  s->record = record;
  if (!post(p, s)) {
    free_signal(s);
    let_go(*record);
    let_go(*record);
    return exit_reason(noproc);
  }
  post_past_bound(p, held.release());
  wait_for(me, w, limit);
  if (w.answer == nullptr) {
    give_up(*record);
    return std::nullopt;
  }
  return reason_told(*static_cast<monitor_record*>(w.answer));
}

}  // namespace kin::detail
