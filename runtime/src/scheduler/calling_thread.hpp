// SPDX-License-Identifier: Apache-2.0
// A thread that is no worker's, as processes see it when it calls: a control block to answer to.
//
// It belongs to no machine, so nothing has to be closed when one ends, and `schedule` tells it from
// a process by that. The thread gets it with its first call and keeps it until its end, so that it
// can be monitored; between two calls it takes nothing else.
//   I1  Only the holder of the block's lock drains it, or lets it go idle. So whoever wakes it while
//       the thread is elsewhere may do both in its place, and late answers do not pile up.
//   I2  While the thread attends, it alone does: an answer must not be taken before its wait says
//       which number it is for. Who wakes it then only tells it.
//   I3  No user code runs under the lock: what is thrown away is thrown away after it.
// Blocks lie in chunks of their own, and are immortal, as all that a pid leads to.
#pragma once

#include <kin/time.hpp>
#include <kin/wait.hpp>

#include "process/control_block.hpp"

namespace kin::detail {

struct thread_block;

/// While it lives, this thread, which is no worker's, attends to what comes for it (I2). Begins
/// before whatever is to be answered is sent. May be nested.
class attention {
 public:
  attention();
  attention(const attention&) = delete;
  attention& operator=(const attention&) = delete;
  ~attention();

  [[nodiscard]] control_block& block() const;

 private:
  thread_block& mine_;
  bool outer_;
};

/// Blocks this thread, which attends, until `w` is answered, or late after `limit`. `p` is its
/// block.
void wait_on_thread(control_block& p, wait& w, duration limit);

/// Any thread. What `schedule` does for the block of a thread.
void wake_thread(control_block& p) noexcept;

}  // namespace kin::detail
