// SPDX-License-Identifier: Apache-2.0
// Timers and sleep: never early, in order, cancelled by anybody. protocols 6.
#include <kin/alias.hpp>

#include "support/expect.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

inline constexpr kin::name<> clerk{"timer_test.clerk"};

KIN_TEST(send_after, sends_when_the_time_has_come) {
  const auto began = kin::clock::now();
  kin::send_after(20ms, kin::self(), number{1});
  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_GE(kin::clock::now() - began, 20ms);
}

KIN_TEST(send_after, of_no_time_sends_soon) {
  kin::send_after(0s, kin::self(), number{1});
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(send_after, before_now_is_an_error) {
  EXPECT_THROW(kin::send_after(-1ns, kin::self(), std::make_unique<int>(1)), kin::error);
}

TEST(send_after, outside_a_process_is_an_error) {
  EXPECT_THROW(kin::send_after(1s, kin::pid{}, std::make_unique<int>(1)), kin::error);
}

KIN_TEST(send_after, fires_in_the_order_of_deadlines) {
  const std::vector<int> order{7, 2, 9, 4, 0, 5, 1, 8, 3, 6};
  for (const int i : order)
    kin::send_after(std::chrono::milliseconds(10 + 5 * i), kin::self(), number{i});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(test::expect<number>().value, i);
}

KIN_TEST(timer, a_time_is_never_early_and_none_is_lost, {.workers = {1, 2, 4}}) {
  struct due {
    kin::clock::time_point at;
  };
  const int count = test::times(4000);
  unsigned dice = 42;
  for (int i = 0; i < count; ++i) {
    dice = dice * 1664525U + 1013904223U;
    const auto delay = std::chrono::microseconds((dice >> 8U) % 100'000);
    kin::send_after(delay, kin::self(), due{kin::clock::now() + delay});
  }
  for (int i = 0; i < count; ++i) {
    const auto d = test::expect<due>();
    ASSERT_GE(kin::clock::now(), d.at);
  }
}

KIN_TEST(send_after, to_a_name_goes_to_who_holds_it_then) {
  kin::send_after(20ms, clerk, number{1});
  kin::register_name(clerk, kin::self());
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(send_after, to_a_name_that_nobody_holds_then_is_dropped) {
  kin::register_name(clerk, kin::self());
  auto held = std::make_shared<int>(0);
  kin::send_after(1ms, clerk, held);
  kin::unregister_name(clerk);
  kin::send_after(5ms, kin::self(), word{"later"});
  test::expect<word>();
  EXPECT_THAT(test::drained(), testing::IsEmpty());
  EXPECT_EQ(held.use_count(), 1);
}

KIN_TEST(send_after, to_the_dead_is_dropped) {
  auto held = std::make_shared<int>(0);
  const kin::pid dead = kin::spawn([] {});
  kin::send_after(1ms, dead, held);
  test::await_exit(dead);
  kin::send_after(5ms, kin::self(), word{"later"});
  test::expect<word>();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(send_after, that_is_pending_at_the_end_of_the_machine_is_dropped) {
  auto held = std::make_shared<int>(0);
  test::play([held] {
    kin::send_after(1h, kin::self(), held);
    kin::send_after(kin::duration::max(), kin::self(), held);
    kin::send_after(1h, clerk, held);
  });
  EXPECT_EQ(held.use_count(), 1);
}

KIN_TEST(start_timer, says_which_it_was) {
  const kin::ref first = kin::start_timer(20ms, kin::self(), number{1});
  const kin::ref second = kin::start_timer(1ms, kin::self(), number{2});

  const auto a = test::expect<kin::expired<number>>();
  EXPECT_EQ(a.timer, second);
  EXPECT_EQ(a.value, number{2});
  EXPECT_EQ(test::expect<kin::expired<number>>().timer, first);
}

// ---- cancel and read ----------------------------------------------------------------------------

KIN_TEST(cancel_timer, returns_the_time_that_was_left) {
  const kin::ref timer = kin::send_after(10s, kin::self(), number{1});
  kin::sleep(1ms);
  const auto left = kin::cancel_timer(timer);

  ASSERT_TRUE(left);
  EXPECT_LT(*left, 10s);
  EXPECT_GT(*left, 1s);
  EXPECT_EQ(kin::cancel_timer(timer), std::nullopt);
}

KIN_TEST(cancel_timer, means_it_does_not_fire) {
  auto held = std::make_shared<int>(0);
  const kin::ref timer = kin::send_after(5ms, kin::self(), held);
  EXPECT_TRUE(kin::cancel_timer(timer));
  EXPECT_EQ(held.use_count(), 1);
  kin::send_after(20ms, kin::self(), word{"later"});
  test::expect<word>();
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(cancel_timer, of_one_that_has_fired_finds_nothing) {
  const kin::ref timer = kin::send_after(1ms, kin::self(), number{1});
  test::expect<number>();
  EXPECT_EQ(kin::cancel_timer(timer), std::nullopt);
  EXPECT_EQ(kin::read_timer(timer), std::nullopt);
}

KIN_TEST(cancel_timer, of_what_is_no_timer_finds_nothing) {
  EXPECT_EQ(kin::cancel_timer(kin::ref{}), std::nullopt);
  EXPECT_EQ(kin::cancel_timer(kin::make_ref()), std::nullopt);
  EXPECT_EQ(kin::read_timer(kin::make_ref()), std::nullopt);
}

KIN_TEST(cancel_timer, does_not_find_the_next_user_of_the_same_entry, {.workers = {1}}) {
  const kin::ref old = kin::send_after(1ms, kin::self(), number{1});
  test::expect<number>();
  std::vector<kin::ref> fresh;
  for (int i = 0; i < 200; ++i) fresh.push_back(kin::send_after(10s, kin::self(), number{i}));
  EXPECT_EQ(kin::cancel_timer(old), std::nullopt);
  for (const kin::ref timer : fresh) EXPECT_TRUE(kin::cancel_timer(timer));
}

KIN_TEST(cancel_timer, of_a_timer_for_the_dead_finds_nothing) {
  const kin::pid dead = kin::spawn([] {});
  const kin::ref timer = kin::send_after(10s, dead, number{1});
  test::await_exit(dead);
  EXPECT_EQ(kin::cancel_timer(timer), std::nullopt);
}

KIN_TEST(read_timer, shrinks_and_does_not_touch) {
  const kin::ref timer = kin::send_after(30ms, kin::self(), number{1});
  const auto first = kin::read_timer(timer);
  kin::sleep(2ms);
  const auto second = kin::read_timer(timer);

  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_LE(*first, 30ms);
  EXPECT_LT(*second, *first);
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(cancel_timer, may_be_done_by_another_process, {.workers = {4}}) {
  const kin::pid me = kin::self();
  for (int i = 0; i < test::times(300); ++i) {
    const kin::ref timer = kin::send_after(10s, me, number{1});
    kin::spawn([=] { kin::send(me, kin::cancel_timer(timer).has_value()); });
    ASSERT_TRUE(test::expect<bool>());
    ASSERT_EQ(kin::cancel_timer(timer), std::nullopt);
  }
}

KIN_TEST(timer, a_timer_that_is_cancelled_as_it_fires_does_one_of_both, {.workers = {1, 2, 4}}) {
  int fired = 0;
  int cancelled = 0;
  for (int i = 0; i < test::times(800); ++i) {
    const kin::ref timer =
        kin::send_after(std::chrono::microseconds(i % 150), kin::self(), number{i});
    kin::receive([](const word& /*w*/) {}, kin::after(std::chrono::microseconds(i % 131), [] {}));
    if (kin::cancel_timer(timer)) {
      ++cancelled;
      ASSERT_THAT(test::drained(), testing::IsEmpty());
    } else {
      ++fired;
      ASSERT_EQ(test::expect<number>().value, i);
    }
  }
  EXPECT_EQ(fired + cancelled, test::times(800));
}

KIN_TEST(timer, that_is_started_and_cancelled_over_and_over_takes_no_memory,
         {.workers = {2}, .leaves_processes = true}) {  // protocols 6d
  const kin::pid me = kin::self();
  // Armed on one worker, cancelled on whatever worker the other runs.
  const kin::pid other = kin::spawn([me] {
    for (;;) {
      kin::receive([&](kin::ref timer) { kin::send(me, kin::cancel_timer(timer).has_value()); });
    }
  });
  for (int i = 0; i < test::times(20'000); ++i) {
    kin::send(other, kin::send_after(1h, me, number{i}));
    ASSERT_TRUE(test::expect<bool>());
  }
}

KIN_TEST(timer, a_hundred_thousand_fire) {
  const int count = test::times(100'000, 20'000);
  for (int i = 0; i < count; ++i)
    kin::send_after(std::chrono::microseconds(i % 50'000), kin::self(), number{i});
  std::vector<bool> seen(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(test::expect<number>().value);
    ASSERT_FALSE(seen[n]);
    seen[n] = true;
  }
}

KIN_TEST(timer, a_hundred_thousand_are_cancelled) {
  std::vector<kin::ref> all;
  for (int i = 0; i < test::times(100'000); ++i)
    all.push_back(kin::send_after(1h + std::chrono::milliseconds(i), kin::self(), number{i}));
  for (const kin::ref timer : all) ASSERT_TRUE(kin::cancel_timer(timer));
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(timer, keeps_the_order_of_a_message_and_a_timer_armed_after_it) {
  for (int i = 0; i < 100; ++i) {
    kin::send(kin::self(), word{"first"});
    kin::send_after(0s, kin::self(), number{i});
    EXPECT_EQ(test::expect<kin::message>().get_if<number>(), nullptr);
    test::expect<number>();
  }
}

// ---- sleep --------------------------------------------------------------------------------------

KIN_TEST(sleep, is_never_short) {
  for (const kin::duration time : {kin::duration(1us), kin::duration(70us), kin::duration(1ms),
                                   kin::duration(15ms), kin::duration(1100ms)}) {
    const auto began = kin::clock::now();
    kin::sleep(time);
    EXPECT_GE(kin::clock::now() - began, time);
  }
}

KIN_TEST(sleep, of_no_time_returns_and_of_less_is_an_error) {
  kin::sleep(0s);
  EXPECT_THROW(kin::sleep(-1s), kin::error);
}

KIN_TEST(sleep, leaves_messages_in_the_mailbox) {
  const kin::pid me = kin::self();
  kin::send(me, number{1});
  kin::spawn([me] { kin::send(me, number{2}); });
  kin::sleep(10ms);
  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_EQ(test::expect<number>(), number{2});
}

KIN_TEST(timer, a_thousand_sleepers_wake_up, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  const int count = test::times(2000, 500);
  for (int i = 0; i < count; ++i) {
    kin::spawn([=] {
      for (int j = 0; j < 5; ++j) kin::sleep(std::chrono::microseconds((i * 37 + j * 101) % 5000));
      kin::send(me, number{i});
    });
  }
  for (int i = 0; i < count; ++i) test::expect<number>();
}

KIN_TEST(sleep, is_interrupted_by_a_kill) {
  const auto sleeper = kin::spawn_monitor([] { kin::sleep(1h); });
  kin::yield();
  kin::exit(sleeper.pid, kin::kill);
  EXPECT_EQ(test::expect_down(sleeper.ref).reason, kin::killed);
}

KIN_TEST(sleep, of_a_block_that_is_used_again_does_not_wake_the_next_user,
         {.workers = {1}}) {  // protocols 6b
  for (int i = 0; i < 50; ++i) {
    const auto sleeper = kin::spawn_monitor([] { kin::sleep(3ms); });
    kin::yield();
    kin::exit(sleeper.pid, kin::kill);
    test::expect_down(sleeper.ref);
    const kin::pid next = kin::spawn([me = kin::self()] {
      const auto began = kin::clock::now();
      kin::sleep(6ms);
      kin::send(me, kin::clock::now() - began >= 6ms);
    });
    ASSERT_TRUE(test::expect<bool>());
    test::await_exit(next);
  }
}

// ---- at a time ----------------------------------------------------------------------------------

KIN_TEST(send_at, sends_when_the_time_has_come) {
  const auto time = kin::clock::now() + 2ms;
  const kin::ref timer = kin::start_timer_at(time, kin::self(), number{1});
  EXPECT_EQ(test::expect<kin::expired<number>>().timer, timer);
  EXPECT_GE(kin::clock::now(), time);
}

KIN_TEST(send_at, a_time_that_has_passed_sends_at_once) {
  kin::send_at(kin::clock::now() - 1h, kin::self(), number{1});
  EXPECT_EQ(test::expect<number>(), number{1});
  kin::send_at(kin::clock::time_point{} - 1h, kin::self(), number{2});  // before the host started
  EXPECT_EQ(test::expect<number>(), number{2});
}

KIN_TEST(cancel_timer, answers_by_a_message_if_asked_to) {
  const kin::ref timer = kin::send_after(1h, kin::self(), number{1});
  kin::read_timer(timer, kin::async_answer);
  kin::cancel_timer(timer, kin::async_answer);
  kin::cancel_timer(timer, kin::async_answer);
  EXPECT_GT(test::expect<kin::timer_read>().left.value(), 59min);
  EXPECT_GT(test::expect<kin::timer_cancelled>().left.value(), 59min);
  EXPECT_EQ(test::expect<kin::timer_cancelled>().left, std::nullopt);
}

KIN_TEST(read_timer, of_one_for_the_dead_is_nothing) {
  const kin::pid p = kin::spawn([] { kin::sleep(1h); });
  const kin::ref timer = kin::send_after(1h, p, number{1});
  EXPECT_TRUE(kin::read_timer(timer));
  kin::exit(p, kin::kill);
  test::await_exit(p);
  EXPECT_FALSE(kin::read_timer(timer));
  EXPECT_FALSE(kin::cancel_timer(timer));
}

KIN_TEST(cancel_timer, of_an_alias_is_nothing) {
  EXPECT_FALSE(kin::cancel_timer(kin::alias()));
  EXPECT_FALSE(kin::read_timer(kin::alias()));
}

}  // namespace
