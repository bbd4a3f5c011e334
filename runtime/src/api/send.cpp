// SPDX-License-Identifier: Apache-2.0
// Mail on its way: posted, or dealt with as a full mailbox wants it.
#include <kin/send.hpp>

#include "api/calling_process.hpp"
#include "api/mail.hpp"
#include "process/mailbox.hpp"

namespace kin::detail {
namespace {

// Whether this is a place where the sender can wait.
bool can_wait_for(pid to) {
  const control_block* me = current_process();
  if (me == nullptr) return here() == nullptr;
  return me->name() != to && !me->is(flag_draining) && !me->is(flag_no_wait) &&
         !me->is(flag_exiting) && this_worker().exceptions->uncaught == 0;
}

// Returns when there may be room, or the receiver is gone. False: the time is up.
bool wait_for_room(pid to, duration limit) {
  const caller me("kin::send");
  auto* question = make_signal<question_signal>(signal_kind::room_wanted);
  return ask<bool>(me.block(), to, *question, limit).has_value() || is_gone(to);
}

exit_reason post_when_there_is_room(pid to, signal* s, duration limit) {
  const nanotime deadline = add(time_here(), limit);
  for (;;) {
    const duration left = limit == infinity ? infinity : duration(deadline - time_here());
    if (left.count() <= 0 || !wait_for_room(to, left)) return mailbox_full;
    switch (post_mail(to, s)) {
      case posted::yes:
        return normal;
      case posted::gone:
        return noproc;
      case posted::full:
        break;
    }
  }
}

}  // namespace

exit_reason deliver_slowly(pid to, signal* s, duration limit, posted done) {
  if (done == posted::gone) {
    expect_in_reach(to);
    return noproc;
  }
  switch (policy_of(to)) {
    case when_full::drop_newest:
    case when_full::drop_oldest:
      count_dropped(to);
      return dropped;
    case when_full::kill_owner:
      kill_behind_gate(to);
      count_dropped(to);
      return dropped;
    case when_full::block:
      if (limit.count() > 0 && can_wait_for(to)) return post_when_there_is_room(to, s, limit);
      break;
    case when_full::fail:
      break;
  }
  return mailbox_full;
}

result<void> try_post_message(pid to, signal* s, duration limit) {
  const posted done = post_mail(to, s);
  if (done == posted::yes) [[likely]]
    return {};
  message held(s);  // a sender that ends while it waits unwinds
  exit_reason why = deliver_slowly(to, s, limit, done);
  static_cast<void>(held.release());
  if (why != normal) refuse(s, why);
  if (why == mailbox_full) return why;
  return {};
}

void post_message(pid to, signal* s) {
  const posted done = post_mail(to, s);
  if (done == posted::yes) [[likely]]
    return;
  message held(s);
  // A thread that is no process gets to wait only where it has said how long.
  const duration limit = current_process() == nullptr ? duration{} : infinity;
  const exit_reason why = deliver_slowly(to, s, limit, done);
  static_cast<void>(held.release());
  if (why != normal) refuse(s, why);
  if (why == mailbox_full)
    throw error(mailbox_full, "send: the mailbox of " + to_string(to) + " is full");
}

}  // namespace kin::detail
