// SPDX-License-Identifier: Apache-2.0
// Signals of all kinds from one process to another take effect in the order they were sent, also
// when they lie behind many messages. otp-semantics 1.1, protocols 2 and 3.
#include "support/expect.hpp"

#include <string>
#include <vector>

namespace kin::detail {
namespace {

using test::number;
using test::word;

class signals_on : public testing::TestWithParam<unsigned> {
 protected:
  static machine_options world() { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(workers, signals_on, testing::Values(1U, 2U, 4U));

TEST_P(signals_on, of_each_kind_keep_their_places) {
  test::run(world(), [] {
    for (int i = 0; i < test::times(500); ++i) {
      const auto target = spawn_monitor([] { test::idle(); });
      send(target.pid, number{1});
      const ref first = monitor(target.pid);
      link(target.pid);
      unlink(target.pid);
      const ref second = monitor(target.pid);
      EXPECT_TRUE(demonitor(first));
      exit(target.pid, "in order");
      const ref late = monitor(target.pid);
      exit(target.pid, kill);
      ASSERT_EQ(test::expect_down(second).reason, "in order");
      ASSERT_EQ(test::expect_down(late).reason, noproc);
      ASSERT_EQ(test::expect_down(target.ref).reason, "in order");
      ASSERT_THAT(test::drained(), testing::IsEmpty());
    }
  });
}

TEST(signals, do_not_wait_for_the_messages_before_them) {
  test::run({.workers = 1}, [] {
    const pid me = self();
    const auto slow = spawn_monitor([me] { return loop([me](number n) { send(me, n); }); });
    for (int i = 0; i < 100'000; ++i) send(slow.pid, number{i});
    EXPECT_TRUE(is_alive(slow.pid));
    exit(slow.pid, kill);
    EXPECT_FALSE(is_alive(slow.pid));
    EXPECT_EQ(test::expect_down(slow.ref).reason, killed);
    EXPECT_LT(test::drained().size(), 100'000U);
  });
}

TEST_P(signals_on, the_answer_to_is_alive_comes_after_what_was_sent_before) {
  test::run(world(), [] {
    const pid me = self();
    const pid echo = spawn([me] {
      trap_exits();
      send(me, word{"traps"});
      for (;;) {
        kin::receive([&](number n) { send(me, n); }, [](const exited& /*e*/) {});
      }
    });
    test::expect<word>();
    for (int i = 0; i < test::times(1000); ++i) {
      exit(echo, "trapped");
      ASSERT_TRUE(is_alive(echo));
    }
    exit(echo, kill);
    ASSERT_FALSE(is_alive(echo));
  });
}

TEST(signals, to_a_block_that_is_used_again_are_refused) {
  test::run({.workers = 1}, [] {
    for (int i = 0; i < 500; ++i) {
      const pid old = spawn([] {});
      test::await_exit(old);
      const auto next = spawn_monitor([] { test::idle(); });
      exit(old, kill);
      send(old, word{"not for the next one"});
      ASSERT_FALSE(is_alive(old));
      ASSERT_EQ(test::await_exit(old), noproc);
      ASSERT_TRUE(is_alive(next.pid));
      send(next.pid, word{"end"});
      ASSERT_EQ(test::expect_down(next.ref).reason, normal);
    }
  });
}

}  // namespace
}  // namespace kin::detail
