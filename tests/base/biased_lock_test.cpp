// SPDX-License-Identifier: Apache-2.0
#include "base/biased_lock.hpp"

#include "support/run.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

// Not atomic: the lock is all that protects it. Two halves, so that a reader in between is seen.
struct guarded_pair {
  long first = 0;
  long second = 0;
  void step() {
    ++first;
    ++second;
  }
};

class biased_lock_with : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(thieves, biased_lock_with, testing::Values(0, 1, 3));

TEST_P(biased_lock_with, keeps_owner_and_others_apart) {
  biased_lock lock;
  guarded_pair pair;
  const int thieves = GetParam();
  const int owned = test::times(400'000);
  const int stolen = test::times(4000);
  std::vector<std::thread> others;
  for (int t = 0; t < thieves; ++t) {
    others.emplace_back([&] {
      for (int i = 0; i < stolen; ++i) {
        const other_scope hold(lock);
        ASSERT_EQ(pair.first, pair.second);
        pair.step();
      }
    });
  }
  for (int i = 0; i < owned; ++i) {
    const owner_scope hold(lock);
    if (pair.first != pair.second) {
      ADD_FAILURE() << "in between";
      break;
    }
    pair.step();
  }
  for (auto& t : others) t.join();
  EXPECT_EQ(pair.first, owned + static_cast<long>(thieves) * stolen);
}

TEST(biased_lock, lets_the_owner_in_after_others) {
  biased_lock lock;
  { const other_scope hold(lock); }
  { const owner_scope hold(lock); }
  { const other_scope hold(lock); }
}

TEST(biased_lock, makes_others_wait_for_the_owner) {
  biased_lock lock;
  std::atomic<bool> inside{false};
  lock.enter();
  std::thread other([&] {
    const other_scope hold(lock);
    inside = true;
  });
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  EXPECT_FALSE(inside);
  lock.leave();
  other.join();
  EXPECT_TRUE(inside);
}

}  // namespace
}  // namespace kin::detail
