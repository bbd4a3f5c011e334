// SPDX-License-Identifier: Apache-2.0
#include "queue/inject_queue.hpp"

#include "support/run.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

TEST(inject_queue, gives_what_was_pushed_once) {
  inject_queue<int> q;
  EXPECT_TRUE(q.empty());
  EXPECT_EQ(q.pop(), nullptr);
  int a = 1;
  q.push(a);
  EXPECT_FALSE(q.empty());
  EXPECT_EQ(q.pop(), &a);
  EXPECT_EQ(q.pop(), nullptr);
  EXPECT_TRUE(q.empty());
}

TEST(inject_queue, loses_and_doubles_nothing_between_threads) {
  constexpr int pushers = 3;
  constexpr int poppers = 2;
  const int each = test::times(20'000);
  std::vector<std::atomic<int>> taken(static_cast<std::size_t>(pushers * each));
  inject_queue<std::atomic<int>> q;
  std::atomic<int> left{pushers * each};
  std::vector<std::thread> threads;
  const auto index = [each](int t, int i) { return static_cast<std::size_t>(t * each + i); };
  for (int t = 0; t < pushers; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) q.push(taken[index(t, i)]);
    });
  }
  for (int t = 0; t < poppers; ++t) {
    threads.emplace_back([&] {
      while (left > 0) {
        if (auto* got = q.pop()) {
          ++*got;
          --left;
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  for (const auto& t : taken) ASSERT_EQ(t, 1);
  EXPECT_TRUE(q.empty());
}

TEST(inject_queue, is_not_empty_for_who_has_seen_a_push) {
  inject_queue<int> q;
  int item = 1;
  std::atomic<bool> pushed{false};
  std::thread pusher([&] {
    q.push(item);
    pushed.store(true, std::memory_order_seq_cst);
  });
  while (!pushed.load(std::memory_order_seq_cst)) std::this_thread::yield();
  EXPECT_FALSE(q.empty());
  EXPECT_EQ(q.pop(), &item);
  pusher.join();
}

}  // namespace
}  // namespace kin::detail
