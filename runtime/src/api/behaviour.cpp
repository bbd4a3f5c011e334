// SPDX-License-Identifier: Apache-2.0
#include <kin/behaviour.hpp>

#include "base/pool.hpp"
#include "process/mailbox.hpp"
#include "process/scheduling.hpp"
#include "process/unwinding.hpp"

#include <exception>
#include <ostream>

namespace kin {

std::optional<exit_reason> caught_exit() {
  detail::control_block& p = *detail::current_process();
  try {
    throw;
  } catch (const detail::unwinding&) {
    if (!p.is(detail::flag_own_exit)) return std::nullopt;
    exit_reason why = detail::reason_of(p);
    p.clear(detail::flag_doomed);
    p.clear(detail::flag_own_exit);
    p.clear(detail::flag_spoke);
    return why;
  } catch (const call_failed& failure) {
    return detail::reason_access::failed_call(failure.reason(), failure.where());
  } catch (...) {
    return exit_reason::error(std::current_exception());
  }
}

message incoming::take() {
  detail::control_block& p = *detail::current_process();
  if (p.is(detail::flag_in_place)) detail::detach_in_hand(p);
  p.in_hand = nullptr;
  taken_ = true;
  return message(signal_);
}

next behaviour::handle(incoming& in) {
  in.leave();
  return {};
}
next behaviour::timed_out() { return {}; }
void behaviour::print_state(std::ostream& /*out*/) const {}
void behaviour::format(crash_report& /*shown*/) const {}

// NOLINTNEXTLINE(misc-new-delete-overloads): its match is the sized one
void* behaviour::operator new(std::size_t bytes) {
  return detail::take_memory(bytes, detail::class_for(bytes));
}
void behaviour::operator delete(void* memory, std::size_t bytes) noexcept {
  detail::give_memory(memory, detail::class_for(bytes));
}

}  // namespace kin
