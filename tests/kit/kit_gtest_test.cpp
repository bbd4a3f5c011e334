// SPDX-License-Identifier: Apache-2.0
// What people read when a test of the kit fails under GoogleTest: failing_tests is run, and read.
#include "support/expect.hpp"

#include <array>
#include <cstdio>
#include <regex>
#include <string>

namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct outcome {
  int code = -1;
  std::string text;
};

// What the tests of that filter say, with that setting of the environment.
outcome failing_tests(const std::string& filter, const std::string& setting = "KIN_SEED=") {
  const std::string command =
      setting + " '" KIN_FAILING_TESTS "' --gtest_filter=" + filter + " 2>&1";
  outcome seen;
  FILE* said = popen(command.c_str(), "r");
  std::array<char, 4096> part{};
  for (std::size_t got = 0; (got = fread(part.data(), 1, part.size(), said)) > 0;)
    seen.text.append(part.data(), got);
  seen.code = pclose(said);
  return seen;
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST(failure, names_the_seed_and_what_replays_it) {
  const outcome all = failing_tests("update.is_not_lost");
  EXPECT_NE(all.code, 0);
  EXPECT_THAT(all.text, HasSubstr("kin::call(shared, get{})\n    Which is: 1"));
  std::smatch words;
  const std::regex pattern(
      "simulated under seed (\\d+); to replay it: (KIN_SEED=\\d+) <program> "
      "--gtest_filter=update.is_not_lost");
  ASSERT_TRUE(std::regex_search(all.text, words, pattern)) << all.text;
  EXPECT_EQ(words[2], "KIN_SEED=" + words[1].str());
  EXPECT_THAT(all.text, HasSubstr("the last events:\n"));

  const outcome again = failing_tests("update.is_not_lost", words[2]);
  EXPECT_NE(again.code, 0);
  EXPECT_THAT(again.text, HasSubstr("simulated under seed " + words[1].str() + ";"));
}

TEST(failure, is_shrunk_and_told_once) {
  const outcome all = failing_tests("update.is_not_lost");
  EXPECT_EQ(count(all.text, "    Which is: 1"), 1U) << all.text;
  std::smatch words;
  const std::regex pattern(
      "shrunk; to replay that: (KIN_SCHEDULE='plain( \\S+){1,5}' KIN_SEED=\\d+) <program>");
  ASSERT_TRUE(std::regex_search(all.text, words, pattern)) << all.text;
  EXPECT_THAT(all.text, ContainsRegex("shrunk from [0-9]+ choices to [1-5], by"));

  const outcome again = failing_tests("update.is_not_lost", words[1]);
  EXPECT_NE(again.code, 0);
  EXPECT_THAT(again.text, AllOf(HasSubstr("    Which is: 1"), Not(HasSubstr("shrunk"))));
  EXPECT_EQ(failing_tests("update.is_not_lost", "KIN_SCHEDULE=plain").code, 0);
}

TEST(failure, that_depends_on_reports_is_shrunk_to_one_that_has_them) {
  const outcome seen = failing_tests("reports.*");
  EXPECT_THAT(seen.text, ContainsRegex("shrunk from [1-9][0-9]* choices to 0, by 1 runs"));
}

TEST(failure, is_not_shrunk_if_the_environment_says_so) {
  const outcome seen = failing_tests("update.is_not_lost", "KIN_SHRINK=0");
  EXPECT_NE(seen.code, 0);
  EXPECT_THAT(seen.text, Not(HasSubstr("shrunk")));
}

TEST(failure, stays_away_under_a_seed_that_does_not_find_it) {
  bool went_well = false;
  for (int seed = 1; seed <= 20 && !went_well; ++seed) {
    went_well = failing_tests("update.is_not_lost", "KIN_SEED=" + std::to_string(seed)).code == 0;
  }
  EXPECT_TRUE(went_well);
}

TEST(failure, in_another_process_says_on_how_many_workers) {
  const outcome seen = failing_tests("expectation.*");
  EXPECT_THAT(seen.text,
              AllOf(HasSubstr("1 + 1\n    Which is: 2"), HasSubstr("this was on 1 worker")));
}

TEST(failure, of_an_assertion_ends_body_and_worlds) {
  const outcome seen = failing_tests("assertion.*");
  EXPECT_EQ(count(seen.text, "a world\n"), 1U) << seen.text;
  EXPECT_THAT(seen.text, Not(HasSubstr("not reached")));
}

TEST(failure, of_an_expected_message_is_where_it_was_asked_for) {
  const outcome seen = failing_tests("mailbox.*");
  EXPECT_THAT(
      seen.text,
      ContainsRegex("failing_tests.cpp:[0-9]+: Failure\nFailed\n<0\\.[0-9]+\\.0> has waited "
                    "[0-9]+s for set; its mailbox holds\n  get\n"));
}

TEST(test_on_threads, runs_whatever_the_seed) {
  EXPECT_EQ(failing_tests("world.*", "KIN_SEED=3").code, 0);
}

TEST(failure, without_a_played_body_is_googletests_too) {
  EXPECT_THAT(failing_tests("probe.*").text, HasSubstr("for set; its mailbox holds nothing"));
}

}  // namespace
