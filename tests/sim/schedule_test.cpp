// SPDX-License-Identifier: Apache-2.0
// A schedule as text, and back.
#include "sim/schedule.hpp"

#include <kin/exit_reason.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kin::detail {
namespace {

TEST(schedule, is_written_as_words_and_read_again) {
  const choice_list all{
      {.step = 1, .who = {.to = 4}},
      {.step = 2, .who = {.to = 4, .from = 2, .is_turn = false}},
      {.step = 3, .who = {.to = 4, .from = from_outside | 7U, .is_turn = false}},
      {.step = 3, .kind = choice_kind::kill, .who = {.to = 9}},
      {.step = 4, .kind = choice_kind::cut, .amount = 2},
      {.step = 4, .kind = choice_kind::delay, .nth = 1, .amount = 1500},
      {.step = 5, .kind = choice_kind::late_timer, .nth = 0, .amount = 800},
      {.step = 6, .kind = choice_kind::failed_spawn, .nth = 2},
      {.step = 7, .kind = choice_kind::full_mailbox, .nth = 3},
      {.step = 8, .kind = choice_kind::failed_allocation, .nth = 4},
  };
  const std::string text = text_of(all);
  EXPECT_EQ(text, "plain 1:4 2:4<2 3:4<x7 3:k9 4:c2 4:d1+1500 5:t0+800 6:s2 7:f3 8:a4");
  EXPECT_EQ(schedule_of(text), all);
}

TEST(schedule, of_nothing_is_plain) {
  EXPECT_EQ(text_of({}), "plain");
  EXPECT_TRUE(schedule_of("plain").empty());
}

class not_a_schedule : public testing::TestWithParam<const char*> {};

TEST_P(not_a_schedule, is_refused_with_the_word_that_is_wrong) {
  try {
    static_cast<void>(schedule_of(GetParam()));
    FAIL() << "it was read";
  } catch (const error& refused) {
    EXPECT_EQ(refused.reason(), badarg);
    EXPECT_THAT(refused.what(), testing::HasSubstr("schedule of kin::sim"));
  }
}

INSTANTIATE_TEST_SUITE_P(, not_a_schedule,
                         testing::Values("", "9:4", "plain  9:4", "plain 9",
                                         "plain 9:", "plain 9:4<", "plain 9:4<x", "plain 9:q4",
                                         "plain 9:d0", "plain 9:d0+", "plain :4", "plain 9:4;"),
                         [](const auto& of) { return "no" + std::to_string(of.index); });

}  // namespace
}  // namespace kin::detail
