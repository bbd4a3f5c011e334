// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using ppool::command;
using ppool::count_options;
using ppool::leave;

command parsed(const std::vector<const char*>& words) {
  std::vector<const char*> args{"ppool"};
  args.insert(args.end(), words.begin(), words.end());
  return ppool::parse(args);
}

count_options count(const std::vector<const char*>& words) {
  return std::get<count_options>(parsed(words));
}

leave refused(const std::vector<const char*>& words) { return std::get<leave>(parsed(words)); }

TEST(options, give_a_regex_and_all_paths) {
  const auto chosen = count({"count", "a+b", "src", "include"});

  EXPECT_EQ(chosen.regex, "a+b");
  EXPECT_EQ(chosen.paths, (std::vector<std::filesystem::path>{"src", "include"}));
}

TEST(options, default_to_one_pool_of_two_workers_a_core) {
  const auto chosen = count({"count", "x", "src"});

  EXPECT_EQ(chosen.pools, (std::vector<ppool::pool_options>{{"count", ppool::default_limit()}}));
  EXPECT_TRUE(chosen.progress);
  EXPECT_FALSE(chosen.json);
  EXPECT_FALSE(chosen.all);
}

TEST(options, set_the_limit_of_the_default_pool) {
  EXPECT_EQ(count({"count", "--limit", "7", "x", "src"}).pools,
            (std::vector<ppool::pool_options>{{"count", 7}}));
}

TEST(options, name_several_pools_each_with_its_limit) {
  const auto chosen = count({"count", "--pools", "fast=8", "--pools", "slow=2", "x", "src", "lib"});

  EXPECT_EQ(chosen.pools, (std::vector<ppool::pool_options>{{"fast", 8}, {"slow", 2}}));
  EXPECT_EQ(chosen.regex, "x");  // not swallowed as a third pool
}

TEST(options, give_a_pool_without_a_number_the_common_limit) {
  EXPECT_EQ(count({"count", "--pools=a", "--limit=3", "--pools=b=1", "x", "src"}).pools,
            (std::vector<ppool::pool_options>{{"a", 3}, {"b", 1}}));
}

TEST(options, take_flags_behind_the_paths) {
  const auto chosen = count({"count", "x", "src", "--json", "--no-progress", "--all"});

  EXPECT_TRUE(chosen.json);
  EXPECT_TRUE(chosen.all);
  EXPECT_FALSE(chosen.progress);
}

TEST(options, know_the_tour) {
  EXPECT_TRUE(std::holds_alternative<ppool::tour_options>(parsed({"tour"})));
}

// What a user may search for, as opposed to what a command line library takes for its own.
class regex_on_the_command_line : public testing::TestWithParam<const char*> {};

TEST_P(regex_on_the_command_line, comes_through_unchanged) {
  EXPECT_EQ(count({"count", "--", GetParam(), "src"}).regex, GetParam());
  if (GetParam()[0] != '-') {
    EXPECT_EQ(count({"count", GetParam(), "src"}).regex, GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(options, regex_on_the_command_line,
                         testing::Values("tour", "count", "[a,b]", "[ab]", "{}", "", "a b", "\"x\"",
                                         "'x'", "a,b", "%%", "\\bx\\b", "x=1", "-v", "--json"));

TEST(options, take_a_path_named_like_a_subcommand_for_a_path) {
  EXPECT_EQ(count({"count", "x", "src", "tour", "count"}).paths,
            (std::vector<std::filesystem::path>{"src", "tour", "count"}));
}

TEST(options, take_a_path_in_brackets_for_a_path) {
  EXPECT_EQ(count({"count", "x", "[a,b]", "{}"}).paths,
            (std::vector<std::filesystem::path>{"[a,b]", "{}"}));
}

struct mistake {
  std::vector<const char*> words;
  const char* named;  // what the complaint must say
};

class wrong_command_line : public testing::TestWithParam<mistake> {};

TEST_P(wrong_command_line, is_refused_by_name_with_2) {
  const auto complaint = refused(GetParam().words);

  EXPECT_EQ(complaint.exit_code, 2);
  EXPECT_NE(complaint.err.find(GetParam().named), std::string::npos) << complaint.err;
  EXPECT_EQ(complaint.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    options, wrong_command_line,
    testing::Values(mistake{{}, "tour or count"}, mistake{{"conut"}, "conut"},
                    mistake{{"count"}, "REGEX"}, mistake{{"count", "x"}, "PATH"},
                    mistake{{"count", "--jsom", "x", "src"}, "--jsom"},
                    mistake{{"count", "--limit", "0", "x", "src"}, "--limit"},
                    mistake{{"count", "--limit", "many", "x", "src"}, "'many'"},
                    mistake{{"count", "--limit", "100001", "x", "src"}, "'100001'"},
                    mistake{{"count", "--pools", "a=", "x", "src"}, "--pools a"},
                    mistake{{"count", "--pools", "a=2x", "x", "src"}, "'2x'"},
                    mistake{{"count", "--pools", "=2", "x", "src"}, "'=2' names no pool"},
                    mistake{{"count", "--pools", "a=1", "--pools", "a=2", "x", "src"}, "'a'"},
                    mistake{{"tour", "me"}, "me"}));

TEST(options, print_help_and_version_to_stdout_with_0) {
  EXPECT_EQ(refused({"--version"}).exit_code, 0);
  EXPECT_EQ(refused({"--version"}).out, "ppool " + std::string{ppool::version} + "\n");
  EXPECT_NE(refused({"--help"}).out.find("tour"), std::string::npos);
  EXPECT_NE(refused({"count", "--help"}).out.find("NAME=N"), std::string::npos);
  EXPECT_EQ(refused({"count", "--help"}).exit_code, 0);
  EXPECT_EQ(refused({"count", "--help"}).err, "");
}

}  // namespace
