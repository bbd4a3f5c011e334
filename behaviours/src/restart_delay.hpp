// SPDX-License-Identifier: Apache-2.0
// How long a child with a back-off waits, what is known of its failures, and who stands in for it
// meanwhile.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>
#include <kin/supervisor.hpp>
#include <kin/time.hpp>

#include "shutdown.hpp"

#include <cstdint>
#include <string>

namespace kin::detail {

/// Before the n-th restart in a row, 1 for the first. `random`: any number, all of whose bits count.
[[nodiscard]] duration wait_before(unsigned nth, const backoff& how, std::uint64_t random);

/// Of a child that failed at least once, and whose spec has a back-off.
class failures {
 public:
  using time = clock::time_point;
  /// Since then it runs.
  void runs(time now) { since_ = now; }
  /// It has ended, or did not start. False: that was once too often.
  [[nodiscard]] bool add(const backoff& how, exit_reason why, kin::pid was, time now);
  /// Until the next start.
  [[nodiscard]] duration wait() const { return wait_; }
  /// For the time of a wait somebody answers in the place of a child of that spec, if it says so.
  void stand_in(const child_spec& spec);
  /// No longer: the name is free when this returns.
  void end_stand_in(met_exits& met);
  [[nodiscard]] degraded_child about(const std::string& id) const {
    return {id, was_, in_row_, why_, next_};
  }

 private:
  unsigned in_row_ = 0;
  time since_ = {};
  time next_ = {};
  duration wait_ = {};
  exit_reason why_;
  kin::pid was_;
  kin::pid stand_in_ = {};  // or none
};

}  // namespace kin::detail
