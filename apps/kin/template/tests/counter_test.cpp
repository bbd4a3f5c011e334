#include <kin/gtest.hpp>

#include "tree.hpp"

namespace {

using namespace kin::literals;

// A test's body is a process. KIN_TEST plays it on threads, and then simulated: on one thread, in
// virtual time, under seed after seed, each of which is another order of events.
KIN_TEST(counter, adds_and_resets) {
  kin::start_link<counter>({.name = visits}, 40);

  EXPECT_EQ(kin::call(visits, increment{2}), 42);
  kin::cast(visits, reset{});
  EXPECT_EQ(kin::call(visits, get{}), 0);
}

// Only simulated: what is to happen has happened when all wait, and a day takes no time.
KIN_SIM_TEST(tree, starts_a_killed_counter_anew, {.seeds = 100}) {
  kin::start_link(tree());
  for (int day = 0; day < 10; ++day) {
    kin::call(visits, increment{7});
    kin::exit(kin::whereis(visits).value(), kin::kill);
    kin::test::pass(24h);
    EXPECT_EQ(kin::call(visits, get{}), 0);
  }
}

KIN_SIM_TEST(tree, gives_up_when_the_counter_dies_again_and_again) {
  kin::trap_exits();
  const kin::pid all = kin::start_link(tree());
  for (int death = 0; death < 4; ++death) {
    kin::exit(kin::whereis(visits).value(), kin::kill);
    kin::test::settle();
  }
  EXPECT_EQ(kin::test::expect(kin::test::when(&kin::exited::from, all)).reason, kin::shutdown);
}

}  // namespace
