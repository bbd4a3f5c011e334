// SPDX-License-Identifier: Apache-2.0
#include "count/text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

using namespace std::string_literals;

std::string without_ill_formed(std::string text) {
  ppool::hide_ill_formed(text);
  return text;
}

TEST(text, ends_a_line_at_a_nul_and_says_so) {
  std::string text = "a\0b\n\0\0"s;

  EXPECT_TRUE(ppool::nuls_to_newlines(text));

  EXPECT_EQ(text, "a\nb\n\n\n");
}

TEST(text, calls_nothing_without_a_nul_binary) {
  std::string text = "caf\xE9\x01\n";

  EXPECT_FALSE(ppool::nuls_to_newlines(text));
  EXPECT_FALSE(ppool::nuls_to_newlines({}));

  EXPECT_EQ(text, "caf\xE9\x01\n");
}

TEST(text, breaks_what_re2_alone_takes_for_utf8) {
  EXPECT_EQ(without_ill_formed("\xE0\x9F\xBF"), "\xFF\x9F\xBF");
  EXPECT_EQ(without_ill_formed("\xED\xA0\x80"), "\xFF\xA0\x80");
  EXPECT_EQ(without_ill_formed("\xF0\x8F\xBF\xBF"), "\xFF\x8F\xBF\xBF");
  EXPECT_EQ(without_ill_formed("x\xF4\x90\x80\x80"), "x\xFF\x90\x80\x80");
}

TEST(text, leaves_the_neighbours_of_ill_formed_sequences_alone) {
  // The first and last characters of the three and four byte forms, and those about the surrogates.
  const std::string text =
      "\xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF "
      "\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF \xE0";

  EXPECT_EQ(without_ill_formed(text), text);
}

TEST(text, is_utf8_only_where_the_locale_says_so) {
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs here
  ::setenv("LC_ALL", "C", 1);
  EXPECT_EQ(ppool::encoding_of_environment(), ppool::encoding::bytes);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  EXPECT_EQ(ppool::encoding_of_environment(), ppool::encoding::utf8);
  ::setenv("LC_ALL", "xx_nowhere", 1);
  EXPECT_EQ(ppool::encoding_of_environment(), ppool::encoding::bytes);
  // NOLINTEND(concurrency-mt-unsafe)
}

}  // namespace
