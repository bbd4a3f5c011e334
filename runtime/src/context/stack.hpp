// SPDX-License-Identifier: Apache-2.0
// A stack, and how to leave one and enter another.
//
// Every stack runs the worker loop or a process that waits in the middle of a function; there is no
// other kind. Its descriptor lies at its own top, on a page that is touched anyway.
//   I1  `context` is set while nobody runs on the stack, and only then.
//   I2  Only the side that lands may tell others of the stack that was left: before, its context is
//   not stored.
// The sanitizers are told of each step here and nowhere else.
#pragma once

#include "base/cpu.hpp"

#include <boost/context/detail/fcontext.hpp>

#include <cstddef>

#if KIN_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if KIN_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace kin::detail {

struct stack;

/// What a fresh stack runs; never returns.
using stack_entry = void (*)(stack& came_from) noexcept;

struct stack {
  stack* next = nullptr;  // in a pool
  boost::context::detail::fcontext_t context = nullptr;
  stack_entry entry = nullptr;
  std::byte* lowest = nullptr;  // first usable byte, above the guard
  std::size_t usable = 0;
#if KIN_ASAN
  void* fake_stack = nullptr;
#endif
#if KIN_TSAN
  void* fiber = nullptr;
#endif
};

/// Makes `s` ready to be entered for the first time.
void prepare(stack& s, stack_entry entry);
/// The descriptor of a thread's own stack, for the first switch away from it.
void adopt_thread_stack(stack& s);
/// Gives back what the sanitizers keep for a stack that is not entered again.
void forget(stack& s) noexcept;

/// What crosses a switch. Lives in the frame that `from` is stopped in.
struct passage {
  stack* from;
  stack* to;
};

/// The first thing to do on the other side: stores the context of the stack that was left (I1).
inline stack& landed(boost::context::detail::transfer_t arrival, [[maybe_unused]] stack& on) {
#if KIN_ASAN
  __sanitizer_finish_switch_fiber(on.fake_stack, nullptr, nullptr);
#endif
  stack& left = *static_cast<passage*>(arrival.data)->from;
  left.context = arrival.fctx;
  return left;
}

/// Leaves `from` and goes on in `to`. Returns when somebody switches back; gives the stack that was
/// left for it. Inline: through a call of its own each switch would cost a mispredicted return, 7
/// ns.
inline stack& switch_stack(stack& from, stack& to) {
  passage p{&from, &to};
  const auto context = to.context;
  to.context = nullptr;
#if KIN_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack, to.lowest, to.usable);
#endif
#if KIN_TSAN
  __tsan_switch_to_fiber(to.fiber, 0);
#endif
  return landed(boost::context::detail::jump_fcontext(context, &p), from);
}

}  // namespace kin::detail
