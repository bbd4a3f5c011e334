// SPDX-License-Identifier: Apache-2.0
// KIN_TEST_SANITIZED: 1 under a sanitizer, for tests that cannot even be compiled, or linked, with
// one; others ask kin::test::sanitized. Who writes `#if` includes this: an unknown word is 0.
#pragma once

#include <kin/test/expect.hpp>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KIN_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KIN_TEST_SANITIZED 1
#endif
#endif
#ifndef KIN_TEST_SANITIZED
#define KIN_TEST_SANITIZED 0
#endif

static_assert(kin::test::sanitized == (KIN_TEST_SANITIZED != 0));

namespace kin::test {
/// Clang's ThreadSanitizer puts off a signal that comes while its thread starts others, for ever if
/// that thread then waits.
#if defined(__clang__) && KIN_TEST_SANITIZED
inline constexpr bool loses_signals = __has_feature(thread_sanitizer);
#else
inline constexpr bool loses_signals = false;
#endif
}  // namespace kin::test
