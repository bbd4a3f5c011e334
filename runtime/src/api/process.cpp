// SPDX-License-Identifier: Apache-2.0
// spawn, self, exit, yield, is_alive.
#include <kin/link.hpp>
#include <kin/process.hpp>
#include <kin/request.hpp>
#include <kin/spawn_request.hpp>
#include <kin/start_process.hpp>

#include "api/calling_process.hpp"
#include "api/promise_access.hpp"
#include "process/gate.hpp"
#include "process/introspection.hpp"
#include "process/links.hpp"
#include "process/mailbox.hpp"
#include "process/monitors.hpp"
#include "process/name_table.hpp"
#include "process/probe.hpp"
#include "process/unwinding.hpp"

#include <new>
#include <ostream>
#include <utility>

namespace kin {
namespace detail {
namespace {

// What the children of `p` point to as their origin.
lineage* origin_of_children(control_block& p) {
  extras& more = p.more();
  if (more.of_children == nullptr) {
    auto* l = new lineage;
    l->parent = p.name();
    l->group_leader = group_leader_of(p);
    if (more.name != nullptr) l->parent_name = more.name->text;
    if (p.born_of != nullptr && p.born_of->depth < lineage::deepest) {
      l->above = lineage::retain(p.born_of);
      l->depth = p.born_of->depth + 1;
    }
    more.of_children = l;
  }
  if (more.uses_for_children == 0) {
    more.uses_for_children = lineage::uses_at_once;
    lineage::retain(more.of_children, lineage::uses_at_once);
  }
  --more.uses_for_children;
  return more.of_children;
}

level checked(std::uint8_t of_priority) {
  if (of_priority > static_cast<std::uint8_t>(level::max))
    throw error(badarg, "a priority is low, normal, high or max");
  return static_cast<level>(of_priority);
}

message_queue_data data_of(const control_block& p) {
  return p.is(flag_off_heap) ? message_queue_data::off_heap : message_queue_data::on_heap;
}

void check(message_queue_data where) {
  if (where > message_queue_data::off_heap)
    throw error(badarg, "message_queue_data is on_heap or off_heap");
}

void store_data(control_block& p, message_queue_data where) {
  check(where);
  where == message_queue_data::off_heap ? p.set(flag_off_heap) : p.clear(flag_off_heap);
}

void check(const start_with& with) {
  static_cast<void>(checked(with.level));
  check(with.where);
  if (with.alias && !with.monitor) throw error(badarg, "an alias is a monitor's: ask for one, too");
}

// Its level and its way in, before its name is told.
void set_up(control_block& child, const start_with& with) {
  child.set_level(static_cast<level>(with.level));
  store_data(child, with.where);
  if (with.mailbox != nullptr && (with.mailbox->limit != 0 || with.mailbox->alarm_at != 0))
    bound_mailbox(child, *with.mailbox);
}

// A new process that nobody knows yet. If what it needs cannot be had, it ends before it has begun.
class newborn {
 public:
  explicit newborn(control_block& child) : child_(&child) {}
  newborn(const newborn&) = delete;
  newborn& operator=(const newborn&) = delete;
  ~newborn() {
    if (child_ == nullptr) return;
    child_->set(flag_doomed);
    this_worker().schedule(*child_);
  }
  /// It is complete, and may run.
  control_block& live() { return *std::exchange(child_, nullptr); }

 private:
  control_block* child_;
};

// `complete` does what is special about it.
template <class Complete>
control_block& make_child(control_block& parent, std::unique_ptr<behaviour> body,
                          const start_with& with, Complete complete) {
  try {
    worker& w = this_worker();
    control_block& child = w.machine.make_process(&w, std::move(body));
    newborn guard(child);
    child.born_of = origin_of_children(parent);
    set_up(child, with);
    complete(child);
    return guard.live();
  } catch (const std::bad_alloc&) {
    throw error(system_limit, "spawn found no memory or place for one more process");
  }
}

// Before it runs: what it ends for is heard. The reference, which is an alias if that is wanted.
ref tie(control_block& parent, control_block& child, const start_with& with, ref of_monitor) {
  if (with.link) link_at_birth(parent, child);
  if (!with.monitor) return of_monitor;
  const std::uint64_t number = ref_access::number(of_monitor);
  monitor_at_birth(parent, child, number);
  if (with.maker != nullptr) parent.make_rare().down_makers.emplace(number, std::move(*with.maker));
  if (!with.alias) return of_monitor;
  parent.make_rare().aliases.emplace(number, *with.alias);
  return ref_access::make(number, pid_access::hint(parent.name()));
}

// What a request is told of an error of spawn's.
exit_reason told_of(const error& e) { return e.reason() == badarg ? badopt : e.reason(); }

spawned spawn_from_thread(std::unique_ptr<behaviour> body, const start_with& with) {
  if (with.link || with.monitor) {
    throw error(badarg, std::string("kin::spawn with a ") + (with.link ? "link" : "monitor") +
                            " was called outside a process, which alone can have one");
  }
  machine_core& machine = ambient_machine("kin::spawn");
  const auto prepare = [&](control_block& child) { set_up(child, with); };
  return {machine.spawn_from_outside(std::move(body), false, prepare), {}};
}

}  // namespace

spawned spawn_process(std::unique_ptr<behaviour> body, start_with with) {
  check(with);
  control_block* me = current_process();
  if (me == nullptr) [[unlikely]]
    return spawn_from_thread(std::move(body), with);
  ref monitor_ref;
  control_block& child = make_child(*me, std::move(body), with, [&](control_block& fresh) {
    monitor_ref = tie(*me, fresh, with, with.monitor ? make_ref() : ref());
  });
  const pid name = child.name();
  this_worker().schedule(child);
  return {name, monitor_ref};
}

ref request_spawn(std::unique_ptr<behaviour> body, start_with with, spawn_answers& answers) {
  control_block& parent = calling_process("kin::spawn_request");
  const ref request = make_ref();
  const auto tell = [&](ref known_as, result<pid> child) {
    if (signal* mail = answers.about(spawn_reply{known_as, std::move(child)}))
      post_past_bound(parent.name(), mail);
  };
  try {
    check(with);
    ref known_as;
    control_block& child = make_child(parent, std::move(body), with, [&](control_block& fresh) {
      known_as = tie(parent, fresh, with, request);
      tell(known_as, fresh.name());  // before it can end
    });
    this_worker().schedule(child);
    return known_as;
  } catch (const error& e) {
    tell(request, told_of(e));
    return request;
  }
}

result<pid> start_process(start_request request) {
  spawned made;
  return start_process(std::move(request), made);
}

result<pid> start_process(start_request request, spawned& made) {
  const caller calling("kin::start");
  control_block& me = calling.block();
  if (calling.is_thread() && (request.with.link || request.with.monitor))
    throw error(badarg, std::string(request.with.link ? "kin::start_link" : "kin::start_monitor") +
                            " was called outside a process, which alone has links and monitors");
  check(request.with);
  if (!calling.is_thread()) expect_to_wait(me);
  const std::uint64_t number = me.fresh_call();
  const auto owe_word = [&](control_block& child) {
    promise_record* record = make_promise({me.name(), number}, child.name());
    record->stays = !request.may_move;
    child.owed.push(*record);
    start_access::give(*request.ready, record);
  };
  pid name;
  ref known_as;
  try {
    if (calling.is_thread()) {
      machine_core& machine = ambient_machine("kin::start");
      const auto prepare = [&](control_block& child) {
        set_up(child, request.with);
        owe_word(child);
      };
      name = machine.spawn_from_outside(std::move(request.body), false, prepare);
    } else {
      control_block& child =
          make_child(me, std::move(request.body), request.with, [&](control_block& fresh) {
            owe_word(fresh);
            known_as = tie(me, fresh, request.with, request.with.monitor ? make_ref() : ref());
          });
      name = child.name();
      this_worker().schedule(child);
    }
  } catch (const error& failure) {
    if (failure.reason() == badarg) throw;  // no machine: a mistake, no failed start
    return failure.reason();
  }
  made = {name, known_as};

  wait w;
  w.kind = wait_kind::reply;
  w.reply_number = number;
  w.callee = name;
  w.seen = me.queue_last;
  w.serves = serves(me);
  const bool waited = wait_for(me, w, request.limit);
  if (w.answer == nullptr) {
    if (request.with.link) unlink_from(me, name);
    exit(name, kill);
    return waited ? exit_reason(timed_out) : exit_reason(killed);
  }
  const reply told = as_reply(w.answer);
  return told ? result<pid>(name) : result<pid>(told.error());
}

void exit_self(exit_reason why) {
  control_block& p = calling_process("kin::exit");
  if (!p.is(flag_doomed)) {
    p.set(flag_own_exit);
    if (!why.is_orderly()) p.set(flag_spoke);
    doom(p, std::move(why));
  }
  throw unwinding{};
}

void exit_signal(pid to, exit_reason why) {
  control_block* me = current_process();
  if (me != nullptr && to == me->name()) {
    if (me->is(flag_traps) && why != kill) {
      if (has_news(*me)) drain(*me);  // what it sent itself before comes first
      enqueue(*me, box(exited{to, std::move(why)}));
      return;
    }
    doom(*me, why == kill ? exit_reason(killed) : std::move(why));
    throw unwinding{};
  }
  auto* s = make_signal<exit_signal_node>(signal_kind::exit);
  s->from = me == nullptr ? pid{} : me->name();
  s->why = std::move(why);
  if (post(to, s)) return;
  refuse(s, noproc);
  expect_in_reach(to);
}

void become(std::unique_ptr<behaviour> then) { this_worker().successor = then.release(); }

}  // namespace detail

std::ostream& operator<<(std::ostream& out, const spawn_reply& r) {
  out << "{spawn_reply, " << r.ref;
  return r.child ? out << ", ok, " << *r.child << '}'
                 : out << ", error, " << r.child.error() << '}';
}

bool spawn_request_abandon(ref /*request*/) {
  static_cast<void>(detail::calling_process("kin::spawn_request_abandon"));
  return false;
}

pid self() { return detail::calling_process("kin::self").name(); }

pid parent() {
  const auto& p = detail::calling_process("kin::parent");
  return p.born_of == nullptr ? pid{} : p.born_of->parent;
}

bool in_process() { return detail::current_process() != nullptr; }

ref make_ref() {
  if (!in_process()) {
    auto& references = detail::ambient_machine("kin::make_ref").references;
    return detail::ref_access::make(references.fetch_add(1, std::memory_order_relaxed));
  }
  detail::control_block& p = detail::calling_process("kin::make_ref");
  const std::uint64_t number = detail::this_worker().fresh_reference();
  if (detail::has_news(p)) detail::drain(p);
  if (p.queue_first != nullptr) {
    detail::extras& more = p.more();
    more.marked_ref = number;
    more.mark = p.queue_last;
  }
  return detail::ref_access::make(number);
}

bool trap_exits(bool on) {
  detail::control_block& p = detail::calling_process("kin::trap_exits");
  const bool before = p.is(detail::flag_traps);
  on ? p.set(detail::flag_traps) : p.clear(detail::flag_traps);
  return before;
}

priority set_priority(priority level) {
  detail::control_block& p = detail::calling_process("kin::set_priority");
  const priority before{static_cast<std::uint8_t>(p.at())};
  p.set_level(detail::checked(level.level));
  return before;
}

message_queue_data set_message_queue_data(message_queue_data where) {
  detail::control_block& p = detail::calling_process("kin::set_message_queue_data");
  const message_queue_data before = detail::data_of(p);
  detail::store_data(p, where);
  return before;
}

bool is_alive(pid other) {
  const detail::caller calling("kin::is_alive");
  detail::control_block& p = calling.block();
  if (other == p.name()) return true;
  auto* question =
      detail::make_signal<detail::question_signal>(detail::signal_kind::alive_question);
  return detail::ask<bool>(p, other, *question, infinity).value_or(false);
}

void yield() {
  detail::control_block& p = detail::calling_process("kin::yield");
  p.count_reduction();
  if (!detail::may_wait(p)) return;
  detail::wait w;
  w.kind = detail::wait_kind::turn;
  {
    const detail::waiting_for scope(p, w);
    detail::this_worker().wait_here(p, detail::landing_action::requeue);
  }
  static_cast<void>(detail::may_wait(p));
}

void checkpoint() {
  detail::calling_process("kin::checkpoint").count_reduction();
  if (--detail::this_worker().budget < 0) {
    yield();
  } else {
    static_cast<void>(detail::may_wait(detail::calling_process("kin::checkpoint")));
  }
}

}  // namespace kin
