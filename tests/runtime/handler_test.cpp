// SPDX-License-Identifier: Apache-2.0
// kin::loop: a process that is its clauses, and holds no stack while it waits. protocols 4 and 13.
#include "support/expect.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

struct ping {
  kin::pid from;
  int value = 0;
};

kin::duration used_cpu() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto as_duration = [](timeval t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return as_duration(used.ru_utime) + as_duration(used.ru_stime);
}

KIN_TEST(handler, answers_message_after_message, {.workers = {1, 2, 4}, .leaves_processes = true}) {
  const kin::pid echo =
      kin::spawn([] { return kin::loop([](ping p) { kin::send(p.from, number{p.value}); }); });
  for (int i = 0; i < test::times(5000); ++i) {
    kin::send(echo, ping{kin::self(), i});
    ASSERT_EQ(test::expect<number>().value, i);
  }
}

KIN_TEST(handler, keeps_order_when_many_are_queued,
         {.workers = {1, 2, 4}, .leaves_processes = true}) {
  const kin::pid echo =
      kin::spawn([] { return kin::loop([](ping p) { kin::send(p.from, number{p.value}); }); });
  const int count = test::times(20'000);
  for (int i = 0; i < count; ++i) kin::send(echo, ping{kin::self(), i});
  for (int i = 0; i < count; ++i) ASSERT_EQ(test::expect<number>().value, i);
}

KIN_TEST(handler, keeps_state_in_its_clauses, {.leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid sum = kin::spawn([me] {
    auto total = std::make_shared<int>(0);
    return kin::loop([total](number n) { *total += n.value; },
                     [me, total](const word& /*ask*/) { kin::send(me, number{*total}); });
  });
  for (int i = 1; i <= 100; ++i) kin::send(sum, number{i});
  kin::send(sum, word{"ask"});

  EXPECT_EQ(test::expect<number>(), number{5050});
}

KIN_TEST(handler, stops_with_the_reason_it_returns) {
  const auto h =
      kin::spawn_monitor([] { return kin::loop([](number n) { return kin::stop(n.value); }); });
  kin::send(h.pid, number{3});

  EXPECT_EQ(test::expect_down(h.ref).reason, kin::exit_reason(3));
}

KIN_TEST(handler, may_say_what_comes_next_in_some_clauses_only) {
  const auto h = kin::spawn_monitor([] {
    return kin::loop([](number /*n*/) {}, [](const word& w) { return kin::stop(w.text); });
  });
  kin::send(h.pid, number{3});
  kin::send(h.pid, word{"bye"});

  EXPECT_EQ(test::expect_down(h.ref).reason, "bye");
}

KIN_TEST(handler, may_exit_and_throw) {
  const auto body = [] {
    return kin::loop([](number n) { kin::exit(n.value); },
                     [](const word& w) { throw std::runtime_error(w.text); });
  };
  const auto exits = kin::spawn_monitor(body);
  const auto throws = kin::spawn_monitor(body);
  kin::send(exits.pid, number{3});
  kin::send(throws.pid, word{"ouch"});

  EXPECT_EQ(test::expect_down(exits.ref).reason, kin::exit_reason(3));
  EXPECT_TRUE(test::expect_down(throws.ref).reason.is_error());
}

KIN_TEST(handler, that_throws_at_a_queued_message_drops_the_rest) {
  auto held = std::make_shared<int>(1);
  const auto h = kin::spawn_monitor([] {
    return kin::loop([](const std::shared_ptr<int>& /*p*/) { throw std::runtime_error("ouch"); });
  });
  for (int i = 0; i < 10; ++i) kin::send(h.pid, held);
  EXPECT_TRUE(test::expect_down(h.ref).reason.is_error());
  kin::sim::settle();  // those that were under way

  EXPECT_EQ(held.use_count(), 1);
}

KIN_TEST(handler, destroys_each_message_it_has_handled, {.leaves_processes = true}) {
  auto held = std::make_shared<int>(1);
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    return kin::loop([](const std::shared_ptr<int>& /*p*/) {},
                     [me](const word& w) { kin::send(me, w); });
  });
  for (int i = 0; i < 10; ++i) {
    kin::send(h, held);
    if (i % 2 == 0) {
      EXPECT_TRUE(kin::is_alive(h));  // alone in the mailbox, and not alone
    }
  }
  kin::send(h, word{"done"});
  test::expect<word>();

  EXPECT_EQ(held.use_count(), 1);
}

// ---- what matches nothing -----------------------------------------------------------------------

KIN_TEST(handler, leaves_what_no_clause_takes_until_one_does,
         {.workers = {1, 2, 4}, .leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    auto open = std::make_shared<bool>(false);
    return kin::loop(
        kin::when([open](number /*n*/) { return *open; }, [me](number n) { kin::send(me, n); }),
        [open](const word& w) { *open = w.text == "open"; });
  });
  for (int round = 0; round < test::times(100); ++round) {
    for (int i = 0; i < 5; ++i) kin::send(h, number{i});
    kin::send(h, word{"open"});
    for (int i = 0; i < 5; ++i) ASSERT_EQ(test::expect<number>().value, i);
    kin::send(h, word{"close"});
  }
}

KIN_TEST(handler, leaves_the_types_it_does_not_know, {.leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    return kin::loop([me](const word& /*w*/) {
      std::vector<std::string> left = test::drained();
      kin::send(me, left);
    });
  });
  for (int i = 0; i < 3; ++i) kin::send(h, number{i});
  EXPECT_TRUE(kin::is_alive(h));
  kin::send(h, number{3});
  kin::send(h, word{"what is left?"});

  EXPECT_THAT(test::expect<std::vector<std::string>>(), testing::ElementsAre("0", "1", "2", "3"));
}

KIN_TEST(handler, goes_on_after_one_that_was_left_alone_in_the_mailbox,
         {.leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h =
      kin::spawn([me] { return kin::loop([me](const word& w) { kin::send(me, w); }); });
  for (int i = 0; i < 10; ++i) {
    kin::send(h, number{i});
    EXPECT_TRUE(kin::is_alive(h));
    kin::send(h, word{"next"});
    EXPECT_EQ(test::expect<word>(), word{"next"});
  }
}

KIN_TEST(handler, with_a_catch_all_owns_the_message, {.leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid forward =
      kin::spawn([me] { return kin::loop([me](kin::message m) { kin::send(me, std::move(m)); }); });
  for (int i = 0; i < 100; ++i) kin::send(forward, number{i});
  kin::send(forward, word{"end"});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(test::expect<number>().value, i);
  EXPECT_EQ(test::expect<word>(), word{"end"});
}

KIN_TEST(handler, offers_what_it_left_again_after_a_message_it_owns,
         {.workers = {1}, .leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    auto open = std::make_shared<bool>(false);
    return kin::loop(
        kin::when([open](number /*n*/) { return *open; }, [me](number n) { kin::send(me, n); }),
        kin::when([](const word& /*w*/) { return true; },
                  [open](const word& /*w*/) {
                    *open = true;
                    kin::sleep(1us);
                  }));
  });
  kin::send(h, number{1});
  kin::send(h, word{"open"});
  kin::send(h, number{2});

  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_EQ(test::expect<number>(), number{2});
}

// ---- waits inside a handler ---------------------------------------------------------------------

KIN_TEST(handler, may_receive_in_the_middle_of_a_message,
         {.workers = {1, 2, 4}, .leaves_processes = true}) {  // protocols 4
  const kin::pid h = kin::spawn([] {
    return kin::loop([](ping first) {
      const int second = kin::receive([](number n) { return n.value; });
      kin::send(first.from, number{first.value * 1000 + second});
    });
  });
  for (int i = 0; i < test::times(2000); ++i) {
    kin::send(h, ping{kin::self(), i});
    if (i % 3 == 0) kin::yield();
    kin::send(h, number{i % 1000});
    ASSERT_EQ(test::expect<number>().value, i * 1000 + i % 1000);
  }
}

KIN_TEST(handler, does_not_receive_the_message_in_hand_again,
         {.workers = {1, 2, 4}, .leaves_processes = true}) {
  const kin::pid h = kin::spawn([] {
    return kin::loop([](ping first) {
      const bool again = kin::receive([](const ping& /*p*/) { return true; },
                                      kin::after(0s, [] { return false; }));
      kin::send(first.from, again);
    });
  });
  for (int i = 0; i < test::times(500); ++i) {
    kin::send(h, ping{kin::self(), i});
    ASSERT_FALSE(test::expect<bool>());
  }
}

KIN_THREAD_TEST(handler, that_waits_for_a_time_uses_no_cpu_and_holds_nobody_up,
                {.workers = {1}, .leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([] {
    return kin::loop([](ping p) {
      kin::receive([](const word& /*w*/) {}, kin::after(200ms, [] {}));
      kin::send(p.from, number{p.value});
    });
  });
  EXPECT_TRUE(kin::is_alive(h));  // and idle: the message is handled where it lies
  kin::send(h, ping{me, 1});
  const kin::duration before = used_cpu();
  EXPECT_EQ(test::expect<number>(), number{1});

  EXPECT_LT(used_cpu() - before, 100ms);
}

KIN_TEST(handler, that_waits_lets_others_run, {.workers = {1}, .leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    return kin::loop([me](const word& /*w*/) {
      kin::send(me, word{"waits"});
      kin::receive([me](number n) { kin::send(me, n); });
    });
  });
  EXPECT_TRUE(kin::is_alive(h));
  kin::send(h, word{"go"});
  EXPECT_EQ(test::expect<word>(), word{"waits"});
  kin::yield();
  kin::send(h, number{7});
  EXPECT_EQ(test::expect<number>(), number{7});
}

KIN_TEST(handler, may_sleep_yield_block_and_ask_in_the_middle_of_a_message,
         {.workers = {1}, .leaves_processes = true}) {
  const kin::pid friendly = kin::spawn([] { test::idle(); });
  const kin::pid h = kin::spawn([friendly] {
    return kin::loop([friendly](ping p) {
      kin::sleep(1ms);
      kin::yield();
      const int got = kin::blocking([&] { return p.value + 1; });
      EXPECT_TRUE(kin::is_alive(friendly));
      kin::send(p.from, number{got});
    });
  });
  for (int i = 0; i < 20; ++i) {
    kin::send(h, ping{kin::self(), i});
    if (i % 2 == 1) kin::send(h, ping{kin::self(), 100 + i});
    EXPECT_EQ(test::expect<number>().value, i + 1);
    if (i % 2 == 1) {
      EXPECT_EQ(test::expect<number>().value, 100 + i + 1);
    }
  }
}

KIN_TEST(handler, that_yields_loses_no_message, {.workers = {1, 2, 4}, .leaves_processes = true}) {
  const kin::pid h = kin::spawn([] {
    return kin::loop([](ping p) {
      kin::yield();
      kin::send(p.from, number{p.value});
    });
  });
  const int count = test::times(4000);
  for (int i = 0; i < count; ++i) {
    kin::send(h, ping{kin::self(), i});
    if (i % 7 == 0) kin::yield();
  }
  for (int i = 0; i < count; ++i) ASSERT_EQ(test::expect<number>().value, i);
}

// The in-place node is used again: protocols 4.
KIN_TEST(handler, that_waits_under_fire_loses_no_message,
         {.workers = {1, 2, 4}, .leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    return kin::loop([me](number n) {
      if (n.value % 5 == 0) kin::receive([](const word& /*w*/) {}, kin::after(0s, [] {}));
      if (n.value % 7 == 0) kin::receive([](const word& /*w*/) {}, kin::after(1us, [] {}));
      if (n.value % 11 == 0) kin::yield();
      kin::send(me, n);
    });
  });
  const int count = test::times(4000);
  kin::spawn([=] {
    for (int i = 0; i < count; ++i) {
      kin::send(h, number{i});
      if (i % 16 == 0) kin::yield();
    }
  });
  for (int i = 0; i < count; ++i) ASSERT_EQ(test::expect<number>().value, i);
}

KIN_TEST(handler, may_be_killed_in_the_middle_of_a_message) {
  const kin::pid me = kin::self();
  auto held = std::make_shared<int>(0);
  const auto h = kin::spawn_monitor([me] {
    return kin::loop([me](const std::shared_ptr<int>& /*p*/) {
      kin::send(me, word{"waits"});
      kin::receive([](number /*n*/) {});
    });
  });
  kin::send(h.pid, held);
  test::expect<word>();
  kin::exit(h.pid, kin::kill);

  EXPECT_EQ(test::expect_down(h.ref).reason, kin::killed);
  EXPECT_EQ(held.use_count(), 1);
}

KIN_TEST(handler, may_end_itself_by_a_signal_in_the_middle_of_a_message) {
  const auto h = kin::spawn_monitor(
      [] { return kin::loop([](number /*n*/) { kin::exit(kin::self(), "by myself"); }); });
  kin::send(h.pid, number{1});

  EXPECT_EQ(test::expect_down(h.ref).reason, "by myself");
}

KIN_TEST(handler, hears_a_fatal_signal_between_two_messages, {.workers = {1}}) {
  const kin::pid me = kin::self();
  const auto h = kin::spawn_monitor([me] {
    return kin::loop([me](number n) {
      kin::send(me, n);
      if (n.value == 0) kin::exit(kin::self(), kin::normal);
    });
  });
  for (int i = 5; i >= -5; --i) kin::send(h.pid, number{i});
  test::expect_down(h.ref);

  EXPECT_THAT(test::drained(), testing::ElementsAre("5", "4", "3", "2", "1", "0"));
}

// ---- what comes next ----------------------------------------------------------------------------

KIN_TEST(handler_after, is_called_when_nothing_came) {
  const kin::pid me = kin::self();
  const auto h = kin::spawn_monitor([me] {
    return kin::loop([me](number n) { kin::send(me, n); },
                     kin::after(20ms, [] { return kin::stop("bored"); }));
  });
  kin::send(h.pid, number{1});

  EXPECT_EQ(test::expect_down(h.ref).reason, "bored");
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(handler_after, comes_again_and_again) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    return kin::loop([](number /*n*/) {}, kin::after(1ms, [me] { kin::send(me, word{"tick"}); }));
  });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(test::expect<word>(), word{"tick"});
  kin::exit(h, kin::kill);
}

KIN_TEST(handler_after, is_put_off_by_each_message_it_takes) {
  const kin::pid me = kin::self();
  const auto h = kin::spawn_monitor([] {
    return kin::loop([](number /*n*/) {}, kin::after(300ms, [] { return kin::stop("bored"); }));
  });
  static_cast<void>(me);
  const auto began = kin::clock::now();
  for (int i = 0; i < 5; ++i) {
    kin::send(h.pid, number{i});
    kin::sleep(20ms);
  }
  const auto last = kin::clock::now();
  EXPECT_EQ(test::expect_down(h.ref).reason, "bored");
  if (last - began < 250ms) {
    EXPECT_GE(kin::clock::now() - began, 380ms);
  }
}

KIN_TEST(handler_after, is_not_put_off_by_what_it_leaves) {
  const auto h = kin::spawn_monitor([] {
    return kin::loop([](number /*n*/) {}, kin::after(50ms, [] { return kin::stop("bored"); }));
  });
  const kin::pid noisy = kin::spawn([to = h.pid] {
    for (;;) {
      kin::send(to, word{"noise"});
      kin::sleep(5ms);
    }
  });
  EXPECT_EQ(test::expect_down(h.ref, 5s).reason, "bored");
  kin::exit(noisy, kin::kill);
}

KIN_TEST(handler_after, zero_comes_when_the_mailbox_is_empty) {
  const auto h = kin::spawn_monitor([] {
    return kin::loop([](number /*n*/) {}, kin::after(0s, [] { return kin::stop("empty"); }));
  });
  EXPECT_EQ(test::expect_down(h.ref).reason, "empty");
}

KIN_TEST(handler_after, offers_what_was_left_again) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    auto open = std::make_shared<bool>(false);
    return kin::loop(
        kin::when([open](number /*n*/) { return *open; }, [me](number n) { kin::send(me, n); }),
        kin::after(5ms, [open] { *open = true; }));
  });
  kin::send(h, number{1});

  EXPECT_EQ(test::expect<number>(), number{1});
  kin::exit(h, kin::kill);
}

KIN_TEST(handler_after, zero_for_ever_lets_others_run, {.workers = {1}}) {
  const auto h =
      kin::spawn_monitor([] { return kin::loop([](number /*n*/) {}, kin::after(0s, [] {})); });
  for (int i = 0; i < 10; ++i) kin::yield();
  kin::exit(h.pid, kin::kill);
  EXPECT_EQ(test::expect_down(h.ref).reason, kin::killed);
}

KIN_TEST(handler, may_ask_for_a_timeout_of_its_own) {
  const kin::pid me = kin::self();
  const auto h = kin::spawn_monitor([me] {
    return kin::loop([](number /*n*/) { return kin::timeout{1ms}; },
                     kin::after(kin::infinity, [me] {
                       kin::send(me, word{"timeout"});
                       return kin::stop(kin::normal);
                     }));
  });
  kin::send(h.pid, number{1});

  EXPECT_EQ(test::expect<word>(), word{"timeout"});
  EXPECT_EQ(test::expect_down(h.ref).reason, kin::normal);
}

KIN_TEST(handler, goes_on_with_a_continuation_before_any_message,
         {.workers = {1}, .leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    return kin::loop(
        [me](const word& w) {
          kin::send(me, w);
          return kin::continue_with([me] { kin::send(me, word{"continued"}); });
        },
        [me](number n) { kin::send(me, n); });
  });
  kin::send(h, word{"first"});
  kin::send(h, number{2});
  test::expect<number>();

  EXPECT_THAT(test::drained(), testing::ElementsAre("first", "continued"));
}

KIN_TEST(handler, hibernates_and_wakes_up, {.leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    return kin::loop([me](number n) {
      kin::send(me, n);
      return kin::hibernate;
    });
  });
  for (int i = 0; i < 3; ++i) {
    kin::send(h, number{i});
    EXPECT_EQ(test::expect<number>().value, i);
  }
}

KIN_TEST(handler, waits_before_it_becomes_one, {.leaves_processes = true}) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] {
    const std::string greeting = kin::receive([](const word& w) { return w.text; });
    return kin::loop(
        [me, greeting](number n) { kin::send(me, word{greeting + std::to_string(n.value)}); });
  });
  kin::send(h, number{1});
  kin::send(h, number{2});
  kin::send(h, word{"hello "});

  EXPECT_EQ(test::expect<word>(), word{"hello 1"});
  EXPECT_EQ(test::expect<word>(), word{"hello 2"});
}

KIN_TEST(handler, destroys_what_the_body_held_when_it_becomes_one, {.leaves_processes = true}) {
  auto held = std::make_shared<int>(0);
  const kin::pid me = kin::self();
  const kin::pid h =
      kin::spawn([held, me] { return kin::loop([me](number n) { kin::send(me, n); }); });
  kin::send(h, number{1});
  test::expect<number>();

  EXPECT_EQ(held.use_count(), 1);
}

KIN_TEST(handler, a_thousand_idle_ones_are_woken_and_killed, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  std::vector<kin::monitored> all;
  for (int i = 0; i < test::times(4000); ++i) {
    all.push_back(
        kin::spawn_monitor([me] { return kin::loop([me](number n) { kin::send(me, n); }); }));
  }
  for (const auto& one : all) kin::send(one.pid, number{1});
  for (std::size_t i = 0; i < all.size(); ++i) test::expect<number>();
  for (const auto& one : all) kin::exit(one.pid, kin::kill);
  for (const auto& one : all) ASSERT_EQ(test::expect_down(one.ref).reason, kin::killed);
}

}  // namespace
