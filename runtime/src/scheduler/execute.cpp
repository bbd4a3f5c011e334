// SPDX-License-Identifier: Apache-2.0
// The loop that every stack runs, and how it runs one process: signals first, then as much of its
// code as its budget allows. Loop and `execute` are one function, see worker::wait_here.
#include "base/assert.hpp"
#include "process/death.hpp"
#include "process/gate.hpp"
#include "process/hibernation.hpp"
#include "process/mailbox.hpp"
#include "process/scheduling.hpp"
#include "process/unwinding.hpp"
#include "scheduler/crash.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace kin::detail {
namespace {

constexpr int death_budget =
    20'000;  // signals told, messages thrown away, before others get a turn

enum class turn : std::uint8_t { idle, again, over };

// What was thrown and is being caught, as a reason; where there is no memory even for that, the
// atom that says so.
exit_reason reason_thrown() noexcept {
  try {
    return exit_reason::error(std::current_exception());
  } catch (const std::bad_alloc&) {
    return system_limit;
  }
}
exit_reason reason_of_call(const call_failed& failure) noexcept {
  try {
    return reason_access::failed_call(failure.reason(), failure.where());
  } catch (const std::bad_alloc&) {
    return failure.reason();
  }
}

// Calls user code; an exception that escapes dooms the process.
template <class F>
bool guarded(control_block& p, F call) {
  try {
    call();
    return true;
  } catch (const unwinding&) {
    // kin::exit or a fatal signal: the reason is noted
  } catch (const call_failed& failure) {
    p.set(flag_spoke);
    doom(p, reason_of_call(failure));
  } catch (...) {
    p.set(flag_spoke);
    doom(p, reason_thrown());
  }
  doom(p, normal);  // an unwinding that was swallowed half way
  return false;
}

void note_idle_timer(control_block& p, duration limit) {
  p.clear(flag_idle_passed);
  if (limit == infinity) {
    p.clear(flag_idle_timer);
    return;
  }
  p.set(flag_idle_timer);
  p.more().idle_limit = limit;
  p.extra->idle_deadline = limit.count() <= 0 ? 0 : deadline_in(limit);
  if (limit.count() <= 0) {
    p.set(flag_idle_passed);
  } else {
    arm_tick(p, p.extra->idle_deadline);
  }
}

// It is to be idle for long, unless there is more to do at once.
void hibernate_now(control_block& p) {
  p.set(flag_hibernates);
  if (p.queue_first == nullptr && !has_news(p)) give_back_memory(p);
}

// What a callback returned. False: it ends.
bool follow(control_block& p, next& then, bool left = false) {
  if (!then.wishes() && (left || (p.flags & (flag_idle_timer | flag_hibernates)) == 0)) [[likely]]
    return true;
  if (then.is_as_before()) {
    if (p.is(flag_idle_timer)) note_idle_timer(p, p.extra->idle_limit);
    if (p.is(flag_hibernates)) hibernate_now(p);
    return true;
  }
  p.clear(flag_hibernates);
  while (then.continues()) {
    auto continuation = then.take_continuation();
    if (!guarded(p, [&] { then = continuation->run(); })) return false;
  }
  if (then.stops()) {
    if (!then.reason().is_orderly()) p.set(flag_spoke);
    doom(p, then.reason());
    return false;
  }
  note_idle_timer(p, then.idle_limit());
  if (then.hibernates()) hibernate_now(p);
  return true;
}

// The message in hand was handled: what becomes of it.
void finish_in_hand(control_block& p, const incoming& in) {
  signal* s = std::exchange(p.in_hand, nullptr);
  if (in.was_taken()) return;
  if (s->type->destroy != nullptr) s->type->destroy(value_of(*s));
  free_signal(s);
}

// A handler left it: it goes back to its place, behind those that were left before.
void put_back(control_block& p, signal* s) {
  if ((p.flags & (flag_bounded | flag_carried)) != 0) stay_behind_gate(p, *s);
  signal*& place = p.left == nullptr ? p.queue_first : p.left->next;
  s->next = place;
  place = s;
  if (s->next == nullptr) p.queue_last = s;
  p.left = s;
}

// One message that is out of the inbox.
bool handle_queued(worker& w, control_block& p) {
  signal* before = p.left;
  signal* s = before == nullptr ? p.queue_first : before->next;
  w.recorder.note(deed::handles, p.low_id(), *s->type->info);
  unqueue(p, s, before);
  leave_gate(p, *s);
  p.count_reduction();
  p.in_hand = s;
  incoming in(*s);
  next then;
  const bool alive = guarded(p, [&] { then = p.body->handle(in); }) && !p.is(flag_doomed) &&
                     follow(p, then, in.was_left());
  if (in.was_left() && !in.was_taken()) {
    p.in_hand = nullptr;
    put_back(p, s);
  } else if (alive) {
    finish_in_hand(p, in);
    p.left = nullptr;  // what was left before is offered again, from the oldest
  }
  return alive;
}

// The single message in the inbox, where it lies. True: the process is idle, or goes on with
// `alive`.
turn handle_in_place(worker& w, control_block& p, signal* s) {
  w.recorder.note(deed::handles, p.low_id(), *s->type->info);
  leave_gate(p, *s);
  p.in_hand = s;
  p.set(flag_in_place);
  incoming in(*s);
  next then;
  const bool alive = guarded(p, [&] { then = p.body->handle(in); }) && !p.is(flag_doomed) &&
                     follow(p, then, in.was_left());
  if (!alive) return turn::over;
  if (p.is(flag_in_place) && !in.was_left()) {
    if (s->type->destroy != nullptr) s->type->destroy(value_of(*s));
    s->type = nullptr;
    p.in_hand = nullptr;
    p.flags += one_reduction - flag_in_place;  // it is set
    constexpr std::uint32_t goes_on = flag_idle_passed | flag_count_full;
    if ((p.flags & goes_on) == 0 && state::go_idle_after(p.word, s)) [[likely]] {
      free_signal(s);
      return turn::idle;
    }
    if ((p.flags & flag_count_full) != 0) p.note_reductions();
    p.in_hand = s;
    detach_in_hand(p);
    p.in_hand = nullptr;
    free_signal(s);
    return turn::again;
  }
  p.count_reduction();
  if (p.is(flag_in_place)) detach_in_hand(p);
  if (in.was_left()) {
    p.in_hand = nullptr;
    put_back(p, s);
  } else {
    finish_in_hand(p, in);
  }
  return turn::again;
}

// A process without a stack: its handler, message by message.
turn run_handler(worker& begun_on, control_block& p) {
  if (p.queue_first == nullptr && !p.is(flag_idle_passed) && !p.is(flag_suspended)) {
    if (signal* s = state::single_mail(p.word); s != nullptr && s->to == p.low_id()) {
      const turn t = handle_in_place(begun_on, p, s);
      if (t != turn::again) return t;
    }
  }
  for (;;) {
    drain(p);
    if (p.is(flag_doomed)) return turn::over;
    if (p.is(flag_bounded)) [[unlikely]]
      drop_oldest(p);
    if (p.is(flag_suspended)) [[unlikely]] {
      if (state::go_idle(p.word)) return turn::idle;
      continue;
    }
    while (p.queue_first != nullptr && !p.is(flag_suspended) &&
           (p.left == nullptr || p.left->next != nullptr)) {
      worker& w = this_worker();
      if (--w.budget < 0) return turn::again;
      if (!handle_queued(w, p)) return turn::over;
      if (has_news(p)) drain(p);
      if (p.is(flag_doomed)) return turn::over;
    }
    if (p.is(flag_suspended)) [[unlikely]]
      continue;
    if (p.is(flag_idle_passed)) {
      if (--this_worker().budget < 0) return turn::again;
      p.clear(flag_idle_passed);
      p.extra->idle_deadline = never;  // its flag stays: as_before may begin it anew
      p.left = nullptr;
      next then;
      if (!guarded(p, [&] { then = p.body->timed_out(); }) || !follow(p, then)) return turn::over;
      continue;
    }
    if (state::go_idle(p.word)) return turn::idle;
  }
}

// A body that is not to be started yet: what hibernates starts when there is mail.
bool sleeps_on(const control_block& p) {
  if (p.is(flag_doomed)) return false;
  return p.is(flag_suspended) || (p.is(flag_hibernates) && p.queue_first == nullptr);
}

// The body gave way to another, which is fresh again.
void succeed(control_block& p, behaviour* successor, const next& then) {
  delete std::exchange(p.body, successor);
  p.set(flag_fresh);
  if (then.hibernates()) hibernate_now(p);
}

turn start(worker& begun_on, control_block& p) {
  begun_on.recorder.note(deed::starts, p.low_id(), p.body->subject());
  next then;
  do {
    if (has_news(p)) drain(p);
    while (sleeps_on(p)) {
      if (state::go_idle(p.word)) return turn::idle;
      drain(p);
    }
    p.clear(flag_fresh);
    p.clear(flag_hibernates);
    if (p.is(flag_doomed)) return turn::over;  // before its first line
    if (!guarded(p, [&] { then = p.body->start(); })) return turn::over;
    if (behaviour* successor = std::exchange(this_worker().successor, nullptr))
      succeed(p, successor, then);
  } while (p.is(flag_fresh));
  if (p.is(flag_doomed) || !follow(p, then)) return turn::over;
  p.set(flag_handles);
  return run_handler(this_worker(), p);
}

// Whether a process that waits in the middle of a function has something to go on for.
bool may_go_on(control_block& p) {
  wait& w = *p.waiting;
  if (p.is(flag_suspended) && !p.is(flag_doomed)) return false;
  if (w.kind == wait_kind::blocking) {  // not even the end interrupts it
    if (p.is(flag_doomed) && !w.late) blocking_pool::request_stop(p);
    return w.late;
  }
  if (p.is(flag_doomed) || w.late || w.answer != nullptr || w.kind == wait_kind::turn) return true;
  if (w.kind != wait_kind::message) return false;
  for (signal* s = w.seen == nullptr ? p.queue_first : w.seen->next; s != nullptr; s = s->next) {
    if (w.may_take(*s->type->info)) return true;
    w.seen = s;
  }
  return false;
}

// Enters the stack that the process waits on. Comes back when another process leaves a stack to
// this loop.
void enter(worker& w, control_block& p) {
  w.recorder.note(deed::goes_on, p.low_id());
  stack& to = *std::exchange(p.stopped_on, nullptr);
  stack& mine = *w.on;
  w.landing = landing_action::keep_loop;
  w.on = &to;
  stack& came_from = switch_stack(mine, to);
  this_worker().landed(came_from);
}

void end(worker& begun_on, control_block& p) {
  begun_on.recorder.note(deed::ends, p.low_id());
  if (!p.is(flag_exiting)) {
    if (p.is(flag_spoke)) {
      drain(p);         // the report counts what has come
      report_crash(p);  // may wait, and so change the worker
    }
    this_worker().machine.makes_place();
  }
  worker& w = this_worker();
  const bool is_root = p.is(flag_root);
  const exit_reason why = is_root ? reason_of(p) : exit_reason(normal);
  if (!go_on_dying(p, w.machine.names, death_budget)) {
    w.schedule_last(p);
    return;
  }
  if (is_root) w.machine.root_ended(p.name(), why);
  w.machine.process_ended(w, p);
}

}  // namespace

bool can_be_entered(control_block& p) {
  do {
    drain(p);
    if (p.is(flag_bounded)) [[unlikely]]
      drop_oldest(p);
    if (may_go_on(p)) return true;
  } while (!state::go_idle(p.word));
  return false;
}

bool serves_signals_only(worker& w, control_block& p) {
  if (!p.is(flag_signals_only)) [[likely]]
    return false;
  p.clear(flag_signals_only);
  if (p.is(flag_exiting)) return false;
  drain(p);
  if (p.is(flag_doomed)) return false;  // its end is news for others
  w.schedule_last(p);
  return true;
}

namespace {

[[gnu::always_inline]] inline void execute(worker& w, control_block& p) {
  if (serves_signals_only(w, p)) return;
  w.begin_turn(p);
  if (p.stopped_on != nullptr) {
    if (can_be_entered(p)) enter(w, p);
    return;
  }
  turn t = turn::over;
  if (p.is(flag_fresh)) [[unlikely]] {
    t = start(w, p);
  } else if (!p.is(flag_exiting)) [[likely]] {
    t = run_handler(w, p);
  }
  switch (t) {
    case turn::idle:
      break;
    case turn::again:
      this_worker().schedule_last(p);
      break;
    case turn::over:
      end(this_worker(), p);
      break;
  }
}

}  // namespace

void enter_loop(stack& came_from) noexcept {
  worker& w = this_worker();
  w.landed(came_from);
  worker::loop();
}

void worker::loop() noexcept {
  for (;;) {
    worker& w = this_worker();  // I1
    if (control_block* p = w.next_process()) {
      execute(w, *p);
    } else {  // back to `work`, which may enter this stack again
      stack& came_from = switch_stack(*w.on, w.thread_stack_);
      this_worker().landed(came_from);
    }
  }
}

}  // namespace kin::detail
