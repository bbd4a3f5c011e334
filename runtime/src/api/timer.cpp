// SPDX-License-Identifier: Apache-2.0
#include <kin/timer.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "scheduler/timer_entry.hpp"

#include <algorithm>

namespace kin {

clock::time_point clock::now() noexcept {
  const detail::worker* w = detail::here();
  return time_point(duration(w == nullptr ? detail::system_now() : w->time()));
}

namespace detail {
namespace {

ref arm_checked(ref timer, duration delay, pid to, std::string_view to_name, signal* s) {
  message held(s);
  static_cast<void>(calling_process("kin::send_after"));
  if (delay.count() < 0)
    throw error(badarg, "a timer cannot fire before now: its delay is negative");
  worker& w = this_worker();
  const std::uint64_t number = ref_access::number(timer);
  timer_entry& entry = w.arm(number, add(now(), delay), to, to_name, held.release());
  return ref_access::make(number, reinterpret_cast<std::uint64_t>(&entry));
}

timer_entry* entry_of(ref timer) { return reinterpret_cast<timer_entry*>(ref_access::hint(timer)); }

duration left_until(nanotime deadline) { return duration(std::max<nanotime>(deadline - now(), 0)); }

bool somebody_there(pid p) {
  if (!p) return false;
  const std::uint64_t word = block_of(p).word.load(std::memory_order_relaxed);
  return state::tag(word) == state::tag(pid_access::hint(p)) && state::content(word) != state::dead;
}

}  // namespace

ref arm_timer(ref timer, duration delay, pid to, signal* s) {
  return arm_checked(timer, delay, to, {}, s);
}
ref arm_timer(ref timer, duration delay, const name_text& to, signal* s) {
  return arm_checked(timer, delay, {}, to.text, s);
}

}  // namespace detail

std::optional<duration> cancel_timer(ref timer) {
  static_cast<void>(detail::calling_process("kin::cancel_timer"));
  detail::timer_entry* entry = detail::entry_of(timer);
  if (entry == nullptr ||
      !entry->settle(detail::ref_access::number(timer), detail::timer_entry::cancelled)) {
    return std::nullopt;
  }
  const duration left = detail::left_until(entry->deadline.load(std::memory_order_relaxed));
  const bool was_void = entry->to_name.empty() && !detail::somebody_there(entry->to);
  entry->owner->give_back(*entry);
  return was_void ? std::nullopt : std::optional(left);
}

std::optional<duration> read_timer(ref timer) {
  detail::timer_entry* entry = detail::entry_of(timer);
  if (entry == nullptr) return std::nullopt;
  const std::uint64_t armed = detail::ref_access::number(timer) << 2U | detail::timer_entry::armed;
  const auto deadline = entry->deadline.load(std::memory_order_acquire);
  if (entry->state.load(std::memory_order_acquire) != armed) return std::nullopt;
  return detail::left_until(deadline);
}

void sleep(duration time) {
  detail::control_block& p = detail::calling_process("kin::sleep");
  detail::wait w;
  w.kind = detail::wait_kind::time;
  static_cast<void>(detail::wait_for(p, w, time));
}

}  // namespace kin
