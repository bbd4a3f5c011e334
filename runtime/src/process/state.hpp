// SPDX-License-Identifier: Apache-2.0
// The one atomic word of a process: its inbox, whether it must be scheduled, whether it lives. Each
// transition is a named function here.
//
//   bits 48..63  a tag that is new for each user of the block, so that a push to a reused block
//                fails in its own CAS
//   bits  0..47  0 DEAD | 1 IDLE | 2 AWAKE, nothing queued | else the newest signal of a chain that
//                ends in the oldest
//   I1  Whoever replaces IDLE by a signal, and nobody else, schedules the process: it is the run
//       token.
//   I2  Only the owner, who holds the token, takes the chain or goes idle.
//   I3  Two pushes by one thread are taken in the order they were made (Erlang's signal order).
//   I4  A word of zero is DEAD, so memory that the kernel has zeroed is safe to push to.
// Why a stack: the owner wants everything, not one; an exchange takes it, wait-free, without ABA.
// The in-place way, where the newest signal stays in the word while it is handled, keeps that: the
// node is not freed before it left, and any wait inside the handler takes the chain first
// (flag_in_place).
#pragma once

#include "base/assert.hpp"
#include "base/atomic.hpp"
#include "process/signal.hpp"

#include <cstdint>

namespace kin::detail {

namespace state {

inline constexpr std::uint64_t tag_mask = 0xffff'0000'0000'0000U;
inline constexpr std::uint64_t dead = 0;
inline constexpr std::uint64_t idle = 1;
inline constexpr std::uint64_t awake = 2;

using word = atomic<std::uint64_t>;

inline std::uint64_t tag(std::uint64_t w) { return w & tag_mask; }
inline std::uint64_t content(std::uint64_t w) { return w & ~tag_mask; }
inline bool holds_signal(std::uint64_t w) { return content(w) > awake; }
inline signal* newest(std::uint64_t w) { return reinterpret_cast<signal*>(content(w)); }
inline std::uint64_t pack(std::uint64_t tag, signal* s) {
  return tag | reinterpret_cast<std::uint64_t>(s);
}

enum class pushed : std::uint8_t { no, queued, woke };

/// Any thread; lock-free. `no`: the process with that tag is dead. `woke`: this sender schedules it
/// (I1).
[[nodiscard]] inline pushed push(word& w, std::uint64_t expected_tag, signal* s) noexcept {
  std::uint64_t seen =
      w.load(std::memory_order_relaxed);  // a guess for the CAS; never dereferenced
  do {
    if (tag(seen) != expected_tag || content(seen) == dead) {
      // acquire: pairs with `die`, so that who finds nobody there finds, too, what was done before.
      static_cast<void>(w.load(std::memory_order_acquire));
      return pushed::no;
    }
    s->next = holds_signal(seen) ? newest(seen) : nullptr;  // still ours
  } while (!w.compare_exchange_weak(
      seen, pack(expected_tag, s),
      // release: publishes *s; earlier releases carry on through RMWs. acquire: pairs with `go_idle`;
      // the one that wakes reads the level of the process, and hands it on with the run queue.
      std::memory_order_acq_rel,
      std::memory_order_relaxed));  // a lost race published nothing
  return content(seen) == idle ? pushed::woke : pushed::queued;
}

/// Owner. The chain, newest first, or null; the word says AWAKE then. Acquire: pairs with every
/// push in the chain.
inline signal* take_all(word& w) noexcept {
  const std::uint64_t seen =
      w.load(std::memory_order_relaxed);  // only the owner leaves AWAKE: nothing came
  if (content(seen) == awake) return nullptr;
  const std::uint64_t was = w.exchange(tag(seen) | awake, std::memory_order_acquire);
  return holds_signal(was) ? newest(was) : nullptr;
}

/// Owner. Whether something has come since the owner left AWAKE, or the one signal `in_place`,
/// there. Relaxed: a hint.
inline bool changed(const word& w, const signal* in_place) noexcept {
  const std::uint64_t seen = content(w.load(std::memory_order_relaxed));
  return seen != awake && seen != reinterpret_cast<std::uint64_t>(in_place);
}

/// Owner; nothing was queued. False: something came, the owner goes on. Release: whoever wakes the
/// process sees all of this owner. What came is acquired when it is taken.
[[nodiscard]] inline bool go_idle(word& w) noexcept {
  std::uint64_t expected = tag(w.load(std::memory_order_relaxed)) | awake;
  return w.compare_exchange_strong(expected, tag(expected) | idle, std::memory_order_release,
                                   std::memory_order_relaxed);
}
/// Owner, who has handled the only signal in place. False: others came on top of it. Orders as in
/// `go_idle`.
[[nodiscard]] inline bool go_idle_after(word& w, signal* handled) noexcept {
  std::uint64_t expected = pack(tag(w.load(std::memory_order_relaxed)), handled);
  return w.compare_exchange_strong(expected, tag(expected) | idle, std::memory_order_release,
                                   std::memory_order_relaxed);
}

/// Owner, about to run: the single mail in the inbox, which may be handled where it lies, or null.
inline signal* single_mail(const word& w) noexcept {
  const std::uint64_t seen =
      w.load(std::memory_order_acquire);  // pairs with the push of that signal
  if (!holds_signal(seen)) return nullptr;
  signal* s = newest(seen);
  return s->next == nullptr && is_mail(s->kind) ? s : nullptr;
}

/// Owner, once: from now on every push fails. The last chain, newest first. Acquire: pairs with every
/// push in it. Release: with the push that fails.
inline signal* die(word& w) noexcept {
  const std::uint64_t was =
      w.exchange(tag(w.load(std::memory_order_relaxed)) | dead, std::memory_order_acq_rel);
  return holds_signal(was) ? newest(was) : nullptr;
}

/// The block's allocator: a new user, awake. The tag is never zero. Release: who walks all blocks and
/// finds a new user reads its number.
inline std::uint64_t revive(word& w) noexcept {
  std::uint64_t next_tag = tag(w.load(std::memory_order_relaxed)) + (std::uint64_t{1} << 48U);
  if (next_tag == 0) next_tag = std::uint64_t{1} << 48U;
  w.store(next_tag | awake, std::memory_order_release);
  return next_tag;
}

}  // namespace state

/// Oldest first.
inline signal* reversed(signal* newest_first) noexcept {
  signal* oldest_first = nullptr;
  while (newest_first != nullptr) {
    signal* rest = newest_first->next;
    newest_first->next = oldest_first;
    oldest_first = newest_first;
    newest_first = rest;
  }
  return oldest_first;
}

}  // namespace kin::detail
