// SPDX-License-Identifier: Apache-2.0
#include "queue/run_queue.hpp"

#include "support/run.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

struct task {
  int value = 0;
  std::atomic<int> taken{0};
};
using queue = run_queue<task>;

std::vector<task> tasks(int count) {
  std::vector<task> all(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) all[static_cast<std::size_t>(i)].value = i;
  return all;
}

TEST(run_queue, gives_in_the_order_that_came) {
  auto all = tasks(1000);
  queue q;
  for (auto& t : all) q.push_back(t);
  EXPECT_EQ(q.size(), 1000U);
  for (auto& t : all) EXPECT_EQ(q.pop(false).item, &t);
  EXPECT_EQ(q.pop(false).item, nullptr);
  EXPECT_EQ(q.size(), 0U);
}

TEST(run_queue, gives_what_was_woken_last_first) {
  auto all = tasks(3);
  queue q;
  q.push_back(all[0]);
  EXPECT_FALSE(q.push_slot(all[1]));
  EXPECT_TRUE(q.has_slot());
  EXPECT_EQ(q.pop(false).item, &all[1]);
  EXPECT_FALSE(q.has_slot());
  EXPECT_EQ(q.pop(false).item, &all[0]);
}

TEST(run_queue, moves_an_older_one_out_of_the_slot_to_the_end) {
  auto all = tasks(3);
  queue q;
  q.push_back(all[0]);
  q.push_slot(all[1]);
  EXPECT_TRUE(q.push_slot(all[2]));
  EXPECT_EQ(q.pop(false).item, &all[2]);
  EXPECT_EQ(q.pop(false).item, &all[0]);
  EXPECT_EQ(q.pop(false).item, &all[1]);
}

TEST(run_queue, lets_the_queue_go_before_the_slot_when_it_is_fair) {
  auto all = tasks(3);
  queue q;
  q.push_back(all[0]);
  q.push_slot(all[1]);
  EXPECT_EQ(q.pop(true).item, &all[0]);
  EXPECT_EQ(q.pop(false).item, &all[1]);
  q.push_slot(all[2]);
  EXPECT_EQ(q.pop(true).item, &all[2]);
  EXPECT_EQ(q.pop(true).item, nullptr);
}

// ---- levels -------------------------------------------------------------------------------------

TEST(run_queue, gives_the_highest_first_and_each_level_in_the_order_that_came) {
  auto all = tasks(6);
  queue q;
  q.push_back(all[4], level::high);
  q.push_back(all[0], level::max);
  q.push_back(all[5], level::high);
  q.push_back(all[1], level::max);
  q.push_back(all[2]);
  EXPECT_TRUE(q.urgent());
  for (const int i : {0, 1, 4, 5, 2}) {
    EXPECT_EQ(q.pop(false).item, &all[static_cast<std::size_t>(i)]);
  }
  EXPECT_FALSE(q.mixed());
}

TEST(run_queue, keeps_the_slot_for_when_nothing_is_urgent) {
  auto all = tasks(3);
  queue q;
  q.push_back(all[0], level::high);
  EXPECT_TRUE(q.push_slot(all[1]));
  EXPECT_FALSE(q.has_slot());
  EXPECT_EQ(q.pop(false).item, &all[0]);
  q.push_slot(all[2]);
  EXPECT_EQ(q.pop(false).item, &all[2]);
  EXPECT_EQ(q.pop(false).item, &all[1]);
}

TEST(run_queue, gives_one_low_for_eight_normal_ones) {
  auto all = tasks(18);
  queue q;
  for (std::size_t i = 0; i < 16; ++i) q.push_back(all[i]);
  q.push_back(all[16], level::low);
  q.push_back(all[17], level::low);
  std::vector<int> turns_of_low;
  for (int turn = 1; turn <= 18; ++turn) {
    const auto [item, signals_only] = q.pop(false);
    EXPECT_FALSE(signals_only);
    if (item->value >= 16) turns_of_low.push_back(turn);
  }
  EXPECT_THAT(turns_of_low, testing::ElementsAre(8, 16));
}

TEST(run_queue, gives_a_lower_one_in_a_fair_turn_among_urgent_ones_but_only_for_its_signals) {
  auto all = tasks(4);
  queue q;
  q.push_back(all[0], level::max);
  q.push_back(all[1]);
  q.push_back(all[2], level::low);
  for (int i = 1; i <= 2; ++i) {
    const auto [item, signals_only] = q.pop(true);
    EXPECT_EQ(item, &all[static_cast<std::size_t>(i)]);
    EXPECT_TRUE(signals_only);
  }
  EXPECT_EQ(q.pop(true).item, &all[0]);
  EXPECT_FALSE(q.pop(true).signals_only);
}

TEST(run_queue, hands_the_highest_to_others_first) {
  auto all = tasks(4);
  queue q;
  q.push_back(all[3], level::low);
  q.push_back(all[2]);
  q.push_back(all[0], level::max);
  q.push_back(all[1], level::high);
  std::vector<int> given;
  q.give(2, [&](task& t) { given.push_back(t.value); });
  q.steal(2, true, [&](task& t) { given.push_back(t.value); });
  EXPECT_THAT(given, testing::ElementsAre(0, 1, 2));
  EXPECT_FALSE(q.urgent());
  EXPECT_TRUE(q.mixed());
}

TEST(run_queue, grows_wherever_its_ends_are) {
  auto all = tasks(5000);
  queue q;
  std::size_t in = 0;
  std::size_t out = 0;
  for (; in < 200; ++in) q.push_back(all[in]);
  for (; out < 150; ++out) ASSERT_EQ(q.pop(false).item, &all[out]);
  for (; in < all.size(); ++in) q.push_back(all[in]);
  for (; out < all.size(); ++out) ASSERT_EQ(q.pop(false).item, &all[out]);
}

std::vector<int> steal(queue& q, std::size_t most, bool all) {
  std::vector<int> loot;
  q.steal(most, all, [&](task& t) { loot.push_back(t.value); });
  return loot;
}

TEST(run_queue, loses_the_older_half_to_a_thief) {
  auto all = tasks(7);
  queue q;
  for (auto& t : all) q.push_back(t);
  EXPECT_EQ(steal(q, 100, false), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(q.size(), 3U);
  EXPECT_EQ(steal(q, 1, false), (std::vector{4}));
  EXPECT_EQ(steal(q, 100, false), (std::vector{5}));
  EXPECT_EQ(steal(q, 100, false), (std::vector{6}));
  EXPECT_EQ(steal(q, 100, false), (std::vector<int>{}));
}

TEST(run_queue, keeps_its_slot_unless_all_may_be_taken) {
  auto all = tasks(3);
  queue q;
  q.push_back(all[0]);
  q.push_back(all[1]);
  q.push_slot(all[2]);
  EXPECT_EQ(steal(q, 100, false), (std::vector{0}));
  EXPECT_EQ(steal(q, 100, true), (std::vector{1, 2}));
  EXPECT_FALSE(q.has_slot());
  EXPECT_EQ(q.pop(false).item, nullptr);
}

class run_queue_with : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(thieves, run_queue_with, testing::Values(1, 3));

TEST_P(run_queue_with, loses_and_doubles_nothing) {
  const int count = test::times(200'000);
  auto all = tasks(count);
  queue q;
  std::atomic<bool> over{false};
  std::atomic<int> stolen{0};
  std::vector<std::thread> thieves;
  for (int t = 0; t < GetParam(); ++t) {
    thieves.emplace_back([&, t] {
      while (!over) {
        q.steal(64, t % 2 == 0, [&](task& got) {
          ++got.taken;
          ++stolen;
        });
        std::this_thread::yield();
      }
    });
  }
  int popped = 0;
  const auto pop = [&](bool fair) {
    if (task* got = q.pop(fair).item) {
      ++got->taken;
      ++popped;
      return true;
    }
    return false;
  };
  for (int i = 0; i < count; ++i) {
    if (i % 3 == 0) {
      q.push_slot(all[static_cast<std::size_t>(i)]);
    } else {
      q.push_back(all[static_cast<std::size_t>(i)]);
    }
    if (i % 4 == 0) pop(i % 64 == 0);
  }
  while (pop(false)) {
  }
  over = true;
  for (auto& t : thieves) t.join();
  EXPECT_EQ(popped + stolen, count);
  for (const auto& t : all) ASSERT_EQ(t.taken, 1) << t.value;
}

}  // namespace
}  // namespace kin::detail
