// SPDX-License-Identifier: Apache-2.0
#include "process/mailbox.hpp"

#include <kin/link.hpp>
#include <kin/response.hpp>

#include "process/gate.hpp"
#include "process/introspection.hpp"
#include "process/ledger.hpp"
#include "process/links.hpp"
#include "process/monitors.hpp"
#include "process/name_table.hpp"
#include "process/probe.hpp"
#include "process/remote.hpp"
#include "process/scheduling.hpp"
#include "process/suspension.hpp"

#include <algorithm>
#include <utility>

namespace kin::detail {
namespace {

bool awaits(const control_block& p, std::uint64_t number) {
  return p.waiting != nullptr && p.waiting->reply_number == number && p.waiting->answer == nullptr;
}
std::uint64_t number_of_reply(signal& reply) {
  return *static_cast<std::uint64_t*>(value_of(reply));
}

std::uint64_t number_of_answer(signal& s) {
  switch (s.kind) {
    case signal_kind::refusal:
      return static_cast<refusal_signal&>(s).number;
    case signal_kind::monitor_fired:
      return static_cast<monitor_record&>(s).reference;
    default:
      return number_of_reply(s);
  }
}

// A call's answer counts if the call still waits for it, and is a message if nobody stands and
// waits; else it vanishes here.
void take_answer(control_block& p, signal* s, std::uint64_t number) {
  if (awaits(p, number)) {
    p.waiting->answer = s;
  } else if (rarities* rare = p.rare(); rare != nullptr && rare->requests.erase(number) != 0) {
    enqueue(p, box(response(number, as_reply(s))));
  } else {
    refuse(s, noproc);
  }
}

void take_exit(control_block& p, exit_signal_node* s) {
  exit_reason why = std::move(s->why);
  const pid from = s->from;
  s->~exit_signal_node();
  free_signal(s);
  if (why == kill) {
    strike(p, killed);
  } else if (p.is(flag_traps)) {
    enqueue(p, box(exited{from, std::move(why)}));
  } else if (why != normal) {
    strike(p, std::move(why));
  }
}

// Who has a parent is stopped by it, in its order; and a supervisor's child that stopped by itself
// would be started again.
void take_stop(control_block& p, signal* s) {
  free_signal(s);
  const pid parent = p.born_of == nullptr ? pid{} : p.born_of->parent;
  if (!is_gone(parent)) return;
  auto* told = make_signal<exit_signal_node>(signal_kind::exit);  // from no process: the machine's
  told->why = shutdown;
  take_exit(p, told);
}

// What is off drops; one that waits for a reply has it now.
void take_aliased(control_block& p, aliased_signal& s) {
  signal* mail = s.mail;
  const std::uint64_t number = s.number;
  free_signal(&s);
  rarities* rare = p.rare();
  if (rare == nullptr || !rare->aliases.contains(number)) {
    strike_off(p, *mail, mail_fate::refused);
    refuse(mail, noproc);
    return;
  }
  if (rare->aliases[number] == alias_until::replied) {
    rare->aliases.erase(number);
    static_cast<void>(stop_monitor(p, number));
  }
  enqueue(p, mail);
}

void take_tick(control_block& p, record_signal& s) {
  if (!tick_is_current(p, s)) return;  // superseded by an earlier one
  const nanotime time = now();
  nanotime again = never;
  if (p.waiting != nullptr) {
    p.waiting->late = p.waiting->late || p.waiting->deadline <= time;
    if (!p.waiting->late) again = p.waiting->deadline;
  }
  if (p.is(flag_idle_timer)) {
    if (p.extra->idle_deadline <= time) {
      p.set(flag_idle_passed);
    } else {
      again = std::min(again, p.extra->idle_deadline);
    }
  }
  if (again != never) arm_tick(p, again);
}

void take_name(control_block& p, record_signal& s) {
  auto& given = *static_cast<name_grant*>(s.record);
  if (p.is(flag_dead)) {
    given.table->leave(*given.entry, p.name());
  } else if (given.entry->holder() == p.name()) {  // else it was taken back meanwhile
    p.more().name = given.entry;
  }
  delete &given;
  free_signal(&s);
}

// NOLINTNEXTLINE(readability-function-size): a case a kind of signal
void apply(control_block& p, signal* s) {
  switch (s->kind) {
    case signal_kind::message:
      enqueue(p, s);
      break;
    case signal_kind::request:
      enqueue(p, s);
      if (p.waiting != nullptr && p.waiting->callee) [[unlikely]]
        note_late_request(p, *s);
      break;
    case signal_kind::reply:
      take_answer(p, s, number_of_reply(*s));
      break;
    case signal_kind::refusal:
      take_answer(p, s, static_cast<refusal_signal*>(s)->number);
      break;
    case signal_kind::exit:
      take_exit(p, static_cast<exit_signal_node*>(s));
      break;
    case signal_kind::stop:
      take_stop(p, s);
      break;
    case signal_kind::link:
      take_link(p, *static_cast<record_signal*>(s));
      break;
    case signal_kind::unlink:
      take_unlink(p, *static_cast<record_signal*>(s));
      break;
    case signal_kind::link_broken:
      take_link_broken(p, *static_cast<link_half*>(s));
      break;
    case signal_kind::monitor:
      take_monitor(p, *static_cast<record_signal*>(s));
      break;
    case signal_kind::demonitor:
      take_demonitor(p, *static_cast<record_signal*>(s));
      break;
    case signal_kind::monitor_fired:
      take_monitor_fired(p, *static_cast<monitor_record*>(s));
      break;
    case signal_kind::promise_kept: {
      auto& record = *static_cast<promise_record*>(s);
      p.owed.remove(record);
      let_go(record);
      break;
    }
    case signal_kind::tick:
      take_tick(p, *static_cast<record_signal*>(s));
      break;
    case signal_kind::job_done:
      p.waiting->late = true;
      break;
    case signal_kind::alive_question: {
      const auto* question = static_cast<question_signal*>(s);
      answer(request_head{question->caller, question->number},
             !p.is(flag_doomed) && !p.is(flag_exiting));
      free_signal(s);
      break;
    }
    case signal_kind::info_question: {
      const auto* question = static_cast<info_signal*>(s);
      answer(request_head{question->caller, question->number}, describe(p, *question));
      free_signal(s);
      break;
    }
    case signal_kind::suspend:
      take_suspend(p, *static_cast<question_signal*>(s));
      break;
    case signal_kind::resume:
      free_signal(s);
      resume_once(p);
      break;
    case signal_kind::room_wanted:
      take_room_wanted(p, *static_cast<question_signal*>(s));
      break;
    case signal_kind::group_leader:
      set_group_leader(p, static_cast<question_signal*>(s)->caller);
      free_signal(s);
      break;
    case signal_kind::aliased:
      take_aliased(p, *static_cast<aliased_signal*>(s));
      break;
    case signal_kind::named:
      take_name(p, *static_cast<record_signal*>(s));
      break;
    case signal_kind::probe:
      take_probe(p, *static_cast<probe_signal*>(s));
      break;
  }
}

}  // namespace

namespace {

bool post_to_block(control_block& p, pid to, signal* s) noexcept {
  s->to = to.number();
  const auto done = state::push(p.word, state::tag(pid_access::hint(to)), s);
  if (done == state::pushed::woke) schedule(p);
  return done != state::pushed::no;
}

}  // namespace

bool post(pid to, signal* s) noexcept {
  const std::uint64_t hint = pid_access::hint(to);
  if (control_block::leads_here(hint)) [[likely]]
    return post_to_block(control_block::at(hint), to, s);
  if (hint == 0) return false;
  if (remote_router::is_remote(hint)) return remote_router::of(hint).send(to, s);
  control_block& p = block_of(to);
  if (!control_block::is_carried(hint)) return post_to_block(p, to, s);
  const std::uint64_t word = p.word.load(std::memory_order_acquire);
  const bool lives = state::tag(word) == state::tag(hint) && state::content(word) != state::dead;
  return lives && carry(p, to, s);
}

bool hand_in(pid to, signal* s) noexcept { return post_to_block(block_of(to), to, s); }

void post_aliased(ref alias, signal* mail) noexcept {
  const std::uint64_t hint = ref_access::hint(alias);
  if (state::tag(hint) == 0) {  // of a timer, or nothing at all
    refuse(mail, noproc);
    return;
  }
  auto* s = make_signal<aliased_signal>(signal_kind::aliased);
  s->number = ref_access::number(alias);
  s->mail = mail;
  // Which user of the block it was meant for is told by the alias: no other has it.
  if (!post(pid_access::make(hint, 0), s)) refuse(s, noproc);
}

bool is_gone(pid p) noexcept {
  const std::uint64_t hint = pid_access::hint(p);
  if (hint == 0) return true;
  if (remote_router::is_remote(hint)) return false;
  const control_block& block = block_of(p);
  const std::uint64_t word = block.word.load(std::memory_order_acquire);
  return state::tag(word) != state::tag(hint) || state::content(word) == state::dead ||
         block.id() != pid_access::id(p);
}

void drain_news(control_block& p) {
  if (p.is(flag_draining)) return;  // newer ones come after those that take effect now
  if (p.is(flag_in_place)) return detach_in_hand(p);
  signal* newest = state::take_all(p.word);
  // The usual end of a call: the reply, and nothing else.
  if (newest != nullptr && newest->next == nullptr && newest->kind == signal_kind::reply &&
      newest->to == p.low_id() && awaits(p, number_of_reply(*newest))) {
    p.waiting->answer = newest;
  } else {
    apply_all(p, reversed(newest));
  }
}

void apply_all(control_block& p, signal* oldest) {
  p.set(flag_draining);
  while (oldest != nullptr) {
    signal* s = std::exchange(oldest, oldest->next);
    if (s->to == p.low_id() || s->kind == signal_kind::aliased) [[likely]] {
      apply(p, s);
    } else {
      strike_off_mail_in(p, *s, mail_fate::refused);
      refuse(s, noproc);  // meant for an earlier user of this block
    }
  }
  if (p.waiting != nullptr && p.waiting->seeks) [[unlikely]]
    seek_circle(p);
  p.clear(flag_draining);
}

namespace {

bool take_answer_for_thread(control_block& p, signal* s) noexcept {
  const std::uint64_t number = number_of_answer(*s);
  for (auto* w = static_cast<thread_wait*>(p.waiting); w != nullptr; w = w->outer) {
    if (w->reply_number != number || w->answer != nullptr) continue;
    w->answer = s;
    return true;
  }
  return false;
}

// Whether a thread's block has taken it: an answer it waits for, a monitor.
bool take_for_thread(control_block& p, signal* s) noexcept {
  switch (s->kind) {
    case signal_kind::reply:
    case signal_kind::refusal:
    case signal_kind::monitor_fired:
      return take_answer_for_thread(p, s);
    case signal_kind::monitor:
      take_monitor(p, *static_cast<record_signal*>(s));
      return true;
    case signal_kind::demonitor:
      take_demonitor(p, *static_cast<record_signal*>(s));
      return true;
    default:
      return false;
  }
}

}  // namespace

signal* drain_for_thread(control_block& p) noexcept {
  signal* rest = nullptr;
  signal** end = &rest;
  for (signal* s = reversed(state::take_all(p.word)); s != nullptr;) {
    signal* one = std::exchange(s, s->next);
    if (one->to == p.low_id() && take_for_thread(p, one)) continue;
    one->next = nullptr;
    *end = one;
    end = &one->next;
  }
  return rest;
}

void refuse_for_thread(signal* oldest) noexcept {
  while (oldest != nullptr) {
    signal* s = std::exchange(oldest, oldest->next);
    if (s->kind == signal_kind::alive_question) {  // it lives, but that is all
      const auto* question = static_cast<question_signal*>(s);
      answer(request_head{question->caller, question->number}, true);
      free_signal(s);
    } else {
      refuse(s, noproc);
    }
  }
}

void detach_in_hand(control_block& p) {
  p.clear(flag_in_place);
  signal* newest = state::take_all(p.word);
  // Newer ones lie before in_hand, which is the oldest and last.
  signal* batch = nullptr;
  while (newest != p.in_hand) {
    signal* rest = newest->next;
    newest->next = batch;
    batch = newest;
    newest = rest;
  }
  apply_all(p, batch);
}

void unqueue(control_block& p, signal* s, signal* before) {
  (before == nullptr ? p.queue_first : before->next) = s->next;
  if (p.queue_last == s) p.queue_last = before;
  if (p.extra != nullptr && p.extra->mark == s) p.extra->mark = before;
  if (p.left == s) p.left = before;
}

void doom(control_block& p, exit_reason why) {
  if (p.is(flag_doomed)) return;  // the first one counts
  p.set(flag_doomed);
  if (why != normal || p.extra != nullptr) p.more().reason = std::move(why);
}

void strike(control_block& p, exit_reason why) {
  doom(p, std::move(why));
  p.set(flag_struck);
}

exit_reason reason_of(const control_block& p) {
  return p.extra == nullptr ? exit_reason(normal) : p.extra->reason;
}

reply as_reply(signal* answer) {
  if (answer->kind == signal_kind::reply) return reply(answer);
  exit_reason why = std::move(static_cast<refusal_signal*>(answer)->why);
  refuse(answer, noproc);
  return reply(std::move(why));
}

// NOLINTNEXTLINE(readability-function-size): a case a kind of signal
void refuse(signal* s, const exit_reason& why) noexcept {
  switch (s->kind) {
    case signal_kind::request: {
      request_head& head = head_of(*s);
      if (head.number != 0) answer_failure(head, why);
      head.number = 0;
      destroy_signal(s);
      break;
    }
    case signal_kind::message:
    case signal_kind::reply:
      destroy_signal(s);
      break;
    case signal_kind::refusal:
      static_cast<refusal_signal*>(s)->~refusal_signal();
      free_signal(s);
      break;
    case signal_kind::exit:
      static_cast<exit_signal_node*>(s)->~exit_signal_node();
      free_signal(s);
      break;
    case signal_kind::unlink:
      refuse_unlink(*static_cast<record_signal*>(s));
      break;
    case signal_kind::stop:
      free_signal(s);
      break;
    case signal_kind::demonitor:
      free_signal(s);  // who is dead has told of its end, or will, by that record
      break;
    case signal_kind::link:
      refuse_link(*static_cast<record_signal*>(s));
      break;
    case signal_kind::link_broken:
      discard_link_broken(*static_cast<link_half*>(s));
      break;
    case signal_kind::monitor:
      refuse_monitor(*static_cast<record_signal*>(s));
      break;
    case signal_kind::monitor_fired:
      discard_monitor_fired(*static_cast<monitor_record*>(s));
      break;
    case signal_kind::promise_kept:
      let_go(*static_cast<promise_record*>(s));
      break;
    case signal_kind::tick:
      discard_tick(*static_cast<record_signal*>(s));
      break;
    case signal_kind::job_done:
      break;  // lives in the frame that waits for it
    case signal_kind::alive_question: {
      const auto* question = static_cast<question_signal*>(s);
      answer(request_head{question->caller, question->number}, false);
      free_signal(s);
      break;
    }
    case signal_kind::info_question: {
      const auto* question = static_cast<info_signal*>(s);
      answer(request_head{question->caller, question->number}, std::optional<description>());
      free_signal(s);
      break;
    }
    case signal_kind::suspend:
    case signal_kind::room_wanted: {
      const auto* question = static_cast<question_signal*>(s);
      answer(request_head{question->caller, question->number}, false);
      free_signal(s);
      break;
    }
    case signal_kind::resume:
    case signal_kind::group_leader:
      free_signal(s);
      break;
    case signal_kind::aliased:
      refuse(static_cast<aliased_signal*>(s)->mail, why);
      free_signal(s);
      break;
    case signal_kind::named:
      free_signal(s);  // whoever gave the name takes it back
      break;
    case signal_kind::probe:
      discard_probe(*static_cast<probe_signal*>(s));
      break;
  }
}

}  // namespace kin::detail
