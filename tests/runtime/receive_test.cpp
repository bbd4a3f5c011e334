// SPDX-License-Identifier: Apache-2.0
// receive: which message is taken, when, and what stays. otp-semantics 1.1 and 1.10.
#include "support/expect.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

KIN_TEST(receive, takes_the_oldest_that_any_clause_matches) {
  kin::send(kin::self(), 1.5);
  kin::send(kin::self(), number{1});
  kin::send(kin::self(), word{"a"});

  const std::string first = kin::receive([](const word& w) { return w.text; },
                                         [](number n) { return std::to_string(n.value); });
  EXPECT_EQ(first, "1");
  EXPECT_THAT(test::drained(), testing::ElementsAre("1.5", "a"));
}

KIN_TEST(receive, leaves_what_does_not_match_in_order) {
  for (int i = 0; i < 10; ++i) kin::send(kin::self(), number{i});
  for (int wanted : {5, 0, 9, 7}) {
    kin::receive(kin::when([=](number n) { return n.value == wanted; }, [](number /*n*/) {}));
  }

  EXPECT_THAT(test::drained(), testing::ElementsAre("1", "2", "3", "4", "6", "8"));
}

KIN_TEST(receive, takes_the_last_one_and_goes_on_appending) {
  kin::send(kin::self(), number{1});
  kin::send(kin::self(), number{2});
  kin::receive(kin::when(&number::value, 2, [](number /*n*/) {}));
  kin::send(kin::self(), number{3});

  EXPECT_THAT(test::drained(), testing::ElementsAre("1", "3"));
}

KIN_TEST(receive, asks_the_first_clause_first) {
  kin::send(kin::self(), number{1});
  EXPECT_EQ(kin::receive(
                kin::when(&number::value, 2, [](number /*n*/) { return "two"s; }),
                [](number /*n*/) { return "any"s; },
                kin::when(&number::value, 1, [](number /*n*/) { return "one"s; })),
            "any");
}

KIN_TEST(receive, gives_a_catch_all_the_message_itself) {
  kin::send(kin::self(), word{"kept"});
  kin::message m = kin::receive([](kin::message any) { return any; });

  ASSERT_NE(m.get_if<word>(), nullptr);
  EXPECT_EQ(m.get_if<word>()->text, "kept");
  EXPECT_EQ(m.get_if<number>(), nullptr);

  kin::send(kin::self(), std::move(m));
  EXPECT_EQ(test::expect<word>(), word{"kept"});
}

KIN_TEST(receive, does_not_take_what_its_guard_refuses_later_either) {
  const kin::pid me = kin::self();
  kin::spawn([me] {
    for (int i = 0; i < 100; ++i) kin::send(me, number{i});
    kin::send(me, word{"end"});
  });
  EXPECT_EQ(kin::receive(kin::when(&number::value, 99, [](number n) { return n.value; })), 99);
  test::expect<word>();
  for (int i = 0; i < 99; ++i) ASSERT_EQ(test::expect<number>().value, i);
}

KIN_TEST(receive, lets_an_exception_of_a_guard_out_and_keeps_the_message) {
  kin::send(kin::self(), number{1});
  EXPECT_THROW(
      kin::receive(kin::when([](number /*n*/) -> bool { throw std::runtime_error("guard"); },
                             [](number /*n*/) {})),
      std::runtime_error);
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(receive, lets_an_exception_of_a_clause_out_and_has_taken_the_message) {
  kin::send(kin::self(), number{1});
  EXPECT_THROW(kin::receive([](number /*n*/) { throw std::runtime_error("clause"); }),
               std::runtime_error);
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(receive, in_a_clause_of_a_receive_sees_the_rest) {
  for (int i = 0; i < 3; ++i) kin::send(kin::self(), number{i});
  std::vector<int> seen;
  kin::receive([&](number a) {
    seen.push_back(a.value);
    kin::receive(kin::when(&number::value, 2, [&](number b) { seen.push_back(b.value); }));
  });

  EXPECT_EQ(seen, (std::vector{0, 2}));
  EXPECT_THAT(test::drained(), testing::ElementsAre("1"));
}

KIN_TEST(receive, returns_what_its_clauses_have_in_common) {
  kin::send(kin::self(), number{1});
  const auto value =
      kin::receive([](number /*n*/) { return 1; }, [](const word& /*w*/) { return 2.5; });
  static_assert(std::is_same_v<decltype(value), const double>);
  EXPECT_EQ(value, 1.0);
}

KIN_TEST(receive, returns_what_can_only_be_moved) {
  kin::send(kin::self(), std::make_unique<int>(4));
  const auto got = kin::receive([](std::unique_ptr<int> p) { return p; });
  EXPECT_EQ(*got, 4);
}

TEST(receive, outside_a_process_is_an_error) {
  EXPECT_THROW(kin::receive([](number /*n*/) {}), kin::error);
}

// ---- after --------------------------------------------------------------------------------------

KIN_TEST(receive_after, zero_looks_at_the_mailbox_once, {.leaves_messages = true}) {
  kin::send(kin::self(), word{"there"});
  kin::send(kin::self(), number{1});

  EXPECT_TRUE(
      kin::receive([](number /*n*/) { return true; }, kin::after(0s, [] { return false; })));
  EXPECT_FALSE(
      kin::receive([](number /*n*/) { return true; }, kin::after(0s, [] { return false; })));
}

KIN_TEST(receive_after, zero_sees_what_came_without_a_wait, {.workers = {1}}) {
  // Undrained until now: sent by the same thread.
  for (int i = 0; i < 3; ++i) kin::send(kin::self(), number{i});
  EXPECT_THAT(test::drained(), testing::ElementsAre("0", "1", "2"));
}

KIN_TEST(receive_after, is_never_early) {
  for (const kin::duration wait :
       {kin::duration(1us), kin::duration(100us), kin::duration(3ms), kin::duration(20ms)}) {
    const auto began = kin::clock::now();
    kin::receive([](number /*n*/) {}, kin::after(wait, [] {}));
    EXPECT_GE(kin::clock::now() - began, wait);
  }
}

KIN_TEST(receive_after, is_not_put_off_by_what_does_not_match, {.leaves_messages = true}) {
  const kin::pid me = kin::self();
  const kin::pid noisy = kin::spawn([me] {
    for (;;) {
      kin::send(me, word{"noise"});
      kin::sleep(1ms);
    }
  });

  EXPECT_TRUE(
      kin::receive([](number /*n*/) { return false; }, kin::after(30ms, [] { return true; })));
  kin::exit(noisy, kin::kill);
}

KIN_TEST(receive_after, starts_anew_with_each_receive, {.leaves_messages = true}) {
  const kin::pid me = kin::self();
  kin::spawn([me] {
    kin::sleep(40ms);
    kin::send(me, number{1});
  });
  for (int i = 0; i < 3; ++i) {
    const auto began = kin::clock::now();
    kin::receive([](const word& /*w*/) {}, kin::after(20ms, [] {}));
    EXPECT_GE(kin::clock::now() - began, 20ms);
  }
}

KIN_TEST(receive_after, that_is_short_is_not_as_late_as_a_long_one_before,
         {.leaves_messages = true}) {  // protocols 6a
  kin::send(kin::self(), number{1});
  kin::receive([](const word& /*w*/) {}, kin::after(1ms, [] {}));
  const kin::pid me = kin::self();
  kin::spawn([me] {
    kin::sleep(5ms);
    kin::send(me, word{"soon"});
  });
  kin::receive([](const word& /*w*/) {}, kin::after(1h, [] { ADD_FAILURE() << "an hour?"; }));
  const auto began = kin::clock::now();
  kin::receive([](const word& /*w*/) {}, kin::after(10ms, [] {}));

  EXPECT_LT(kin::clock::now() - began, 10s);
}

KIN_TEST(receive_after, that_has_passed_is_forgotten) {
  kin::receive([](number /*n*/) {}, kin::after(1ms, [] {}));
  const kin::pid me = kin::self();
  kin::spawn([me] {
    kin::sleep(20ms);
    kin::send(me, number{1});
  });
  EXPECT_EQ(kin::receive([](number n) { return n.value; }), 1);
}

KIN_TEST(receive_after, infinity_waits) {
  const kin::pid me = kin::self();
  kin::spawn([me] {
    kin::sleep(5ms);
    kin::send(me, number{1});
  });
  EXPECT_EQ(
      kin::receive([](number n) { return n.value; }, kin::after(kin::infinity, [] { return 2; })),
      1);
}

KIN_TEST(receive_after, with_a_negative_time_takes_what_is_there_and_else_is_an_error) {
  const auto receive_at_once = [] {
    return kin::receive([](number n) { return n.value; }, kin::after(-1s, [] { return 0; }));
  };
  kin::send(kin::self(), number{1});
  EXPECT_EQ(receive_at_once(), 1);
  EXPECT_THROW(receive_at_once(), kin::error);
}

KIN_TEST(receive_after, alone_just_waits) {
  kin::send(kin::self(), number{1});
  EXPECT_EQ(kin::receive(kin::after(1ms, [] { return 5; })), 5);
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(receive, a_message_and_a_timeout_that_meet_give_one_of_both, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  for (int i = 0; i < test::times(400); ++i) {
    const kin::pid sender = kin::spawn([me, i] {
      kin::receive([](number /*n*/) {}, kin::after(std::chrono::microseconds(50 + i % 100), [] {}));
      kin::send(me, number{i});
    });
    const bool late =
        kin::receive([](number /*n*/) { return false; }, kin::after(100us, [] { return true; }));
    if (late) {
      ASSERT_EQ(test::expect<number>().value, i);
    }
    test::await_exit(sender);
    ASSERT_THAT(test::drained(), testing::IsEmpty());
  }
}

// ---- order of each pair -------------------------------------------------------------------------

KIN_TEST(receive, keeps_the_order_of_each_sender_that_migrates, {.workers = {1, 2, 4}}) {
  constexpr int senders = 8;
  const int each = test::times(4000);
  struct stamped {
    int sender;
    int count;
  };
  const kin::pid me = kin::self();
  for (int s = 0; s < senders; ++s) {
    kin::spawn([=] {
      for (int i = 0; i < each; ++i) {
        kin::send(me, stamped{s, i});
        if (i % 3 == 0) kin::yield();  // and perhaps goes on elsewhere
        if (i % 256 == 0) kin::sleep(10us);
      }
    });
  }
  std::vector<int> next(senders, 0);
  for (int i = 0; i < senders * each; ++i) {
    const auto got = test::expect<stamped>();
    ASSERT_EQ(got.count, next[static_cast<std::size_t>(got.sender)]++);
  }
}

KIN_TEST(receive, keeps_the_order_by_pid_and_by_name, {.workers = {1, 2, 4}}) {
  static constexpr kin::name<> listener{"receive_test.listener"};
  kin::register_name(listener, kin::self());
  const kin::pid me = kin::self();
  const int count = test::times(4000);
  kin::spawn([me, count] {
    for (int i = 0; i < count; i += 2) {
      kin::send(me, number{i});
      kin::send(listener, number{i + 1});
      if (i % 64 == 0) kin::yield();
    }
  });
  for (int i = 0; i < count; ++i) ASSERT_EQ(test::expect<number>().value, i);
}

KIN_TEST(receive, loses_nothing_and_doubles_nothing_under_many_senders, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  const int each = test::times(2000);
  constexpr int senders = 16;
  for (int s = 0; s < senders; ++s) {
    kin::spawn([=] {
      for (int i = 0; i < each; ++i) kin::send(me, number{s * each + i});
    });
  }
  std::vector<bool> seen(static_cast<std::size_t>(senders * each));
  for (int i = 0; i < senders * each; ++i) {
    const auto n = static_cast<std::size_t>(test::expect<number>().value);
    ASSERT_FALSE(seen[n]);
    seen[n] = true;
  }
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(receive, hands_a_token_round_a_ring, {.workers = {1, 2, 4}, .leaves_processes = true}) {
  const int turns = test::times(20'000);
  const kin::pid me = kin::self();
  kin::pid next = me;
  for (int i = 0; i < 50; ++i) {
    next = kin::spawn([next] {
      for (;;) kin::send(next, number{kin::receive([](number n) { return n.value; }) - 1});
    });
  }
  kin::send(next, number{turns});
  int got = turns;
  while (got > 0) {
    got = test::expect<number>().value;
    if (got > 0) kin::send(next, number{got});
  }
  EXPECT_LE(got, 0);
}

// ---- the reference optimisation -----------------------------------------------------------------

struct answer {
  kin::ref ref;
  int value = 0;
};

kin::duration cpu_time() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

// The shortest of three goes of `rounds` calls.
kin::duration calls_take(int rounds) {
  kin::duration best = 1h;
  for (int go = 0; go < 3; ++go) {
    const kin::duration began = cpu_time();
    for (int i = 0; i < rounds; ++i) {
      const kin::ref r = kin::make_ref();
      kin::send(kin::self(), answer{r, i});
      EXPECT_EQ(kin::receive(kin::when(&answer::ref, r, [](answer a) { return a.value; })), i);
    }
    best = std::min(best, cpu_time() - began);
  }
  return best;
}

KIN_THREAD_TEST(receive_by_reference, does_not_look_at_what_came_before_the_reference_was_made,
                {.workers = {1}}) {
  const int rounds = test::times(400);
  const kin::duration empty = calls_take(rounds);
  for (int i = 0; i < test::times(100'000); ++i) kin::send(kin::self(), answer{kin::make_ref(), i});
  const kin::duration full = calls_take(rounds);

  EXPECT_LT(full, 10 * empty + 2ms);
  for (int i = 0; i < test::times(100'000); ++i) ASSERT_EQ(test::expect<answer>().value, i);
}

KIN_THREAD_TEST(receive_by_reference,
                does_not_look_at_what_was_undrained_when_the_reference_was_made, {.workers = {1}}) {
  // Each round some come that no receive has seen when the reference is made.
  const auto rounds = [](int noise) {
    kin::duration best = 1h;
    for (int go = 0; go < 5; ++go) {
      for (int i = 0; i < noise; ++i) kin::send(kin::self(), answer{});
      const kin::ref r = kin::make_ref();
      kin::send(kin::self(), answer{r, go});
      const kin::duration began = cpu_time();
      EXPECT_EQ(kin::receive(kin::when(&answer::ref, r, [](answer a) { return a.value; })), go);
      for (int i = 0; i < test::times(400); ++i) {  // all the same reference: all start at its mark
        kin::send(kin::self(), answer{r, i});
        EXPECT_EQ(kin::receive(kin::when(&answer::ref, r, [](answer a) { return a.value; })), i);
      }
      best = std::min(best, cpu_time() - began);
      test::drained();
    }
    return best;
  };
  const kin::duration quiet = rounds(1);
  const kin::duration noisy = rounds(50'000);

  EXPECT_LT(noisy, 10 * quiet + 10ms);
}

KIN_TEST(receive_by_reference, finds_its_message_whatever_was_taken_meanwhile) {
  for (int i = 0; i < 3; ++i) kin::send(kin::self(), number{i});
  kin::receive(kin::when(&number::value, 0, [](number /*n*/) {}));
  const kin::ref r = kin::make_ref();
  kin::send(kin::self(), answer{r, 1});
  test::drained();  // the mark and all are gone
  kin::send(kin::self(), answer{r, 2});

  EXPECT_EQ(kin::receive(kin::when(&answer::ref, r, [](answer a) { return a.value; })), 2);
}

KIN_TEST(receive_by_reference, with_a_clause_that_pins_nothing_sees_all) {
  kin::send(kin::self(), number{1});

  kin::receive([](const word& /*w*/) {}, kin::after(0s, [] {}));
  const kin::ref r = kin::make_ref();
  const int got = kin::receive(kin::when(&answer::ref, r, [](answer /*a*/) { return 0; }),
                               [](number n) { return n.value; });
  EXPECT_EQ(got, 1);
}

// ---- make_ref -----------------------------------------------------------------------------------

KIN_TEST(receive, references_are_made_once, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  constexpr int makers = 4;
  const int each = test::times(3000, 3000);
  for (int m = 0; m < makers; ++m) {
    kin::spawn([me, each] {
      std::vector<kin::ref> mine;
      for (int i = 0; i < each; ++i) {
        mine.push_back(kin::make_ref());
        if (i % 100 == 0) kin::yield();
      }
      kin::send(me, std::move(mine));
    });
  }
  std::vector<kin::ref> all;
  for (int m = 0; m < makers; ++m) {
    const auto some = test::expect<std::vector<kin::ref>>();
    all.insert(all.end(), some.begin(), some.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_FALSE(kin::ref{});
}

}  // namespace
