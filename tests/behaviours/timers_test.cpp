// SPDX-License-Identifier: Apache-2.0
// Intervals, to the point: when they come due, and what they wait for. The rest is in
// conformance/timer_test.cpp.
#include <kin/keyed_registry.hpp>
#include <kin/timers.hpp>

#include "support/expect.hpp"

#include <memory>
#include <string>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

KIN_SIM_TEST(apply_interval, does_not_wait_for_what_it_calls) {
  const auto began = kin::clock::now();
  const auto slow = [to = kin::self()] {
    kin::send(to, kin::clock::now());
    kin::sleep(25ms);
  };
  const auto t = kin::timer::apply_interval(10ms, slow);
  for (int i = 1; i <= 5; ++i) {
    const auto at = test::expect<kin::clock::time_point>() - began;
    EXPECT_GE(at, 10ms * i);
    EXPECT_LT(at, 10ms * i + 1ms);
  }
  kin::timer::cancel(t);
  test::pass(1s);
  test::drained();
}

// What comes late by chance is not added up.
KIN_SIM_TEST(apply_interval, does_not_drift_however_late_its_timers_are,
             {.simulation = {.faults = {{.late_timer = 0.5, .late_max = 5ms}}}}) {
  const auto began = kin::clock::now();
  const auto t =
      kin::timer::apply_interval(10ms, [to = kin::self()] { kin::send(to, kin::clock::now()); });
  for (int i = 1; i <= 30; ++i) {
    const auto at = test::expect<kin::clock::time_point>() - began;
    EXPECT_GE(at, 10ms * i);
    EXPECT_LT(at, 10ms * i + 6ms);
  }
  kin::timer::cancel(t);
  test::pass(1s);
  test::drained();
}

KIN_SIM_TEST(apply_repeatedly, makes_one_call_at_a_time_and_catches_up) {
  const auto began = kin::clock::now();
  const auto times = std::make_shared<int>(0);
  const auto slow_once = [to = kin::self(), times] {
    kin::send(to, kin::clock::now());
    if (++*times == 1) kin::sleep(25ms);
  };
  const auto t = kin::timer::apply_repeatedly(10ms, slow_once);
  for (const kin::duration due : {10ms, 35ms, 35ms, 40ms, 50ms}) {
    const auto at = test::expect<kin::clock::time_point>() - began;
    EXPECT_GE(at, due);
    EXPECT_LT(at, due + 1ms);
  }
  kin::timer::cancel(t);
  test::settle();
  test::drained();
}

KIN_SIM_TEST(send_interval, sends_to_whoever_holds_the_key_and_ends_with_who_did_at_first) {
  kin::registry<int> keys;
  kin::register_name(keys[1], kin::self());
  const auto t = kin::timer::send_interval(10ms, keys[1], word{"tick"});
  EXPECT_EQ(test::expect<word>(), word{"tick"});
  kin::unregister_name(keys[1]);
  test::drained();
  test::expect_nothing(50ms);
  kin::register_name(keys[1], kin::self());
  EXPECT_EQ(test::expect<word>(), word{"tick"});
  kin::timer::cancel(t);
  test::drained();

  const auto nobody = kin::timer::send_interval(10ms, keys[2], word{"tick"});
  test::await_exit(nobody.process());
}

KIN_SIM_TEST(timers, of_an_endless_time_do_nothing_and_can_be_cancelled) {
  const auto calls = [] { FAIL() << "it has been called"; };
  const auto once = kin::timer::apply_after(kin::infinity, calls);
  const auto often = kin::timer::apply_interval(kin::infinity, calls);
  const auto message = kin::timer::send_after(kin::infinity, number{1});
  test::expect_nothing(24h);
  kin::timer::cancel(once);
  kin::timer::cancel(often);
  kin::timer::cancel(message);
}

}  // namespace
