// SPDX-License-Identifier: Apache-2.0
// Too many, too soon: otp-semantics 4.5, on a clock of the test's.
#include "intensity.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace kin::detail {
namespace {

using namespace std::chrono_literals;

class clock {
 public:
  intensity::time operator()(duration at) const { return intensity::time(at); }
};
constexpr clock at{};

TEST(intensity, allows_as_many_as_it_says_and_not_one_more) {
  intensity two(2, 5s);
  EXPECT_TRUE(two.allows(at(1s)));
  EXPECT_TRUE(two.allows(at(2s)));
  EXPECT_FALSE(two.allows(at(3s)));
}

TEST(intensity, of_zero_allows_none) {
  intensity none(0, 5s);
  EXPECT_FALSE(none.allows(at(1s)));
}

TEST(intensity, forgets_what_is_older_than_its_period) {
  intensity one(1, 5s);
  EXPECT_TRUE(one.allows(at(1s)));
  EXPECT_TRUE(one.allows(at(6s + 1ns)));
  EXPECT_TRUE(one.allows(at(12s)));
}

TEST(intensity, counts_what_is_exactly_as_old_as_its_period) {
  intensity one(1, 5s);
  EXPECT_TRUE(one.allows(at(1s)));
  EXPECT_FALSE(one.allows(at(6s)));
}

TEST(intensity, slides_with_time) {
  intensity two(2, 10s);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(two.allows(at(i * 6s)));
  EXPECT_FALSE(two.allows(at(595s)));
}

TEST(intensity, never_forgets_over_an_infinite_period) {
  intensity one(1, infinity);
  EXPECT_TRUE(one.allows(at(0s)));
  EXPECT_FALSE(one.allows(at(100h)));
}

}  // namespace
}  // namespace kin::detail
