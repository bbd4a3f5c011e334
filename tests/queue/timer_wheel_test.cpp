// SPDX-License-Identifier: Apache-2.0
#include "queue/timer_wheel.hpp"

#include "support/run.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <vector>

namespace kin::detail {
namespace {

constexpr nanotime tick = nanotime{1} << timer_wheel::tick_bits;
constexpr nanotime year = nanotime{365} * 24 * 3600 * 1'000'000'000;

struct wheel_under_test {
  explicit wheel_under_test(nanotime start) : wheel(start), time(start) {}

  wheel_item& add(nanotime deadline) {
    items.emplace_back();
    items.back().deadline = deadline;
    wheel.add(items.back());
    return items.back();
  }
  std::vector<nanotime> expire(nanotime now, std::size_t most = SIZE_MAX) {
    time = now;
    std::vector<nanotime> due;
    wheel.expire(now, most, [&](wheel_item& item) { due.push_back(item.deadline); });
    return due;
  }

  timer_wheel wheel;
  nanotime time;
  std::deque<wheel_item> items;
};

TEST(timer_wheel, is_empty_and_never_due_at_first) {
  wheel_under_test t(0);
  EXPECT_EQ(t.wheel.next_look(), never);
  EXPECT_TRUE(t.expire(year).empty());
}

TEST(timer_wheel, is_never_early_and_a_tick_late_at_most) {
  for (const nanotime delay : {nanotime{1}, tick - 1, tick, tick + 1, 63 * tick, 64 * tick,
                               64 * tick + 1, 4095 * tick, 4096 * tick, 300'000 * tick + 7, year}) {
    for (const nanotime start : {nanotime{0}, 63 * tick + 5, 4095 * tick + 17, 12345 * tick + 1}) {
      wheel_under_test t(start);
      t.add(start + delay);
      ASSERT_TRUE(t.expire(start + delay - 1).empty()) << start << " + " << delay;
      ASSERT_EQ(t.expire(start + delay + tick).size(), 1U) << start << " + " << delay;
    }
  }
}

TEST(timer_wheel, fires_what_is_past_already) {
  wheel_under_test t(100 * tick);
  t.add(50 * tick);
  t.add(0);
  EXPECT_EQ(t.expire(100 * tick).size(), 2U);
}

TEST(timer_wheel, fires_in_the_order_of_ticks) {
  wheel_under_test t(0);
  for (nanotime d : {700, 3, 64, 65, 4096, 1, 63, 128, 5000}) t.add(d * tick);
  const auto due = t.expire(10'000 * tick);
  EXPECT_EQ(due.size(), 9U);
  EXPECT_TRUE(std::is_sorted(due.begin(), due.end()));
}

TEST(timer_wheel, forgets_what_is_removed) {
  wheel_under_test t(0);
  std::vector<wheel_item*> all;
  for (int i = 1; i < 200; ++i) all.push_back(&t.add(i * 50 * tick));
  for (std::size_t i = 0; i < all.size(); i += 2) t.wheel.remove(*all[i]);
  EXPECT_EQ(t.wheel.size(), all.size() / 2);
  EXPECT_EQ(t.expire(year).size(), all.size() / 2);
  EXPECT_EQ(t.wheel.next_look(), never);
}

TEST(timer_wheel, fires_at_most_as_many_as_it_is_asked_for) {
  wheel_under_test t(0);
  for (int i = 0; i < 10; ++i) t.add(tick);
  EXPECT_EQ(t.expire(2 * tick, 3).size(), 3U);
  EXPECT_LE(t.wheel.next_look(), 2 * tick);
  EXPECT_EQ(t.expire(2 * tick, 100).size(), 7U);
}

TEST(timer_wheel, takes_a_deadline_of_never) {
  wheel_under_test t(100 * year);
  t.add(never);
  t.add(never - 1);
  EXPECT_TRUE(t.expire(200 * year).empty());
  EXPECT_EQ(t.expire(never).size(), 2U);
}

TEST(timer_wheel, says_when_to_look_and_not_too_late) {
  std::mt19937_64 dice(3);
  for (int round = 0; round < 2000; ++round) {
    const nanotime start = static_cast<nanotime>(dice() % static_cast<std::uint64_t>(100 * year));
    wheel_under_test t(start);
    nanotime first = never;
    for (int i = 0; i < 5; ++i) {
      const nanotime deadline = start + static_cast<nanotime>(dice() >> (20 + dice() % 40));
      first = std::min(first, deadline);
      t.add(deadline);
    }
    // Following its advice leads to the first one in a few steps, none of them too late.
    int steps = 0;
    for (; steps < 20; ++steps) {
      const nanotime look = t.wheel.next_look();
      ASSERT_LE(look, first + tick);
      ASSERT_GT(look, t.time - tick);
      const auto due = t.expire(look);
      if (!due.empty()) {
        ASSERT_GE(look, due.front());
        break;
      }
    }
    ASSERT_LT(steps, 20);
  }
}

// Against a multimap: adds, removals, small steps and jumps over years.
class timer_wheel_random : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(seeds, timer_wheel_random, testing::Range(0U, 12U));

TEST_P(timer_wheel_random, does_what_a_multimap_does) {
  std::mt19937_64 dice(GetParam());
  nanotime time = static_cast<nanotime>(dice() % static_cast<std::uint64_t>(10 * year));
  timer_wheel wheel(time);
  std::deque<wheel_item> storage;
  std::multimap<nanotime, wheel_item*> oracle;
  const auto somewhere = [&] {  // from nanoseconds to decades, all sizes alike
    return static_cast<nanotime>(dice() >> (4 + dice() % 56));
  };
  for (int step = 0; step < test::times(20'000); ++step) {
    const auto what = dice() % 10;
    if (what < 5) {
      storage.emplace_back();
      storage.back().deadline = time + somewhere() % (40 * year);
      wheel.add(storage.back());
      oracle.emplace(storage.back().deadline, &storage.back());
    } else if (what < 7 && !oracle.empty()) {
      auto victim = oracle.lower_bound(time + somewhere() % (40 * year));
      if (victim == oracle.end()) victim = oracle.begin();
      wheel.remove(*victim->second);
      oracle.erase(victim);
    } else {
      time += somewhere() % (what == 9 && step % 50 == 0 ? 2 * year : 1000 * tick);
      wheel.expire(time, SIZE_MAX, [&](wheel_item& item) {
        ASSERT_LE(item.deadline, time) << "early";
        const auto [first, last] = oracle.equal_range(item.deadline);
        const auto found =
            std::find_if(first, last, [&](const auto& e) { return e.second == &item; });
        ASSERT_NE(found, last) << "unknown, or twice";
        oracle.erase(found);
      });
      if (!oracle.empty()) {
        ASSERT_GE(oracle.begin()->first + tick, time) << "late";
        ASSERT_LE(wheel.next_look(), oracle.begin()->first + tick);
      }
    }
    ASSERT_EQ(wheel.size(), oracle.size());
  }
}

}  // namespace
}  // namespace kin::detail
