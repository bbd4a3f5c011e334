// SPDX-License-Identifier: Apache-2.0
// Where a stack that was left stands: the return addresses of its frames.
//
// Nothing is kept for this while a process runs or waits. The registers that a switch has stored are
// on the stack, the compiler's unwind tables say the rest: whoever asks steps onto the stack for a
// moment, lets the unwinder walk it from there, and puts back the few bytes that this has overwritten.
#pragma once

#include "context/stack.hpp"

#include <cstddef>
#include <span>

namespace kin::detail {

/// The frames of a stack that was left and that nobody enters meanwhile, innermost first; how many.
/// The first is in the function that switched. None of a stack with less than 8 KiB left.
std::size_t backtrace_of(stack& left, std::span<const void*> frames) noexcept;

/// The same of the caller. Async-signal-safe where libgcc finds tables without a lock (glibc 2.35).
std::size_t backtrace_here(std::span<const void*> frames) noexcept;

}  // namespace kin::detail
