// SPDX-License-Identifier: Apache-2.0
// kin::no_wait: a stretch of code in which its process does not wait, and so stays on its thread.
#pragma once

#include <kin/export.hpp>

#include <cstddef>

namespace KIN_PUBLIC kin {

namespace detail {
struct control_block;
class no_wait_access;
}  // namespace detail

/// While one lives, this process does not wait: receive, call, sleep, yield, checkpoint,
/// kin::blocking and all that calls one of them throw instead, whether they would have had to wait
/// or not. For what belongs to the thread, a lock above all, and shall not be held over a wait:
///
///     kin::no_wait here;
///     const std::lock_guard hold(prices_lock);
///     update(prices);  // if this waits one day, a test says so
///
/// They nest. One that is a member of a server forbids waits to all of its callbacks. `send` to a
/// mailbox that was bounded with when_full::block does not wait for room but fails. In a destructor
/// that an exception runs, waits fail as they do in a process that ends: nothing is thrown.
///
/// A wait throws  kin::error with badarg, which names the file and the line where this began.
/// Context  a process, which also destroys it; elsewhere it does nothing.
/// Cost     a few ns; the first one of a process one allocation, kept.
class no_wait {
 public:
  /// The defaults are right: they name the place where this is written.
  explicit no_wait(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE());
  no_wait(const no_wait&) = delete;
  no_wait& operator=(const no_wait&) = delete;
  ~no_wait();

  static void* operator new(std::size_t) = delete;

 private:
  friend class detail::no_wait_access;
  const char* file_;
  unsigned line_;
  detail::control_block* process_;  // null: elsewhere
  const no_wait* outer_ = nullptr;
};

}  // namespace kin
