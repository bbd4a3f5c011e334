// SPDX-License-Identifier: Apache-2.0
// What one worker has to run: a slot for what was woken last, and queues behind it, one a level.
// One owner, many thieves.
//
// The slot makes a message and its answer stay on one core; what it held before goes to the queue's
// end. The queues are plain growing rings under the worker's biased lock: its owner pays a
// nanosecond, a thief a system call, and a thief can empty all of it, so that nothing is out of
// reach when the owner is stuck in a callback. Rejected: a 256-ring with CAS (6.5 ns) and a private
// overflow list that thieves cannot reach.
//
// Levels are OTP's: while there is a higher one nothing of a lower one runs, but that normal and
// low take turns, eight to one. In a fair turn a lower one comes out all the same, to serve its
// signals only: else whoever asks it something would wait for all of the higher ones.
#pragma once

#include "base/atomic.hpp"
#include "base/biased_lock.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace kin::detail {

enum class level : std::uint8_t { low, normal, high, max };

/// A growing ring. Not thread-safe.
template <class Item>
class ring {
 public:
  [[nodiscard]] bool empty() const { return head_ == tail_; }
  void push(Item* item) {
    if (tail_ - head_ == size_) [[unlikely]]
      grow();
    items_[tail_++ & (size_ - 1)] = item;
  }
  Item* pop() { return items_[head_++ & (size_ - 1)]; }

 private:
  static constexpr std::size_t first_size = 256;
  [[gnu::noinline]] void grow() {
    const std::size_t twice = std::max(first_size, 2 * size_);
    auto larger = std::make_unique<Item*[]>(twice);
    const std::size_t count = tail_ - head_;
    for (std::size_t i = 0; i < count; ++i) larger[i] = items_[(head_ + i) & (size_ - 1)];
    tail_ = count;
    head_ = 0;
    items_ = std::move(larger);
    size_ = twice;
  }
  std::unique_ptr<Item*[]> items_;
  std::size_t size_ = 0;  // none, or a power of two
  std::size_t head_ = 0;  // both count up for ever
  std::size_t tail_ = 0;
};

template <class Item>
class run_queue {
 public:
  /// Owner. A normal one, to the slot, if it may run next. True if there is more than this worker
  /// does next.
  bool push_slot(Item& item) {
    const owner_scope hold(lock_);
    if (urgent()) [[unlikely]] {
      append(&item, level::normal);
      return true;
    }
    Item* before = slot_.load(std::memory_order_relaxed);
    slot_.store(&item, std::memory_order_relaxed);
    if (before == nullptr) return false;
    append(before, level::normal);
    return true;
  }
  /// Owner. To the end.
  void push_back(Item& item, level at = level::normal) {
    const owner_scope hold(lock_);
    append(&item, at);
  }
  struct popped {
    Item* item = nullptr;
    bool signals_only = false;  // it is not its turn
  };
  /// Owner. The slot first; with `fair`, the slot's turn comes after what is queued.
  popped pop(bool fair) {
    const owner_scope hold(lock_);
    const bool has_low = !queue(level::low).empty();
    const bool has_normal = has_slot() || !queue(level::normal).empty();
    if (urgent() && !(fair && (has_low || has_normal)))
      return {take(queue(level::max).empty() ? level::high : level::max)};
    // In fair turns among urgent ones the two take turns as well.
    const bool low = has_low && (!has_normal || ++turns_ % (urgent() ? 2 : normal_a_low) == 0);
    return {low ? take(level::low) : take_normal(fair), urgent()};
  }
  /// Owner. As pop, but quicker, for turns that are not fair while it is not `mixed`.
  Item* pop_normal() {
    const owner_scope hold(lock_);
    return take_normal(false);
  }

  /// Any thread; hints, and relaxed: who takes something does so under the lock, and who would sleep
  /// asks after a barrier (idle.cpp).
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool has_slot() const { return slot_.load(std::memory_order_relaxed) != nullptr; }
  /// Something that is not normal waits. Only its owner makes it so.
  [[nodiscard]] bool mixed() const { return of_other_levels_.load(std::memory_order_relaxed) != 0; }
  /// Something high or max waits.
  [[nodiscard]] bool urgent() const { return urgent_.load(std::memory_order_relaxed); }

  /// Owner. Moves half, at most `most`, to `out`: the highest first, the older ones first.
  template <class Out>
  void give(std::size_t most, Out out) {
    const owner_scope hold(lock_);
    move_half(most, out);
  }
  /// Another thread. The same; with `all` even a last one, and the slot's.
  template <class Out>
  void steal(std::size_t most, bool all, Out out) {
    const other_scope hold(lock_);
    move_half(most, out);
    if (all && has_slot()) out(*take_slot());
  }

 private:
  static constexpr unsigned normal_a_low = 8;

  ring<Item>& queue(level at) { return queues_[static_cast<std::size_t>(at)]; }
  void append(Item* item, level at) {
    queue(at).push(item);
    size_.store(size() + 1, std::memory_order_relaxed);
    if (at != level::normal) [[unlikely]] {
      of_other_levels_.store(of_other_levels_.load(std::memory_order_relaxed) + 1,
                             std::memory_order_relaxed);
      note_urgent();
    }
  }
  Item* take(level at) {
    Item* item = queue(at).pop();
    size_.store(size() - 1, std::memory_order_relaxed);
    if (at != level::normal) [[unlikely]] {
      of_other_levels_.store(of_other_levels_.load(std::memory_order_relaxed) - 1,
                             std::memory_order_relaxed);
      note_urgent();
    }
    return item;
  }
  void note_urgent() {
    urgent_.store(!queue(level::max).empty() || !queue(level::high).empty(),
                  std::memory_order_relaxed);
  }
  Item* take_slot() {
    Item* item = slot_.load(std::memory_order_relaxed);
    slot_.store(nullptr, std::memory_order_relaxed);
    return item;
  }
  Item* take_normal(bool fair) {
    ring<Item>& normal = queue(level::normal);
    if (fair && has_slot() && !normal.empty()) append(take_slot(), level::normal);
    if (Item* item = take_slot()) return item;
    return normal.empty() ? nullptr : take(level::normal);
  }
  template <class Out>
  void move_half(std::size_t most, Out& out) {
    std::size_t count = std::min(most, (size() + 1) / 2);
    for (const level at : {level::max, level::high, level::normal, level::low}) {
      for (; count > 0 && !queue(at).empty(); --count) out(*take(at));
    }
  }

  // Written under the lock only: atomic for those who look from outside.
  biased_lock lock_;
  atomic<Item*> slot_{nullptr};
  std::array<ring<Item>, 4> queues_;
  atomic<std::size_t> of_other_levels_{0};  // than normal
  unsigned turns_ = 0;
  atomic<std::size_t> size_{0};
  atomic<bool> urgent_{false};
};

}  // namespace kin::detail
