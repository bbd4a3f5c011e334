// SPDX-License-Identifier: Apache-2.0
// pid_map against std::unordered_map, on keys that collide and keys that follow each other.
#include "pid_map.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

namespace kin::detail {
namespace {

pid made(std::uint64_t id) { return pid_access::make(0, id); }

TEST(pid_map, finds_nothing_when_empty_and_nothing_under_no_pid) {
  pid_map<int> map;
  EXPECT_EQ(map.find(made(1)), nullptr);
  EXPECT_FALSE(map.erase(made(1)));
  map.insert(made(1), 7);
  EXPECT_EQ(map.find(pid{}), nullptr);
  EXPECT_FALSE(map.erase(pid{}));
  EXPECT_EQ(*map.find(made(1)), 7);
}

TEST(pid_map, does_what_an_unordered_map_does) {
  std::mt19937_64 random(4711);
  pid_map<std::uint64_t> map;
  std::unordered_map<pid, std::uint64_t> model;
  for (int step = 0; step < 200'000; ++step) {
    const std::uint64_t range = step < 100'000 ? 5'000 : 50;  // grows, then shrinks
    const pid key = made(1 + random() % range);
    if (random() % 2 == 0) {
      EXPECT_EQ(map.erase(key), model.erase(key) == 1);
    } else if (map.find(key) == nullptr) {
      EXPECT_TRUE(model.emplace(key, step).second);
      map.insert(key, static_cast<std::uint64_t>(step));
    }
  }
  for (std::uint64_t id = 51; id <= 5'000; ++id) {
    EXPECT_EQ(map.erase(made(id)), model.erase(made(id)) == 1);
  }
  ASSERT_EQ(map.size(), model.size());
  std::size_t seen = 0;
  map.for_each([&](pid key, std::uint64_t value) {
    ++seen;
    EXPECT_EQ(model.at(key), value);
  });
  EXPECT_EQ(seen, model.size());
}

TEST(pid_map, holds_many_that_follow_each_other_and_lets_them_go_in_order) {
  pid_map<int> map;
  constexpr std::uint64_t many = 100'000;
  for (std::uint64_t id = 1; id <= many; ++id) map.insert(made(id), static_cast<int>(id));
  for (std::uint64_t id = 1; id <= many; ++id) {
    ASSERT_NE(map.find(made(id)), nullptr);
    ASSERT_TRUE(map.erase(made(id)));
  }
  EXPECT_TRUE(map.empty());
}

}  // namespace
}  // namespace kin::detail
