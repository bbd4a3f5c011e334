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

#include "base/biased_lock.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kin::detail {

enum class level : std::uint8_t { low, normal, high, max };

/// A growing ring. Not thread-safe.
template <class Item>
class ring {
 public:
  [[nodiscard]] bool empty() const { return head_ == tail_; }
  void push(Item* item) {
    if (tail_ - head_ == items_.size()) grow();
    items_[tail_++ & (items_.size() - 1)] = item;
  }
  Item* pop() { return items_[head_++ & (items_.size() - 1)]; }

 private:
  static constexpr std::size_t first_size = 256;
  void grow() {
    std::vector<Item*> larger(std::max(first_size, 2 * items_.size()));
    const std::size_t count = tail_ - head_;
    for (std::size_t i = 0; i < count; ++i) larger[i] = items_[(head_ + i) & (items_.size() - 1)];
    tail_ = count;
    head_ = 0;
    items_ = std::move(larger);
  }
  std::vector<Item*> items_;
  std::size_t head_ = 0;  // both count up for ever
  std::size_t tail_ = 0;
};

template <class Item>
class run_queue {
 public:
  /// Owner. To the slot, if it may run next. True if there is more than this worker does next, or
  /// something that shall not wait.
  bool push_slot(Item& item, level at = level::normal) {
    const owner_scope hold(lock_);
    if (at != level::normal || urgent_.load(std::memory_order_relaxed)) [[unlikely]] {
      append(&item, at);
      return true;
    }
    Item* before = std::exchange(slot_, &item);
    has_slot_.store(true, std::memory_order_relaxed);
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
    if (!has_slot_.load(std::memory_order_relaxed) && size_.load(std::memory_order_relaxed) == 0)
      return {};
    const owner_scope hold(lock_);
    if (mixed()) [[unlikely]]
      return pop_by_level(fair);
    return {pop_normal(fair)};
  }

  /// Any thread; hints.
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool has_slot() const { return has_slot_.load(std::memory_order_relaxed); }
  /// Something that is not normal waits.
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
    if (all && slot_ != nullptr) out(*take_slot());
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
    has_slot_.store(false, std::memory_order_relaxed);
    return std::exchange(slot_, nullptr);
  }
  Item* pop_normal(bool fair) {
    ring<Item>& normal = queue(level::normal);
    if (slot_ != nullptr && fair && !normal.empty()) append(take_slot(), level::normal);
    if (slot_ != nullptr) return take_slot();
    return normal.empty() ? nullptr : take(level::normal);
  }
  popped pop_by_level(bool fair) {
    const bool has_low = !queue(level::low).empty();
    const bool has_normal = slot_ != nullptr || !queue(level::normal).empty();
    if (urgent() && !(fair && (has_low || has_normal)))
      return {take(queue(level::max).empty() ? level::high : level::max)};
    // In fair turns among urgent ones the two take turns as well.
    const bool low = has_low && (!has_normal || ++turns_ % (urgent() ? 2 : normal_a_low) == 0);
    return {low ? take(level::low) : pop_normal(fair), urgent()};
  }
  template <class Out>
  void move_half(std::size_t most, Out& out) {
    std::size_t count = std::min(most, (size() + 1) / 2);
    for (const level at : {level::max, level::high, level::normal, level::low}) {
      for (; count > 0 && !queue(at).empty(); --count) out(*take(at));
    }
  }

  biased_lock lock_;
  Item* slot_ = nullptr;
  std::array<ring<Item>, 4> queues_;
  std::atomic<std::size_t> of_other_levels_{0};  // than normal
  unsigned turns_ = 0;
  std::atomic<std::size_t> size_{0};
  std::atomic<bool> has_slot_{false};
  std::atomic<bool> urgent_{false};
};

}  // namespace kin::detail
