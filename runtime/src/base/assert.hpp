// SPDX-License-Identifier: Apache-2.0
// KIN_ASSERT: a mistake of kin's own code. On in every build that is not release; it stops, it does
// not guess.
#pragma once

namespace kin::detail {
[[noreturn]] void assertion_failed(const char* text, const char* file, int line) noexcept;
}

#ifdef NDEBUG
#define KIN_ASSERT(condition) static_cast<void>(0)
#else
#define KIN_ASSERT(condition)                          \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::kin::detail::assertion_failed(#condition, __FILE__, __LINE__))
#endif
