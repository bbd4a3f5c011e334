// SPDX-License-Identifier: Apache-2.0
#include "restart_delay.hpp"

#include <kin/process.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

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

}  // namespace

duration wait_before(unsigned nth, const backoff& how, std::uint64_t random) {
  const auto limit = static_cast<double>(how.limit.count());
  const double grown =
      static_cast<double>(how.first.count()) * std::pow(how.factor, static_cast<double>(nth) - 1);
  const double whole = std::min(grown, limit);  // pow may be infinite
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

}  // namespace kin::detail
