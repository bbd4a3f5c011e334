// SPDX-License-Identifier: Apache-2.0
// Where stacks come from: slabs of equal strides with a guard below each stack, and the pool of a
// machine's free ones.
//
// A stride is 64 KiB by default, of which the lowest four pages are guard. Guards are made with
// MADV_GUARD_INSTALL (Linux 6.13), which splits no mapping; without it with mprotect, which costs
// two mappings a stack and so is used only up to a safe number; beyond it stacks have no guard,
// said once. Never huge pages: a stack would cost 64 KiB. The top of each stack is coloured by 256
// bytes x (i mod 16), since tops 64 KiB apart would all fall on the same cache sets. A worker keeps
// at most 64 free stacks and trades them in batches of 32: a process may borrow a stack on one
// worker and give it back on another, and one-way traffic would else make new ones for ever.
#pragma once

#include "context/stack.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

namespace kin::detail {

inline constexpr std::size_t default_stack_bytes = std::size_t{64}
                                                   << (KIN_ASAN || KIN_TSAN ? 12U : 10U);
inline constexpr std::size_t stack_batch = 32;

class stack_source {
 public:
  /// `stack_bytes`: the stride, guard included; rounded up to a power of two of at least 32 KiB.
  explicit stack_source(std::size_t stack_bytes);
  stack_source(const stack_source&) = delete;
  stack_source& operator=(const stack_source&) = delete;
  ~stack_source();

  /// A chain of up to stack_batch free stacks, at least one. Throws std::bad_alloc.
  stack* take_batch(stack_entry entry);
  /// Takes back a chain of free stacks.
  void give_batch(stack* first) noexcept;

  [[nodiscard]] std::size_t made() const { return made_.load(std::memory_order_relaxed); }
  /// Whether the address lies in a guard of this source: somebody's stack has overflowed.
  /// Async-signal-safe.
  [[nodiscard]] bool is_guard(const void* address) const noexcept;

 private:
  struct slab {
    std::byte* base;
    std::size_t bytes;
  };
  void grow(stack_entry entry);
  void install_guard(std::byte* stack_base);

  std::size_t stride_;
  std::size_t guard_bytes_;
  mutable std::mutex lock_;
  stack* free_ = nullptr;
  std::size_t next_slab_stacks_ = stack_batch;
  std::atomic<std::size_t> made_{0};
  static constexpr std::size_t slabs_max = 4096;
  std::vector<slab> slabs_;  // reserved once, so that a signal handler can read it
  std::atomic<std::size_t> slab_count_{0};
};

/// The stacks of one worker. Not thread-safe.
class stack_pool {
 public:
  stack_pool(stack_source& source, stack_entry entry) : source_(source), entry_(entry) {}
  stack_pool(const stack_pool&) = delete;
  stack_pool& operator=(const stack_pool&) = delete;
  ~stack_pool() { source_.give_batch(free_); }

  stack& take() {
    if (free_ == nullptr) [[unlikely]]
      refill();
    stack* s = free_;
    free_ = s->next;
    --count_;
    return *s;
  }
  void give(stack& s) noexcept {
    if (count_ == 2 * stack_batch) [[unlikely]]
      spill();
    s.next = free_;
    free_ = &s;
    ++count_;
  }
  /// How many it holds; see what a worker's loops need before the last is taken.
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  void refill();
  void spill() noexcept;
  stack_source& source_;
  stack_entry entry_;
  stack* free_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace kin::detail
