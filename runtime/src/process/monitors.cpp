// SPDX-License-Identifier: Apache-2.0
#include "process/monitors.hpp"

#include <kin/link.hpp>

#include "process/gate.hpp"
#include "process/mailbox.hpp"

#include <new>
#include <utility>

namespace kin::detail {
namespace {

constexpr std::uint32_t many = 16;  // from here on a hash finds the reference

bool has_index(const control_block& p) {
  const rarities* rare = p.rare();
  return rare != nullptr && !rare->monitors_by_ref.empty();
}

void add(control_block& p, monitor_record& record) {
  extras& more = p.more();
  more.monitors.push(record);
  ++more.monitor_count;
  try {
    if (has_index(p)) {
      more.rare->monitors_by_ref.emplace(record.reference, &record);
    } else if (more.monitor_count > many) {
      auto& index = p.make_rare().monitors_by_ref;
      for (auto* r = more.monitors.first(); r != nullptr; r = watching_list::next(*r))
        index.emplace(r->reference, r);
    }
  } catch (const std::bad_alloc&) {  // all of them or none: then the list is searched
    if (more.rare != nullptr) more.rare->monitors_by_ref.clear();
  }
}

// Of a monitor that ends: its alias, unless that outlives it.
void end_alias(control_block& p, std::uint64_t reference) {
  if (p.rare() == nullptr) return;
  auto& aliases = p.rare()->aliases;
  const auto on = aliases.find(reference);
  if (on != aliases.end() && on->second != alias_until::unaliased) aliases.erase(on);
}

void remove(control_block& p, monitor_record& record) {
  record.active = false;
  p.extra->monitors.remove(record);
  --p.extra->monitor_count;
  if (has_index(p)) p.extra->rare->monitors_by_ref.erase(record.reference);
  end_alias(p, record.reference);
}

// Of a tagged monitor; it is not needed a second time.
std::unique_ptr<down_maker> take_maker(control_block& p, std::uint64_t reference) {
  if (p.rare() == nullptr) return nullptr;
  auto maker = p.rare()->down_makers.extract(reference);
  return maker.empty() ? nullptr : std::move(maker.mapped());
}

// The message that tells of an end.
signal* make_down(control_block& p, down&& told) {
  std::unique_ptr<down_maker> maker = take_maker(p, ref_access::number(told.ref));
  signal* s = maker == nullptr ? box(std::move(told)) : maker->make(std::move(told));
  s->flags |= carries_down;
  return s;
}

monitor_record* find(control_block& p, std::uint64_t reference) {
  if (p.extra == nullptr) return nullptr;
  if (has_index(p)) {
    auto& index = p.extra->rare->monitors_by_ref;
    const auto found = index.find(reference);
    return found == index.end() ? nullptr : found->second;
  }
  for (auto* r = p.extra->monitors.first(); r != nullptr; r = watching_list::next(*r)) {
    if (r->reference == reference) return r;
  }
  return nullptr;
}

// The watched, which the record has left, tells the watcher; its hold goes with it.
void push_fired(monitor_record& record, const reason_rep* why) noexcept {
  record.why = why;
  if (!post(record.watcher, &record)) {
    why->release();
    let_go(record);
  }
}

void give_up(control_block& p, monitor_record& record) {
  const pid watched = record.watched;
  auto* s = make_signal<record_signal>(signal_kind::demonitor);
  s->record = &record;
  remove(p, record);
  take_maker(p, record.reference);
  if (!post(watched, s)) free_signal(s);  // it is dead, and has pushed the record or will
  let_go(record);
}

}  // namespace

void monitor_at_birth(control_block& parent, control_block& child, std::uint64_t reference) {
  static_cast<void>(parent.more());  // what may fail comes first: half a monitor is none
  extras& of_child = child.more();
  monitor_record* record = make_monitor(parent.name(), child.name(), reference);
  add(parent, *record);
  of_child.watchers.push(*record);
}

void start_monitor(control_block& p, pid other, std::uint64_t reference) {
  if (other == p.name()) return;  // never fires
  auto* s = make_signal<record_signal>(signal_kind::monitor);
  monitor_record* record = make_monitor(p.name(), other, reference);
  s->record = record;
  add(p, *record);
  if (post(other, s)) return;
  free_signal(s);
  remove(p, *record);
  let_go(*record);
  let_go(*record);
  // As a signal, not straight into the mailbox: what the caller has been sent before comes first.
  signal* told = make_down(p, down{ref_access::make(reference), other, noproc});
  if (!post(p.name(), told)) destroy_signal(told);
}

bool flush_down(control_block& p, std::uint64_t reference) {
  signal* before = nullptr;
  for (signal* s = p.queue_first; s != nullptr; before = s, s = s->next) {
    if ((s->flags & carries_down) == 0) continue;
    // A tagged one is a down too, and begins with it.
    if (ref_access::number(static_cast<down*>(value_of(*s))->ref) != reference) continue;
    unqueue(p, s, before);
    leave_gate(p, *s);
    destroy_signal(s);
    return true;
  }
  return false;
}

bool stop_monitor(control_block& p, std::uint64_t reference) {
  monitor_record* record = find(p, reference);
  if (record == nullptr) return false;
  give_up(p, *record);
  return true;
}

bool tell_watchers(control_block& p, const exit_reason& why, int& budget) {
  if (p.extra == nullptr) return true;
  while (monitor_record* record = p.extra->watchers.pop()) {
    const reason_rep* told = reason_access::rep(record->too_late ? exit_reason(noproc) : why);
    told->retain();
    push_fired(*record, told);
    if (--budget < 0) return p.extra->watchers.empty();
  }
  return true;
}

bool stop_watching(control_block& p, int& budget) {
  if (p.extra == nullptr) return true;
  while (monitor_record* record = p.extra->monitors.first()) {
    if (--budget < 0) return false;
    give_up(p, *record);
  }
  return true;
}

void take_monitor(control_block& p, record_signal& s) {
  auto& record = *static_cast<monitor_record*>(s.record);
  free_signal(&s);
  record.too_late = p.is(flag_dead) || p.is(flag_struck);
  p.more().watchers.push(record);
}

void take_demonitor(control_block& p, record_signal& s) {
  auto& record = *static_cast<monitor_record*>(s.record);
  free_signal(&s);
  p.extra->watchers.remove(record);
  let_go(record);
}

void take_monitor_fired(control_block& p, monitor_record& record) {
  exit_reason why = reason_access::adopt(record.why);
  const bool active = record.active;
  if (active) {
    signal* told =
        make_down(p, down{ref_access::make(record.reference), record.watched, std::move(why)});
    remove(p, record);
    let_go(record);
    enqueue(p, told);
  }
  let_go(record);  // the hold of the dead
}

void refuse_monitor(record_signal& s) noexcept {
  auto& record = *static_cast<monitor_record*>(s.record);
  free_signal(&s);
  push_fired(record, reason_access::rep(noproc));
}

void discard_monitor_fired(monitor_record& record) noexcept {
  record.why->release();
  let_go(record);
}

}  // namespace kin::detail
