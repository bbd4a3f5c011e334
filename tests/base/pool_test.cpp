// SPDX-License-Identifier: Apache-2.0
#include "base/pool.hpp"

#include "support/run.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

constexpr auto classes = static_cast<std::uint8_t>(class_bytes.size());

TEST(class_for, is_the_smallest_class_that_holds_it) {
  for (std::size_t bytes = 1; bytes <= largest_class_bytes; ++bytes) {
    const std::uint8_t c = class_for(bytes);
    ASSERT_NE(c, timer_class) << bytes;
    ASSERT_GE(class_bytes[c], bytes);
    for (std::uint8_t smaller = 0; smaller < c; ++smaller) ASSERT_LT(class_bytes[smaller], bytes);
  }
  EXPECT_EQ(class_for(largest_class_bytes + 1), no_class);
}

TEST(local_pool, hands_out_distinct_aligned_nodes_of_the_whole_size) {
  local_pool pool;
  for (std::uint8_t c = 0; c < classes; ++c) {
    std::set<std::uintptr_t> seen;
    std::vector<void*> taken;
    for (int i = 0; i < 1000; ++i) {
      void* node = pool.take(c);
      std::memset(node, 0xab, class_bytes[c]);
      const auto at = reinterpret_cast<std::uintptr_t>(node);
      ASSERT_EQ(at % class_alignment, 0U);
      const auto after = seen.lower_bound(at);
      if (after != seen.end()) {
        ASSERT_GE(*after - at, class_bytes[c]);
      }
      if (after != seen.begin()) {
        ASSERT_GE(at - *std::prev(after), class_bytes[c]);
      }
      seen.insert(at);
      taken.push_back(node);
    }
    for (void* node : taken) pool.give(node, c);
  }
}

TEST(local_pool, gives_the_last_one_back_first) {
  local_pool pool;
  void* a = pool.take(1);
  pool.give(a, 1);
  EXPECT_EQ(pool.take(1), a);
  pool.give(a, 1);
}

TEST(local_pool, never_uses_a_node_of_one_class_for_another) {
  local_pool pool;
  std::set<void*> of_first;
  std::vector<void*> taken;
  for (int i = 0; i < 5000; ++i) taken.push_back(pool.take(0));
  of_first.insert(taken.begin(), taken.end());
  for (void* node : taken) pool.give(node, 0);
  taken.clear();
  for (std::uint8_t c = 1; c < classes; ++c) {
    for (int i = 0; i < 2000; ++i) {
      void* node = pool.take(c);
      ASSERT_EQ(of_first.count(node), 0U);
      taken.push_back(node);
    }
    for (void* node : taken) pool.give(node, c);
    taken.clear();
  }
}

TEST(local_pool, hands_its_nodes_on_when_it_is_retired) {
  constexpr std::uint8_t some_class = 5;
  std::set<void*> first;
  {
    local_pool pool;
    std::vector<void*> taken;
    for (int i = 0; i < 200; ++i) taken.push_back(pool.take(some_class));
    first.insert(taken.begin(), taken.end());
    for (void* node : taken) pool.give(node, some_class);
  }
  local_pool next;
  std::vector<void*> taken;
  for (int i = 0; i < 200; ++i) taken.push_back(next.take(some_class));
  const auto again =
      std::count_if(taken.begin(), taken.end(), [&](void* node) { return first.count(node) != 0; });
  EXPECT_GT(again, 100);
  for (void* node : taken) next.give(node, some_class);
}

// One thread takes, the other gives: nodes go round in magazines, and the whole stays bounded.
TEST(local_pool, sends_nodes_round_between_threads_without_making_new_ones) {
  constexpr std::uint8_t some_class = 3;
  std::mutex lock;
  std::deque<void*> between;
  bool over = false;
  std::thread consumer([&] {
    local_pool pool;
    for (;;) {
      void* node = nullptr;
      {
        const std::lock_guard hold(lock);
        if (!between.empty()) {
          node = between.front();
          between.pop_front();
        } else if (over) {
          return;
        }
      }
      if (node == nullptr) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_EQ(*static_cast<std::uint64_t*>(node), 42U);
      pool.give(node, some_class);
    }
  });
  std::set<void*> seen;
  local_pool pool;
  for (int i = 0; i < test::times(100'000);) {
    const std::lock_guard hold(lock);
    for (; between.size() < 1000 && i < test::times(100'000); ++i) {
      void* node = pool.take(some_class);
      seen.insert(node);
      *static_cast<std::uint64_t*>(node) = 42;
      between.push_back(node);
    }
  }
  {
    const std::lock_guard hold(lock);
    over = true;
  }
  consumer.join();
  EXPECT_LE(seen.size(), 1000U + 6 * batch_size);
}

TEST(take_memory, on_any_thread_goes_through_one_pool) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < test::times(20'000); ++i) {
        const std::size_t bytes = 1 + static_cast<std::size_t>(i * 37 % 700);
        const std::uint8_t c = class_for(bytes);
        void* node = take_memory(bytes, c);
        std::memset(node, 1, bytes);
        give_memory(node, c);
      }
    });
  }
  for (auto& t : threads) t.join();
}

TEST(map_chunk, is_aligned_to_its_size) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(map_chunk(false)) % chunk_bytes, 0U);
  }
}

}  // namespace
}  // namespace kin::detail
