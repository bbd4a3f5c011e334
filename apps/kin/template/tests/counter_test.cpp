#include "tree.hpp"

#include <gtest/gtest.h>

namespace {

using namespace kin::literals;

/// Runs `body` as a process on a machine of its own; a crash is a failure.
template <class F>
void run(F body) {
  kin::machine machine;
  EXPECT_EQ(machine.run(body), kin::normal);
  EXPECT_TRUE(machine.stop().empty());
}

TEST(counter, adds_and_resets) {
  run([] {
    kin::start_link<counter>({.name = visits}, 40);

    EXPECT_EQ(kin::call(visits, increment{2}), 42);
    kin::cast(visits, reset{});
    EXPECT_EQ(kin::call(visits, get{}), 0);
  });
}

TEST(tree, starts_a_killed_counter_anew) {
  run([] {
    kin::start_link(tree());
    kin::call(visits, increment{7});
    const kin::pid before = kin::whereis(visits).value();

    kin::exit(before, kin::kill);

    while (kin::whereis(visits) == before || !kin::try_call(visits, get{})) kin::sleep(1ms);
    EXPECT_EQ(kin::call(visits, get{}), 0);
  });
}

}  // namespace
