// SPDX-License-Identifier: Apache-2.0
#include "restart_delay.hpp"

#include <kin/message.hpp>
#include <kin/process.hpp>
#include <kin/request.hpp>
#include <kin/wait.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace kin::detail {
namespace {

// Any change of any bit changes half of the others: the finaliser of splitmix64.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

// The clock's nanoseconds differ from machine to machine, so that those that lost one server do not
// come back to it in step; simulated, they are the seed's.
std::uint64_t random_at(clock::time_point now, kin::pid child) {
  return mixed(static_cast<std::uint64_t>(now.time_since_epoch().count()) ^
               mixed(pid_access::id(child)));
}

// Calls fail at once with what is known of the child; all else is thrown away.
void answer_for(const start_name& name, const degraded_child& child) {
  if (name.enter(self())) return;  // somebody else has it
  const exit_reason why(child);
  receiver mailbox(nullptr, 0, true, infinity, {});
  while (mailbox.next() != nullptr) {
    const message m = mailbox.take();
    if (as_request(m.node()) == nullptr) continue;
    request_head& head = head_of(m.node());
    if (head.number != 0) answer_failure(std::exchange(head, {head.caller, 0}), why);
  }
}

}  // namespace

duration wait_before(unsigned nth, const backoff& how, std::uint64_t random) {
  const auto limit = static_cast<double>(how.limit.count());
  const double grown =
      static_cast<double>(how.first.count()) * std::pow(how.factor, static_cast<double>(nth) - 1);
  const double whole = std::min(grown, limit);                       // pow may be infinite
  const double part = static_cast<double>(random >> 11U) * 0x1p-53;  // from 0 to less than 1
  return duration(static_cast<duration::rep>(whole * (1 - how.jitter * part)));
}

bool failures::add(const backoff& how, exit_reason why, kin::pid was, time now) {
  const bool has_run = since_ != time();
  if (has_run && now - since_ >= how.calm) in_row_ = 0;
  since_ = {};
  if (in_row_ >= how.attempts) return false;
  ++in_row_;
  why_ = std::move(why);
  was_ = was;
  wait_ = wait_before(in_row_, how, random_at(now, was));
  next_ = now + wait_;
  return true;
}

void failures::stand_in(const child_spec& spec) {
  if (spec.held_name == nullptr) return;
  stand_in_ = spawn([name = spec.held_name, child = about(spec.id)] { answer_for(*name, child); },
                    {.link = true})
                  .pid;
}
void failures::end_stand_in(met_exits& met) {
  if (!stand_in_) return;
  static_cast<void>(stop_child(std::exchange(stand_in_, {}), brutal_kill, met));
}

}  // namespace kin::detail
