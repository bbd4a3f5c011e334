// SPDX-License-Identifier: Apache-2.0
// Work from outside: what threads that are no workers of the machine make runnable. Order means
// nothing here.
#pragma once

#include <atomic>
#include <cstddef>

#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
#include <concurrentqueue/concurrentqueue.h>
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic pop
#endif

namespace kin::detail {

template <class Item>
class inject_queue {
 public:
  /// Any thread.
  void push(Item& item) {
    items_.enqueue(&item);
    count_.fetch_add(
        1, std::memory_order_seq_cst);  // before the pusher looks for sleepers; see idle.hpp
  }
  /// Any thread; null if there is none now.
  Item* pop() {
    if (count_.load(std::memory_order_relaxed) == 0) return nullptr;
    Item* item = nullptr;
    if (!items_.try_dequeue(item)) return nullptr;
    count_.fetch_sub(1, std::memory_order_relaxed);
    return item;
  }
  [[nodiscard]] bool empty() const { return count_.load(std::memory_order_seq_cst) == 0; }

 private:
  moodycamel::ConcurrentQueue<Item*> items_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace kin::detail
