// SPDX-License-Identifier: Apache-2.0
#include <kin/process.hpp>
#include <kin/send.hpp>
#include <kin/timer.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "scheduler/timer_entry.hpp"

#include <algorithm>

namespace kin {

clock::time_point clock::now() noexcept { return time_point(duration(detail::time_here())); }

namespace detail {
namespace {

ref arm_at(ref timer, nanotime deadline, pid to, std::string_view to_name, signal* s) {
  message held(s);
  const std::uint64_t number = ref_access::number(timer);
  if (to_name.empty() && is_gone(to)) return timer;
  worker* w = here();
  timer_entry& entry = w != nullptr
                           ? w->arm(number, deadline, to, to_name, held.release())
                           : ambient_machine("kin::send_after")
                                 .worker_at(0)
                                 ->arm_from_outside(number, deadline, to, to_name, held.release());
  control_block* me = current_process();
  if (me != nullptr && to == me->name()) note_own_timer(*me, number, entry);
  return ref_access::make(number, reinterpret_cast<std::uint64_t>(&entry));
}

nanotime deadline_of(const timer_start& start) {
  // Before the clock began, soon after the host has started: that has passed, too.
  if (start.at) return std::max<nanotime>(start.at->time_since_epoch().count(), 0);
  if (start.delay.count() < 0)
    throw error(badarg, "a timer cannot fire before now: its delay is negative");
  return add(time_here(), start.delay);
}

// Null if it is no timer's: an alias's hint has a tag.
timer_entry* entry_of(ref timer) {
  const std::uint64_t hint = ref_access::hint(timer);
  return state::tag(hint) == 0 ? reinterpret_cast<timer_entry*>(hint) : nullptr;
}

// Whoever it was for has gone, and it with them.
bool is_void(const timer_entry& entry) { return entry.to_name.empty() && is_gone(entry.to); }

duration left_until(nanotime deadline) {
  return duration(std::max<nanotime>(deadline - time_here(), 0));
}

}  // namespace

ref arm_timer(ref timer, const timer_start& start, pid to, signal* s) {
  message held(s);
  const nanotime deadline = deadline_of(start);
  return arm_at(timer, deadline, to, {}, held.release());
}
ref arm_timer(ref timer, const timer_start& start, const name_text& to, signal* s) {
  message held(s);
  const nanotime deadline = deadline_of(start);
  return arm_at(timer, deadline, {}, to.text, held.release());
}

}  // namespace detail

std::optional<duration> cancel_timer(ref timer) {
  detail::timer_entry* entry = detail::entry_of(timer);
  if (entry == nullptr ||
      !entry->settle(detail::ref_access::number(timer), detail::timer_entry::cancelled)) {
    return std::nullopt;
  }
  const duration left = detail::left_until(entry->due());
  const bool was_void = detail::is_void(*entry);
  entry->owner->give_back(*entry);
  return was_void ? std::nullopt : std::optional(left);
}

std::optional<duration> read_timer(ref timer) {
  detail::timer_entry* entry = detail::entry_of(timer);
  if (entry == nullptr) return std::nullopt;
  const std::uint64_t armed = detail::ref_access::number(timer) << 2U | detail::timer_entry::armed;
  const auto due = entry->due();
  if (detail::is_void(*entry)) {
    cancel_timer(timer);
    return std::nullopt;
  }
  if (entry->state.load(std::memory_order_acquire) != armed) return std::nullopt;
  return detail::left_until(due);
}

void cancel_timer(ref timer, async_t /*word*/) {
  const pid me = detail::calling_process("kin::cancel_timer with async_answer").name();
  send(me, timer_cancelled{timer, cancel_timer(timer)});
}
void read_timer(ref timer, async_t /*word*/) {
  const pid me = detail::calling_process("kin::read_timer with async_answer").name();
  send(me, timer_read{timer, read_timer(timer)});
}

void sleep(duration time) {
  detail::control_block& p = detail::calling_process("kin::sleep");
  if (time.count() < 0) throw error(timeout_value, "sleep: its time is negative");
  detail::wait w;
  w.kind = detail::wait_kind::time;
  static_cast<void>(detail::wait_for(p, w, time));
}

}  // namespace kin
