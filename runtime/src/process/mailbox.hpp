// SPDX-License-Identifier: Apache-2.0
// The two halves of a mailbox: the inbox, where any thread pushes signals, and the received queue,
// the owner's.
//
// Draining walks the whole chain: signals take effect then, in order; mail goes to the received
// queue. So an exit signal behind ten million messages does not wait for their handlers.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>
#include <kin/request.hpp>

#include "process/control_block.hpp"

namespace kin::detail {

/// Any thread. Puts `s` into the inbox of `to`, and schedules it if it was idle. False, and `s`
/// still the caller's, if nobody is there.
[[nodiscard]] bool post(pid to, signal* s) noexcept;

/// As post, for a signal that was carried there.
[[nodiscard]] bool hand_in(pid to, signal* s) noexcept;
/// Any thread. As post, by an alias; `mail` is given away.
void post_aliased(ref alias, signal* mail) noexcept;
/// Any thread. Nothing can reach that process any more.
[[nodiscard]] bool is_gone(pid p) noexcept;

/// Owner. Whether there is something to drain: one load.
inline bool has_news(const control_block& p) {
  return state::changed(p.word, p.is(flag_in_place) ? p.in_hand : nullptr);
}
/// Owner. Applies a chain, oldest first.
void apply_all(control_block& p, signal* oldest);
/// Owner. Applies what has come, of which there is some.
void drain_news(control_block& p);
/// Owner. Applies what has come. False if nothing had.
inline bool drain(control_block& p) {
  if (!has_news(p)) return false;
  drain_news(p);
  return true;
}

/// What a thread waits for; inside that wait the destructor of what it throws away may call again.
struct thread_wait : wait {
  thread_wait* outer = nullptr;
};
/// Owner, of a thread's block, whose `waiting` is a thread_wait. Applies what a thread has a use
/// for: the answer it waits for, monitors. The rest, oldest first, is the caller's, for
/// refuse_for_thread: none of it may be destroyed under a lock.
[[nodiscard]] signal* drain_for_thread(control_block& p) noexcept;
/// Any thread. Nothing of a chain that drain_for_thread left reaches anybody.
void refuse_for_thread(signal* oldest) noexcept;

/// Owner. Appends to the received queue.
inline void enqueue(control_block& p, signal* s) {
  s->next = nullptr;
  (p.queue_first == nullptr ? p.queue_first : p.queue_last->next) = s;
  p.queue_last = s;
}
/// Owner. Takes `s`, which comes after `before` (null: it is the first), out of the received queue.
void unqueue(control_block& p, signal* s, signal* before);

/// Owner. Takes the message that is handled in place out of the inbox; what came on top of it is
/// drained.
void detach_in_hand(control_block& p);

/// What an answer says; `answer` is given away.
reply as_reply(signal* answer);

/// Owner. It ends at its next chance, for this reason; the first one counts.
void doom(control_block& p, exit_reason why);
/// Owner. As doom, for a signal: to those that come after it the process is no more.
void strike(control_block& p, exit_reason why);
/// Owner. The reason it ends for.
[[nodiscard]] exit_reason reason_of(const control_block& p);

/// Any thread. A signal that nobody takes: requests are refused with `why`, what was asked is
/// answered, all is freed.
void refuse(signal* s, const exit_reason& why) noexcept;

}  // namespace kin::detail
