// SPDX-License-Identifier: Apache-2.0
#include "count/matcher.hpp"

#include <gtest/gtest.h>

namespace {

using ppool::encoding;
using ppool::matcher;
using namespace std::string_literals;

std::uint64_t count(std::string_view regex, std::string_view text) {
  return matcher{regex}.count_lines(text);
}

TEST(matcher, counts_each_matching_line_once) { EXPECT_EQ(count("a", "a a\nb\nca\n"), 2U); }

TEST(matcher, counts_a_last_line_without_a_newline) { EXPECT_EQ(count("b", "a\nb"), 1U); }

TEST(matcher, counts_nothing_in_nothing) { EXPECT_EQ(count("", ""), 0U); }

TEST(matcher, counts_no_line_behind_the_last_newline) {
  EXPECT_EQ(count("^$", "a\n"), 0U);
  EXPECT_EQ(count("^$", "\n"), 1U);
  EXPECT_EQ(count("x*", "a\nb\n"), 2U);
  EXPECT_EQ(count("$", "a\n\n"), 2U);
}

TEST(matcher, anchors_at_every_line) {
  EXPECT_EQ(count("^a", "a\nba\nab\n"), 2U);
  EXPECT_EQ(count("a$", "a\nba\nab\n"), 2U);
}

TEST(matcher, never_matches_across_lines) {
  EXPECT_EQ(count("a.b", "a\nb\n"), 0U);
  EXPECT_EQ(count("a[^x]b", "a\nb\n"), 0U);
  EXPECT_EQ(count("a\\sb", "a\nb\n"), 0U);
  EXPECT_EQ(count("a\\Wb", "a\nb\n"), 0U);
  EXPECT_EQ(count("a[[:space:]]*b", "a\nb\n"), 0U);
  EXPECT_EQ(count("a$^b", "a\nb\n"), 0U);
}

TEST(matcher, keeps_a_carriage_return_in_the_line) {
  EXPECT_EQ(count("a$", "a\r\n"), 0U);
  EXPECT_EQ(count("^..$", "a\r\n"), 1U);
}

TEST(matcher, takes_any_byte_for_a_character_only_in_a_locale_of_bytes) {
  EXPECT_EQ((matcher{"a.b", encoding::utf8}.count_lines("a\xE9"s
                                                        "b\na\xC3\xA9"s
                                                        "b\n")),
            1U);
  EXPECT_EQ((matcher{"^a.b$", encoding::bytes}.count_lines("a\xE9"s
                                                           "b\na\xC3\xA9"s
                                                           "b\n")),
            1U);
  EXPECT_EQ((matcher{"^a..b$", encoding::bytes}.count_lines("a\xC3\xA9"s
                                                            "b\n")),
            1U);
}

TEST(matcher, finds_a_character_beside_an_ill_formed_byte) {
  EXPECT_EQ(count("é", "\xC3\xC3\xA9\n\xE9\n"), 1U);
}

class refused_regex : public testing::TestWithParam<const char*> {};

TEST_P(refused_regex, is_named_in_the_error) {
  try {
    const matcher compiled{GetParam()};
    FAIL() << "accepted " << GetParam();
  } catch (const ppool::bad_regex& error) {
    EXPECT_NE(std::string_view{error.what()}.find("'" + std::string{GetParam()} + "': "),
              std::string::npos)
        << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(not_regular, refused_regex,
                         testing::Values("a(", "[a", "*", "(a)\\1", "\xE9"));

// RE2 takes these for something else, or for nothing, and says nothing.
INSTANTIATE_TEST_SUITE_P(gnu_only, refused_regex,
                         testing::Values("\\<a", "a\\>", "\\`a", "a\\'", "a{,3}", "a\nb", "[]x]\\<",
                                         "[[:alpha:]\\]]{,2}"));

TEST(matcher, takes_inside_a_class_what_it_refuses_outside) {
  EXPECT_EQ(count("[\\<]", "<\n"), 1U);
  EXPECT_EQ(count("[{,]", "{\n,\nx\n"), 2U);
  EXPECT_EQ(count("\\{,", "{,\n"), 1U);
}

}  // namespace
