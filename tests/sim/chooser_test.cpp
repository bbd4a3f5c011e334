// SPDX-License-Identifier: Apache-2.0
// What comes next under a seed.
#include "sim/chooser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace kin::detail {
namespace {

// That became ready one after the other, all in the same step.
std::vector<candidate> turns_of(std::uint64_t count) {
  std::vector<candidate> all;
  for (std::uint64_t i = 1; i <= count; ++i) all.push_back({{.to = i}, 1, i});
  return all;
}

TEST(chooser, takes_any_with_equal_chance_when_uniform) {
  chooser c({.by = sim::order::uniform});
  std::array<int, 5> taken{};
  for (int i = 0; i < 5000; ++i) ++taken[c.choose(turns_of(5))];
  for (const int times : taken) {
    EXPECT_GT(times, 850);
    EXPECT_LT(times, 1150);
  }
}

// How often another one is chosen than the time before.
int changes_under(std::uint64_t seed) {
  chooser c({.seed = seed, .by = sim::order::by_priorities});
  int changes = 0;
  std::size_t last = c.choose(turns_of(5));
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t now = c.choose(turns_of(5));
    changes += now == last ? 0 : 1;
    last = now;
  }
  return changes;
}

TEST(chooser, keeps_to_the_highest_rank_but_for_a_few_falls) {
  int most = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const int changes = changes_under(seed);
    EXPECT_LE(changes, 4);
    most = std::max(most, changes);
  }
  EXPECT_GE(most, 2);
}

TEST(chooser, lets_all_others_go_before_who_gave_way) {
  chooser c({.seed = 2, .by = sim::order::by_priorities});
  const std::vector<candidate> all = turns_of(5);
  std::array<int, 5> taken{};
  for (int i = 0; i < 5; ++i) {
    const std::size_t chosen = c.choose(all);
    ++taken[chosen];
    c.gave_way(all[chosen].who);
  }
  for (const int times : taken) EXPECT_EQ(times, 1);
}

TEST(chooser, signs_the_same_choices_alike_and_others_differently) {
  const auto signature = [](std::uint64_t seed) {
    chooser c({.seed = seed, .by = sim::order::uniform});
    for (int i = 0; i < 100; ++i) c.choose(turns_of(3));
    return c.signature();
  };
  EXPECT_EQ(signature(1), signature(1));
  EXPECT_NE(signature(1), signature(2));
}

TEST(chooser, told_nothing_takes_what_the_last_step_has_brought_about_in_order) {
  chooser c({.schedule = "plain"});
  const std::vector<candidate> all{
      {{.to = 1}, 3, 1}, {{.to = 2}, 7, 3}, {{.to = 3}, 7, 2}, {{.to = 4}, 0, 4}};
  EXPECT_EQ(c.choose(all), 2U);
}

TEST(chooser, told_nothing_takes_the_oldest_now_and_then) {
  chooser c({.schedule = "plain"});
  const std::vector<candidate> all{{{.to = 1}, 7, 2}, {{.to = 2}, 3, 1}};
  int oldest = 0;
  for (int i = 0; i < 2560; ++i) oldest += c.choose(all) == 1 ? 1 : 0;
  EXPECT_EQ(oldest, 10);
}

TEST(chooser, takes_what_it_is_told_and_passes_over_who_is_not_there) {
  chooser c({.schedule = "plain 1:4 2:9 3:2"}, true);
  const std::vector<candidate> all = turns_of(5);
  EXPECT_EQ(c.choose(all), 3U);
  EXPECT_TRUE(c.was_told());
  EXPECT_EQ(c.choose(all), 0U);
  EXPECT_FALSE(c.was_told());
  EXPECT_EQ(c.choose(all), 1U);
  EXPECT_EQ(text_of(c.choices()), "plain 1:4 3:2");
}

TEST(chooser, knows_the_schedule_of_what_it_has_drawn) {
  for (const sim::order by : {sim::order::uniform, sim::order::by_priorities}) {
    chooser drawn({.seed = 4, .by = by}, true);
    for (int i = 0; i < 300; ++i) drawn.choose(turns_of(4));
    chooser told({.schedule = text_of(drawn.choices())}, true);
    for (int i = 0; i < 300; ++i) told.choose(turns_of(4));
    EXPECT_EQ(told.signature(), drawn.signature());
    EXPECT_EQ(told.choices(), drawn.choices());
  }
}

}  // namespace
}  // namespace kin::detail
