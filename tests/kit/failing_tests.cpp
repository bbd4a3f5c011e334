// SPDX-License-Identifier: Apache-2.0
// Tests that fail, for kit_gtest_test, which runs this program and reads what it says.
#include <kin/gtest.hpp>
#include <kin/kin.hpp>

#include <iostream>
#include <stdexcept>

namespace {

struct get {};
struct set {
  int value;
};
class cell : public kin::gen_server {
 public:
  int handle_call(get) const { return value_; }
  void handle_call(set request) { value_ = request.value; }

 private:
  int value_ = 0;
};

// Two that read, add, and write back: one of the two additions may be lost.
KIN_SIM_TEST(update, is_not_lost, {.seeds = 100}) {
  const auto shared = kin::start_link<cell>();
  const auto add = [=] { kin::call(shared, set{kin::call(shared, get{}) + 1}); };
  const kin::monitored both[] = {kin::spawn_monitor(add), kin::spawn_monitor(add)};
  for (const kin::monitored& one : both) kin::test::expect_down(one.ref);
  EXPECT_EQ(kin::call(shared, get{}), 2);
}

KIN_TEST(expectation, counts_in_another_process, {.workers = {1}}) {
  kin::test::await_exit(kin::spawn([] { EXPECT_EQ(1 + 1, 3); }));
}

KIN_TEST(assertion, ends_the_body_and_all_other_worlds) {
  std::cout << "a world\n";
  ASSERT_TRUE(false);
  std::cout << "not reached\n";
}

KIN_TEST(mailbox, holds_another_message, {.workers = {}, .seeds = 1}) {
  kin::send(kin::self(), get{});
  kin::test::expect<set>();
}

KIN_SIM_TEST(reports, are_none) {
  for (int i = 0; i < 5; ++i) {
    kin::spawn([] {
      for (int turn = 0; turn < 5; ++turn) kin::yield();
    });
  }
  kin::test::await_exit(kin::spawn([] { throw std::runtime_error("a crash"); }));
  EXPECT_EQ(kin::test::reports().size(), 0U);
}

KIN_THREAD_TEST(world, is_one_of_threads) { EXPECT_FALSE(kin::test::simulated()); }

TEST(probe, fails_in_a_machine_of_the_test) {
  kin::machine machine({.workers = 1});
  machine.run([] { kin::test::expect<set>(kin::duration{}); });
}

}  // namespace
