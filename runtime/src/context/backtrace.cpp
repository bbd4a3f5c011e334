// SPDX-License-Identifier: Apache-2.0
#include "context/backtrace.hpp"

#include "base/cpu.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <unwind.h>

// What runs on the stack of another is left by a switch, never by a return: a sanitizer that counts
// its functions, or poisons its frame, would be wrong about that stack from then on.
#if defined(__clang__)
#define KIN_NOT_SANITIZED __attribute__((noinline, no_sanitize("address", "thread", "undefined")))
#else
#define KIN_NOT_SANITIZED \
  __attribute__((noinline, no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#endif

namespace kin::detail {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::transfer_t;

// The stored registers, on any processor that Boost.Context knows; they and nothing above them are
// overwritten by a call on that stack.
constexpr std::size_t registers_bytes = 256;

// What libgcc's unwinder takes of a stack, and some more.
constexpr std::ptrdiff_t walk_bytes = 8192;

// No span: its functions are compiled for a sanitizer.
struct walk {
  const void** frames;
  std::size_t room;
  std::size_t count = 0;
  stack* of = nullptr;
};

KIN_NOT_SANITIZED _Unwind_Reason_Code note_frame(_Unwind_Context* frame, void* data) {
  auto& w = *static_cast<walk*>(data);
  const std::uintptr_t at = _Unwind_GetIP(frame);
  if (at == 0 || w.count == w.room) return _URC_END_OF_STACK;
  w.frames[w.count++] = reinterpret_cast<const void*>(at);
  return _URC_NO_REASON;
}

// On the stack that is looked at, as if its switch had called this. Never comes back.
KIN_NOT_SANITIZED transfer_t look(transfer_t from) noexcept {
  auto& w = *static_cast<walk*>(from.data);
#if KIN_ASAN
  const void* askers_lowest = nullptr;
  std::size_t askers_usable = 0;
  __sanitizer_finish_switch_fiber(w.of->fake_stack, &askers_lowest, &askers_usable);
#endif
  _Unwind_Backtrace(&note_frame, &w);
#if KIN_ASAN
  __sanitizer_start_switch_fiber(&w.of->fake_stack, askers_lowest, askers_usable);
#endif
  return boost::context::detail::jump_fcontext(from.fctx, nullptr);
}

// A memcpy that no sanitizer looks into: there are frames with poison between their variables.
KIN_NOT_SANITIZED void copy_bytes(const std::byte* from, std::byte* to, std::size_t count) {
  const volatile std::byte* const source = from;
  for (std::size_t i = 0; i < count; ++i) to[i] = source[i];
}

}  // namespace

KIN_NOT_SANITIZED std::size_t backtrace_of(stack& left, std::span<const void*> frames) noexcept {
  walk w{frames.data(), frames.size(), 0, &left};
  std::array<std::byte, registers_bytes> kept;
  auto* const registers = static_cast<std::byte*>(left.context);
  if (registers - left.lowest < walk_bytes) return 0;
  // Above them the first frame of the stack may be shorter than the array.
  const auto room = static_cast<std::size_t>(left.lowest + left.usable - registers);
  const std::size_t bytes = std::min(room, kept.size());
  copy_bytes(registers, kept.data(), bytes);
#if KIN_ASAN
  void* mine = nullptr;
  __sanitizer_start_switch_fiber(&mine, left.lowest, left.usable);
#endif
#if KIN_TSAN
  void* const my_fiber = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(left.fiber, 0);
#endif
  boost::context::detail::ontop_fcontext(left.context, &w, &look);
#if KIN_TSAN
  __tsan_switch_to_fiber(my_fiber, 0);
#endif
#if KIN_ASAN
  __sanitizer_finish_switch_fiber(mine, nullptr, nullptr);
#endif
  copy_bytes(kept.data(), registers, bytes);
  // Its first frame was `look`.
  if (w.count == 0) return 0;
  std::copy(frames.begin() + 1, frames.begin() + static_cast<std::ptrdiff_t>(w.count),
            frames.begin());
  return w.count - 1;
}

std::size_t backtrace_here(std::span<const void*> frames) noexcept {
  walk w{frames.data(), frames.size()};
  _Unwind_Backtrace(&note_frame, &w);
  return w.count;
}

}  // namespace kin::detail
