// SPDX-License-Identifier: Apache-2.0
// Ask, wait, kill: how a supervisor ends children.
//
// A monitor, not the link, tells the end, because a child may have unlinked itself. The EXIT, if
// there is one, has the last word on why: it knows the reason also when the child was dead before
// the monitor came. When many children die at once, a scan of the mailbox for the EXIT of each
// would be quadratic: so whoever waits here moves every EXIT it meets to `met_exits`, where it is
// found by pid, and what nobody asked for is handled when the waiting is over.
#pragma once

#include <kin/child_spec.hpp>
#include <kin/exit_reason.hpp>
#include <kin/link.hpp>
#include <kin/pid.hpp>

#include "pid_map.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace kin::detail {

/// EXIT messages that came out of the mailbox before their turn.
class met_exits {
 public:
  void add(exited e);
  /// The reason `from` ended with, if it is here: taken out.
  std::optional<exit_reason> take(pid from);
  /// What came first and was not taken.
  std::optional<exited> take_oldest();
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  exited remove(std::size_t at);

  std::vector<std::optional<exited>> in_order_;
  std::size_t first_ = 0;  // nothing before it
  std::size_t count_ = 0;
  pid_map<std::size_t> by_pid_;  // where in in_order_
};

/// Ends one child, however long that takes; the reason it ended with.
exit_reason stop_child(pid child, shutdown_limit limit, met_exits& met);

/// One of many, and how long it may take.
struct doomed {
  kin::pid pid;
  shutdown_limit limit;
};
/// Ends all of them at once, each within its limit, and tells of each with what reason it ended.
/// Cost  a few signals a child, and a look at all for each distinct limit.
void stop_children(const std::vector<doomed>& all, met_exits& met,
                   const std::function<void(pid, const exit_reason&)>& ended);

}  // namespace kin::detail
