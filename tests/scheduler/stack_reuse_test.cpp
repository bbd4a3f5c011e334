// SPDX-License-Identifier: Apache-2.0
// How many stacks a machine makes: protocols 12.
#include "scheduler/machine_core.hpp"
#include "support/expect.hpp"

#include <string>
#include <vector>

namespace kin::detail {
namespace {

using test::number;
using test::word;

class stacks_on : public testing::TestWithParam<unsigned> {
 protected:
  static machine_options world() { return {.workers = GetParam(), .reports = test::quiet()}; }
};
INSTANTIATE_TEST_SUITE_P(workers, stacks_on, testing::Values(1U, 2U, 4U));

// One-way traffic: each process waits where it was made and goes on where it was woken.
TEST_P(stacks_on, made_are_at_most_the_most_that_waited_and_128_a_worker) {
  kin::machine machine(world());
  std::size_t made = 0;
  std::size_t workers = 0;
  constexpr int wave = 100;
  machine.run([&] {
    const pid me = self();
    for (int i = 0; i < test::times(100); ++i) {
      std::vector<pid> waiting;
      for (int j = 0; j < wave; ++j) {
        waiting.push_back(spawn([me] {
          test::expect<word>();
          send(me, number{1});
        }));
      }
      if (i % 2 == 0) yield();
      for (const pid p : waiting) send(p, word{"go"});
      for (int j = 0; j < wave; ++j) test::expect<number>();
    }
    made = machine.core().stacks.made();
    workers = machine.core().worker_count();
  });
  EXPECT_LE(made, wave + 1 + 128 * workers);
  machine.stop();
}

TEST_P(stacks_on, made_for_handlers_are_a_handful) {
  kin::machine machine(world());
  std::size_t made = 0;
  machine.run([&] {
    const pid me = self();
    std::vector<pid> all;
    for (int i = 0; i < test::times(20'000); ++i) {
      all.push_back(spawn([me] { return loop([me](number n) { send(me, n); }); }));
    }
    for (const pid p : all) send(p, number{1});
    for (std::size_t i = 0; i < all.size(); ++i) test::expect<number>();
    made = machine.core().stacks.made();
  });
  EXPECT_LE(made, 1 + 64 * (machine.core().worker_count() + 1));
  machine.stop();
}

TEST(stacks, hold_as_many_waiting_processes_as_there_are) {
  test::run([] {
    const int count = test::sanitized ? 1500 : 30'000;
    const pid me = self();
    std::vector<pid> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(spawn([me, i] {
        const std::string mine = std::to_string(i);
        test::expect<word>(kin::infinity);
        EXPECT_EQ(mine, std::to_string(i));
        send(me, number{i});
      }));
    }
    long sum = 0;
    for (const pid p : all) send(p, word{"go"});
    for (int i = 0; i < count; ++i) sum += test::expect<number>().value;
    EXPECT_EQ(sum, static_cast<long>(count) * (count - 1) / 2);
  });
}

}  // namespace
}  // namespace kin::detail
