// SPDX-License-Identifier: Apache-2.0
// The search for a small schedule, without any run.
#include "sim/shrink.hpp"

#include <kin/time.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

namespace kin::detail {
namespace {

using namespace kin::literals;

choice_list turns(std::uint64_t count) {
  choice_list all;
  for (std::uint64_t i = 1; i <= count; ++i) all.push_back({.step = i, .who = {.to = 1}});
  return all;
}

std::vector<std::uint64_t> steps_of(const choice_list& some) {
  std::vector<std::uint64_t> steps;
  for (const choice& c : some) steps.push_back(c.step);
  return steps;
}

// Fails if all of those are there; whatever else is there takes no part.
trial fails_with(std::set<std::uint64_t> needed) {
  return [needed](const choice_list& some) -> std::optional<choice_list> {
    const auto all = steps_of(some);
    const bool fails = std::includes(all.begin(), all.end(), needed.begin(), needed.end());
    return fails ? std::optional(some) : std::nullopt;
  };
}

TEST(smallest, finds_the_few_choices_that_matter) {
  for (const std::set<std::uint64_t>& needed :
       {std::set<std::uint64_t>{}, {1}, {1000}, {500, 501}, {1, 1000}, {3, 333, 666, 999}}) {
    std::uint64_t runs = 500;
    const choice_list found = smallest(turns(1000), fails_with(needed), runs, infinity);
    EXPECT_EQ(steps_of(found), std::vector<std::uint64_t>(needed.begin(), needed.end()));
    EXPECT_GT(runs, 300U) << "too many trials";
  }
}

TEST(smallest, leaves_nothing_that_could_be_left_out_alone) {
  // Any three of the first ten.
  const trial fails = [](const choice_list& some) -> std::optional<choice_list> {
    const auto count =
        std::count_if(some.begin(), some.end(), [](const choice& c) { return c.step <= 10; });
    return count >= 3 ? std::optional(some) : std::nullopt;
  };
  std::uint64_t runs = 500;
  EXPECT_EQ(smallest(turns(100), fails, runs, infinity).size(), 3U);
}

TEST(smallest, goes_on_from_what_a_trial_made_of_its_choices) {
  // Of what it is told it can only make the even ones.
  const trial fails = [](const choice_list& some) -> std::optional<choice_list> {
    choice_list made;
    for (const choice& c : some) {
      if (c.step % 2 == 0) made.push_back(c);
    }
    if (std::none_of(made.begin(), made.end(), [](const choice& c) { return c.step == 64; }))
      return std::nullopt;
    return made;
  };
  std::uint64_t runs = 500;
  EXPECT_EQ(steps_of(smallest(turns(100), fails, runs, infinity)), std::vector<std::uint64_t>{64});
}

TEST(smallest, makes_no_more_trials_than_it_may) {
  std::uint64_t made = 0;
  const trial fails = [&](const choice_list& some) -> std::optional<choice_list> {
    ++made;
    return fails_with({999})(some);
  };
  std::uint64_t runs = 7;
  const choice_list found = smallest(turns(1000), fails, runs, infinity);
  EXPECT_EQ(runs, 0U);
  EXPECT_EQ(made, 7U);
  EXPECT_TRUE(fails(found));
  EXPECT_LT(found.size(), 1000U);
}

TEST(smallest, begins_no_trial_when_the_time_is_up) {
  std::uint64_t runs = 500;
  EXPECT_EQ(smallest(turns(10), fails_with({}), runs, 0s).size(), 10U);
  EXPECT_EQ(runs, 500U);
}

}  // namespace
}  // namespace kin::detail
