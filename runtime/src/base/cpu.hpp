// SPDX-License-Identifier: Apache-2.0
// Words about the processor.
#pragma once

#include <cstddef>
#include <sched.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

// A function that is never merged into its caller: what it reads of the thread is read anew after a
// switch.
#if defined(__clang__)
#define KIN_NOIPA __attribute__((noinline))
#else
#define KIN_NOIPA __attribute__((noinline, noipa))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define KIN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KIN_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define KIN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KIN_TSAN 1
#endif
#endif
#ifndef KIN_ASAN
#define KIN_ASAN 0
#endif
#ifndef KIN_TSAN
#define KIN_TSAN 0
#endif

namespace kin::detail {

inline constexpr std::size_t cache_line = 64;

/// Says to the core that this is a spinning loop.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Lets another thread have this core: whoever is waited for has perhaps lost its own.
inline void yield_core() noexcept { sched_yield(); }

/// Asks for the line at `address`, to be written soon; any address will do.
inline void fetch_ahead(const void* address) noexcept { __builtin_prefetch(address, 1); }

}  // namespace kin::detail
