// SPDX-License-Identifier: Apache-2.0
// The timers of a worker, and the ticks by which a process learns that its wait is over.
#include "base/pool.hpp"
#include "process/mailbox.hpp"
#include "process/name_table.hpp"
#include "process/scheduling.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>
#include <vector>

namespace kin::detail {
namespace {

constexpr std::size_t fired_at_once = 64;

timer_entry& make_entry(worker& owner, nanotime deadline, pid to, std::string_view to_name,
                        signal* payload) {
  auto& entry = *static_cast<timer_entry*>(take_memory(sizeof(timer_entry), timer_class));
  entry.hook = {};
  entry.deadline.store(deadline, std::memory_order_relaxed);
  entry.late_by.store(0, std::memory_order_relaxed);
  entry.owner = &owner;
  entry.payload = payload;
  entry.to = to;
  entry.to_name = to_name;
  return entry;
}
void free_entry(timer_entry& entry) noexcept { give_memory(&entry, timer_class); }

void drop_payload(timer_entry& entry) noexcept {
  if (entry.payload != nullptr) destroy_signal(std::exchange(entry.payload, nullptr));
}

// Its driver wants it to fire later.
bool is_late(machine_core& machine, timer_entry& entry, nanotime time) {
  const auto number = entry.state.load(std::memory_order_relaxed) >> 2U;
  if (entry.late_by.load(std::memory_order_relaxed) != 0 || !entry.is_armed(number)) return false;
  const nanotime by = machine.driven_by->lateness(entry.to, entry.to_name);
  if (by == 0) return false;
  const nanotime due = entry.deadline.load(std::memory_order_relaxed);
  const nanotime late_by = (std::max(time, due) + by - due) / 1000 + 1;
  entry.late_by.store(static_cast<std::uint32_t>(late_by), std::memory_order_relaxed);
  entry.deadline.store(due + late_by * 1000, std::memory_order_relaxed);
  return true;
}

// A message to whoever it is for; nobody there: dropped.
void deliver(machine_core& machine, timer_entry& entry) {
  pid to = entry.to;
  if (!entry.to_name.empty()) {
    const name_entry* name = machine.names.find({entry.to_name, hash_text(entry.to_name)});
    to = name == nullptr ? pid{} : name->holder();
  }
  signal* s = std::exchange(entry.payload, nullptr);
  if (!post(to, s)) refuse(s, noproc);
  free_entry(entry);
}

void deliver_tick(timer_entry& entry) {
  static_cast<signal&>(entry.tick) = {nullptr, 0, signal_kind::tick, no_class, 0, nullptr};
  entry.tick.record = &entry;
  if (!post(entry.to, &entry.tick)) free_entry(entry);
}

}  // namespace

timer_entry& worker::arm(std::uint64_t number, nanotime deadline, pid to, std::string_view to_name,
                         signal* payload) {
  timer_entry& entry = make_entry(*this, deadline, to, to_name, payload);
  const owner_scope hold(timers_lock_);
  entry.state.store(number << 2U | timer_entry::armed, std::memory_order_release);
  add_to_wheel(entry);
  return entry;
}

timer_entry& worker::arm_from_outside(std::uint64_t number, nanotime deadline, pid to,
                                      std::string_view to_name, signal* payload) {
  timer_entry& entry = make_entry(*this, deadline, to, to_name, payload);
  {
    const other_scope hold(timers_lock_);
    entry.state.store(number << 2U | timer_entry::armed, std::memory_order_release);
    add_to_wheel(entry);
  }
  bed->wake();  // it may sleep for longer
  return entry;
}

void worker::add_to_wheel(timer_entry& entry) {
  wheel_.add(entry);
  if (entry.deadline.load(std::memory_order_relaxed) < timers_due.load(std::memory_order_relaxed)) {
    timers_due.store(wheel_.next_look(), std::memory_order_relaxed);
  }
}

void worker::give_back(timer_entry& entry) noexcept {
  drop_payload(entry);
  if (here() == this) {
    const owner_scope hold(timers_lock_);
    take_back(entry);
    return;
  }
  // release: pairs with take_returned_timers; this one is done with the entry. Each swap carries the
  // releases before it on.
  timer_entry* first = returned_.load(std::memory_order_relaxed);
  do {
    entry.next_returned = first;
  } while (!returned_.compare_exchange_weak(first, &entry, std::memory_order_release,
                                            std::memory_order_relaxed));
}

void worker::take_returned_timers() {
  timer_entry* entry = returned_.exchange(nullptr, std::memory_order_acquire);
  while (entry != nullptr) {
    timer_entry* rest = entry->next_returned;
    take_back(*entry);
    entry = rest;
  }
}

void worker::take_back(timer_entry& entry) noexcept {
  if (entry.linked) {
    wheel_.remove(entry);
  } else {
    --to_be_returned_;
  }
  free_entry(entry);
}

// Who cancels may be of another machine, or a thread, and late.
void worker::end_timers() noexcept {
  fire_due(never, false);
  while (to_be_returned_ != 0) {
    take_returned_timers();
    std::this_thread::yield();
  }
}

void worker::fire_due(nanotime time, bool robbed) {
  std::array<timer_entry*, fired_at_once> due{};
  std::size_t count = 0;
  do {
    count = 0;
    auto collect = [&] {
      take_returned_timers();
      wheel_.expire(time, due.size(), [&](wheel_item& item) {
        auto& entry = static_cast<timer_entry&>(item);
        if (machine.driven_by != nullptr && is_late(machine, entry, time)) [[unlikely]] {
          wheel_.add(entry);
          return;
        }
        // Cancelled meanwhile: whoever did that returns it, and finds it out of the wheel.
        const auto number = entry.state.load(std::memory_order_acquire) >> 2U;
        if (entry.settle(number, timer_entry::fired)) {
          due[count++] = &entry;
        } else {
          ++to_be_returned_;
        }
      });
      timers_due.store(wheel_.next_look(), std::memory_order_relaxed);
    };
    if (robbed) {
      const other_scope hold(timers_lock_);
      collect();
    } else {
      const owner_scope hold(timers_lock_);
      collect();
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!robbed) recorder.note(deed::timer, due[i]->to.number());
      due[i]->payload == nullptr ? deliver_tick(*due[i]) : deliver(machine, *due[i]);
    }
  } while (count == due.size());
}

void forget_fired_timers(control_block& p) noexcept {
  std::erase_if(p.rare()->own_timers,
                [](const own_timer& t) { return !t.entry->is_armed(t.number); });
}

void note_own_timer(control_block& p, std::uint64_t number, timer_entry& entry) {
  rarities& more = p.make_rare();
  if (more.own_timers.size() >= more.prune_timers_at) {
    forget_fired_timers(p);
    more.prune_timers_at = std::max<std::size_t>(64, 2 * more.own_timers.size());
  }
  more.own_timers.push_back({number, &entry});
}

// The process floor's side.

void drop_own_timers(control_block& p) noexcept {
  for (const own_timer& t : p.rare()->own_timers) {
    if (t.entry->settle(t.number, timer_entry::cancelled)) t.entry->owner->give_back(*t.entry);
  }
  p.rare()->own_timers.clear();
}

void arm_tick(control_block& p, nanotime deadline) {
  if (p.timer != nullptr) {
    if (p.timer->deadline.load(std::memory_order_relaxed) <= deadline)
      return;  // comes first, and the process looks again then
    drop_tick(p);
  }
  worker& w = this_worker();
  p.timer = &w.arm(w.fresh_reference(), deadline, p.name(), {}, nullptr);
}

bool tick_is_current(control_block& p, record_signal& tick) {
  auto* entry = static_cast<timer_entry*>(tick.record);
  const bool current = p.timer == entry;
  if (current) p.timer = nullptr;
  free_entry(*entry);
  return current;
}

void discard_tick(record_signal& tick) noexcept {
  free_entry(*static_cast<timer_entry*>(tick.record));
}

void drop_tick(control_block& p) noexcept {
  timer_entry* entry = std::exchange(p.timer, nullptr);
  if (entry == nullptr) return;
  const auto number = entry->state.load(std::memory_order_acquire) >> 2U;
  // If it has fired, its tick is under way to this process, and is consumed there.
  if (entry->settle(number, timer_entry::cancelled)) entry->owner->give_back(*entry);
}

}  // namespace kin::detail
