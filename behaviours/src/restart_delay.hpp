// SPDX-License-Identifier: Apache-2.0
// How long a child with a back-off waits, and what is known of its failures.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>
#include <kin/supervisor.hpp>
#include <kin/time.hpp>

#include <cstdint>
#include <memory>
#include <utility>

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
  [[nodiscard]] kin::pid was() const { return was_; }
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
};

}  // namespace kin::detail
