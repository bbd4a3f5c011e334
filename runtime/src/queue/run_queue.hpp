// SPDX-License-Identifier: Apache-2.0
// What one worker has to run: a slot for what was woken last, and a queue behind it. One owner,
// many thieves.
//
// The slot makes a message and its answer stay on one core; what it held before goes to the queue's
// end. The queue is a plain growing ring under the worker's biased lock: its owner pays a
// nanosecond, a thief a system call, and a thief can empty all of it, so that nothing is out of
// reach when the owner is stuck in a callback. Rejected: a 256-ring with CAS (6.5 ns) and a private
// overflow list that thieves cannot reach.
#pragma once

#include "base/biased_lock.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kin::detail {

template <class Item>
class run_queue {
 public:
  run_queue() : ring_(first_size) {}

  /// Owner. To the slot. True if that pushed another item back: there is more than this worker does
  /// next.
  bool push_slot(Item& item) {
    const owner_scope hold(lock_);
    Item* before = std::exchange(slot_, &item);
    has_slot_.store(true, std::memory_order_relaxed);
    if (before == nullptr) return false;
    append(before);
    return true;
  }
  /// Owner. To the end.
  void push_back(Item& item) {
    const owner_scope hold(lock_);
    append(&item);
  }
  /// Owner. The slot first; with `fair`, the slot's turn comes after what is queued.
  Item* pop(bool fair) {
    if (!has_slot_.load(std::memory_order_relaxed) && size_.load(std::memory_order_relaxed) == 0)
      return nullptr;
    const owner_scope hold(lock_);
    if (slot_ != nullptr && (!fair || empty())) {
      has_slot_.store(false, std::memory_order_relaxed);
      return std::exchange(slot_, nullptr);
    }
    if (fair && slot_ != nullptr) {
      append(std::exchange(slot_, nullptr));
      has_slot_.store(false, std::memory_order_relaxed);
    }
    return empty() ? nullptr : take_front();
  }

  /// Any thread; hints.
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool has_slot() const { return has_slot_.load(std::memory_order_relaxed); }

  /// Owner. Moves the older half, at most `most`, to `out`.
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
    if (all && slot_ != nullptr) {
      has_slot_.store(false, std::memory_order_relaxed);
      out(*std::exchange(slot_, nullptr));
    }
  }

 private:
  static constexpr std::size_t first_size = 256;

  [[nodiscard]] bool empty() const { return head_ == tail_; }
  [[nodiscard]] std::size_t length() const { return tail_ - head_; }
  void append(Item* item) {
    if (length() == ring_.size()) grow();
    ring_[tail_++ & (ring_.size() - 1)] = item;
    size_.store(length(), std::memory_order_relaxed);
  }
  Item* take_front() {
    Item* item = ring_[head_++ & (ring_.size() - 1)];
    size_.store(length(), std::memory_order_relaxed);
    return item;
  }
  template <class Out>
  void move_half(std::size_t most, Out& out) {
    for (std::size_t count = std::min(most, (length() + 1) / 2); count > 0; --count)
      out(*take_front());
  }
  void grow() {
    std::vector<Item*> larger(2 * ring_.size());
    for (std::size_t i = 0; i < length(); ++i) larger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    tail_ = length();
    head_ = 0;
    ring_ = std::move(larger);
  }

  biased_lock lock_;
  Item* slot_ = nullptr;
  std::vector<Item*> ring_;
  std::size_t head_ = 0;  // both count up for ever
  std::size_t tail_ = 0;
  std::atomic<std::size_t> size_{0};
  std::atomic<bool> has_slot_{false};
};

}  // namespace kin::detail
