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
  void push(Item& item, bool urgent = false) { (urgent ? urgent_ : others_).push(item); }
  /// Any thread; null if there is none now. Urgent ones first.
  Item* pop() {
    Item* item = pop_urgent();
    return item == nullptr ? others_.pop() : item;
  }
  Item* pop_urgent() { return urgent_.pop(); }
  /// A hint.
  [[nodiscard]] bool urgent() const { return urgent_.count.load(std::memory_order_relaxed) != 0; }
  [[nodiscard]] bool empty() const { return urgent_.empty() && others_.empty(); }

 private:
  struct counted {
    void push(Item& item) {
      items.enqueue(&item);
      count.fetch_add(1, std::memory_order_seq_cst);  // before the pusher looks for sleepers
    }
    // relaxed: a hint; who would sleep asks `empty`.
    Item* pop() { return count.load(std::memory_order_relaxed) == 0 ? nullptr : dequeue(); }
    [[gnu::noinline]] Item* dequeue() {
      Item* item = nullptr;
      if (!items.try_dequeue(item)) return nullptr;
      count.fetch_sub(1, std::memory_order_relaxed);  // late by others: more looks, none missed
      return item;
    }
    // seq_cst: pairs with `push`, after the one that asks has counted itself as asleep.
    [[nodiscard]] bool empty() const { return count.load(std::memory_order_seq_cst) == 0; }

    moodycamel::ConcurrentQueue<Item*> items;
    std::atomic<std::size_t> count{0};
  };
  counted urgent_;
  counted others_;
};

}  // namespace kin::detail
