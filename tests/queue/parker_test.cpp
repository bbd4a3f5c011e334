// SPDX-License-Identifier: Apache-2.0
#include "queue/parker.hpp"

#include "support/run.hpp"

#include <atomic>
#include <thread>

namespace kin::detail {
namespace {

TEST(parker, sleeps_until_the_time_has_come) {
  parker bed;
  const nanotime until = system_now() + 5'000'000;
  while (system_now() < until) bed.sleep(until);  // it may return for no reason
  EXPECT_GE(system_now(), until);
}

TEST(parker, does_not_sleep_when_it_was_woken_before) {
  parker bed;
  bed.wake();
  bed.sleep(never);
}

TEST(parker, keeps_one_token_only) {
  parker bed;
  bed.wake();
  bed.wake();
  bed.sleep(never);
  bed.sleep(system_now() + 1'000'000);  // ends by its time: the second wake left nothing
}

TEST(parker, loses_no_wake) {
  parker there;
  parker back;
  std::atomic<int> ball{0};
  const int rounds = test::times(20'000);
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      while (ball != 2 * i + 1) there.sleep(never);
      ball = 2 * i + 2;
      back.wake();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    ball = 2 * i + 1;
    there.wake();
    while (ball != 2 * i + 2) back.sleep(never);
  }
  other.join();
  EXPECT_EQ(ball, 2 * rounds);
}

TEST(parker, is_woken_by_any_of_many) {
  parker bed;
  std::atomic<int> calls{0};
  const int each = test::times(5000);
  std::thread a([&] {
    for (int i = 0; i < each; ++i) {
      ++calls;
      bed.wake();
    }
  });
  std::thread b([&] {
    for (int i = 0; i < each; ++i) {
      ++calls;
      bed.wake();
    }
  });
  while (calls != 2 * each) bed.sleep(never);
  a.join();
  b.join();
}

}  // namespace
}  // namespace kin::detail
