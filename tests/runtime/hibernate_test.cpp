// SPDX-License-Identifier: Apache-2.0
// kin::hibernate, returned by a callback and by a body: otp-semantics 1.16, protocols 19.
#include <kin/alias.hpp>
#include <kin/info.hpp>
#include <kin/values.hpp>

#include "support/expect.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kin::process_status;
using test::number;
using test::word;

void expect_asleep(kin::pid p) {
  while (kin::info(p)->current_function != "kin::hibernate") kin::yield();
  const auto about = *kin::info(p);
  EXPECT_EQ(about.status, process_status::waiting);
  EXPECT_FALSE(about.holds_stack);
}

// ---- a callback that returns it -----------------------------------------------------------------

KIN_TEST(hibernate, is_what_info_says_of_a_server_until_its_next_callback) {
  const kin::pid p = kin::spawn([me = kin::self()] {
    return kin::loop([](const word& /*w*/) { return kin::hibernate; },
                     [me](number n) { kin::send(me, n); });
  });
  EXPECT_EQ(kin::info(p)->current_function, "");
  kin::send(p, word{"sleep"});
  expect_asleep(p);
  kin::send(p, number{1});
  test::expect<number>();
  EXPECT_EQ(kin::info(p)->current_function, "");
  EXPECT_EQ(kin::info(p)->status, process_status::waiting);
  kin::exit(p, kin::kill);
}

// All that a process can have beside its state: what is in use is there after a hibernation.
KIN_TEST(hibernate, keeps_what_is_in_use, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  const kin::pid p = kin::spawn([me] {
    const kin::pid other = kin::spawn([] { test::idle(); });
    kin::put("key", 7);
    const kin::ref watch = kin::monitor(other);
    const kin::ref alias = kin::alias();
    const kin::ref timer = kin::send_after(1h, kin::self(), word{"late"});
    kin::group_leader(me, kin::self());
    return kin::loop([](const word& /*w*/) { return kin::hibernate; },
                     [=](number n) {
                       kin::send(alias, std::string("by the alias"));
                       kin::send(me, n);
                       EXPECT_EQ(*kin::get<int>("key"), 7);
                       EXPECT_TRUE(kin::read_timer(timer));
                       kin::exit(other, "over");
                     },
                     [me](const std::string& text) { kin::send(me, word{text}); },
                     [=](const kin::down& d) {
                       EXPECT_EQ(d.ref, watch);
                       kin::send(me, d.reason);
                     });
  });
  kin::send(p, word{"sleep"});
  expect_asleep(p);
  EXPECT_EQ(kin::info(p)->group_leader, me);
  EXPECT_EQ(kin::info(p)->monitors.size(), 1U);
  kin::send(p, number{1});
  test::expect<number>();
  EXPECT_EQ(test::expect<word>(), word{"by the alias"});
  EXPECT_EQ(test::expect<kin::exit_reason>(), "over");
  kin::exit(p, kin::kill);
}

struct need {
  std::string what;
  std::function<void()> make;
  std::function<bool()> is_there;
};

inline constexpr kin::name<> sleeper{"hibernate_test.sleeper"};

std::vector<need> needs(kin::pid up) {
  const auto made = std::make_shared<kin::ref>();
  return {
      {"a value", [] { kin::put("key", 1); }, [] { return kin::get<int>("key") != nullptr; }},
      {"an alias", [=] { *made = kin::alias(); }, [=] { return kin::unalias(*made); }},
      {"a name", [] { kin::register_name(sleeper, kin::self()); },
       [] {
         kin::unregister_name(sleeper);
         return true;
       }},
      {"a monitor", [=] { *made = kin::monitor(up); }, [=] { return kin::demonitor(*made); }},
      {"a tagged monitor", [=] { *made = kin::monitor(up, number{1}); },
       [=] { return kin::demonitor(*made); }},
      {"a timer", [=] { *made = kin::send_after(1h, kin::self(), word{"late"}); },
       [=] { return kin::cancel_timer(*made).has_value(); }},
      {"a leader", [=] { kin::group_leader(up, kin::self()); },
       [=] { return kin::group_leader() == up; }},
      {"one it has suspended", [=] { kin::suspend(*kin::whereis(sleeper)); },
       [] {
         kin::resume(*kin::whereis(sleeper));
         return true;
       }},
  };
}

KIN_TEST(hibernate, keeps_each_thing_that_is_in_use_alone) {
  const kin::pid me = kin::self();
  for (const need& one : needs(me)) {
    const kin::pid other = kin::spawn_link([] { test::idle(); });
    if (one.what == "one it has suspended") kin::register_name(sleeper, other);
    const kin::pid p = kin::spawn([one, me] {
      one.make();
      return kin::loop([](const word& /*w*/) { return kin::hibernate; },
                       [one, me](number /*n*/) {
                         kin::send(me, one.is_there());
                         return kin::stop(kin::normal);
                       });
    });
    kin::send(p, word{"sleep"});
    expect_asleep(p);  // nobody watches it: that alone would keep all
    kin::send(p, number{1});
    EXPECT_TRUE(test::expect<bool>()) << one.what;
    test::await_exit(p);
    kin::send(other, word{"end"});
  }
}

// What it had and has no more can be had again.
KIN_TEST(hibernate, has_all_again_that_it_gave_back, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  const kin::pid p = kin::spawn([me] {
    return kin::loop([me](number n) {
      const auto child = kin::spawn_monitor([] {});
      test::expect_down(child.ref);
      kin::unalias(kin::alias());
      kin::send_after(0s, kin::self(), word{"soon"});
      test::expect<word>();
      EXPECT_EQ(kin::info(kin::self())->parent, me);
      kin::send(me, n);
      return kin::hibernate;
    });
  });
  for (int i = 0; i < test::times(200); ++i) {
    kin::send(p, number{i});
    ASSERT_EQ(test::expect<number>().value, i);
    if (i % 2 == 0) expect_asleep(p);
  }
  kin::exit(p, kin::kill);
}

KIN_TEST(hibernate, ends_the_idle_time_that_was_asked_for_before) {
  const kin::pid p = kin::spawn([me = kin::self()] {
    return kin::loop([](number /*n*/) { return kin::timeout{1ms}; },
                     [](const word& /*w*/) { return kin::hibernate; },
                     [me](const std::string& s) { kin::send(me, s); });
  });
  kin::send(p, number{1});
  kin::send(p, word{"sleep"});
  expect_asleep(p);
  kin::send(p, "still there"s);
  EXPECT_EQ(test::expect<std::string>(), "still there");
  kin::exit(p, kin::kill);
}

// ---- a body that returns it ---------------------------------------------------------------------

KIN_TEST(hibernate, from_a_body_goes_on_with_another_when_there_is_a_message,
         {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  const auto p = kin::spawn_monitor([me] {
    kin::send(me, word{"body"});
    return kin::hibernate([me] { kin::send(me, test::expect<number>()); });
  });
  EXPECT_EQ(test::expect<word>(), word{"body"});
  expect_asleep(p.pid);
  kin::send(p.pid, number{5});
  EXPECT_EQ(test::expect<number>(), number{5});
  EXPECT_EQ(test::expect_down(p.ref).reason, kin::normal);
}

KIN_TEST(hibernate, from_a_body_wakes_at_once_if_there_is_a_message) {
  const auto p = kin::spawn_monitor([] {
    kin::send(kin::self(), number{1});
    return kin::hibernate([] { EXPECT_EQ(test::expect<number>(0s), number{1}); });
  });
  EXPECT_EQ(test::expect_down(p.ref).reason, kin::normal);
}

KIN_TEST(hibernate, from_a_body_has_ended_it) {
  const auto held = std::make_shared<int>(0);
  const kin::pid p = kin::spawn([held] { return kin::hibernate([] {}); });
  expect_asleep(p);
  EXPECT_EQ(held.use_count(), 1);
  kin::exit(p, kin::kill);
}

struct sums {
  kin::pid up;
  static kin::hibernation from(kin::pid up, int sum) {
    return kin::hibernate([=] {
      const int now = sum + test::expect<number>().value;
      kin::send(up, number{now});
      return from(up, now);
    });
  }
};

KIN_TEST(hibernate, from_a_body_over_and_over, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  const kin::pid p = kin::spawn([me] { return sums::from(me, 0); });
  for (int i = 1; i <= test::times(1000); ++i) {
    kin::send(p, number{i});
    ASSERT_EQ(test::expect<number>().value, i * (i + 1) / 2);
  }
  expect_asleep(p);
  kin::exit(p, kin::kill);
}

KIN_TEST(hibernate, from_a_body_and_then_a_loop) {
  const kin::pid me = kin::self();
  const kin::pid p = kin::spawn([me] {
    return kin::hibernate([me] {
      test::expect<word>();
      return kin::loop([me](number n) { kin::send(me, n); });
    });
  });
  kin::send(p, number{1});
  kin::send(p, number{2});
  kin::send(p, word{"wake"});
  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_EQ(test::expect<number>(), number{2});
  kin::exit(p, kin::kill);
}

KIN_TEST(hibernate, from_a_body_answers_signals_asleep) {
  const kin::pid p = kin::spawn([] { return kin::hibernate([] { test::idle(); }); });
  expect_asleep(p);
  kin::link(p);
  kin::unlink(p);
  EXPECT_TRUE(kin::is_alive(p));
  kin::suspend(p);
  EXPECT_EQ(kin::info(p)->status, process_status::suspended);
  kin::send(p, number{1});
  EXPECT_EQ(kin::info(p)->message_queue_len, 1U) << "it woke while it was suspended";
  kin::resume(p);
  while (kin::info(p)->current_function != "kin::receive") kin::yield();
  EXPECT_EQ(test::end_told_by(p, word{"end"}), kin::normal);
}

KIN_TEST(hibernate, from_a_body_dies_asleep_and_destroys_what_the_next_one_holds,
         {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(300); ++i) {
    const auto held = std::make_shared<int>(0);
    const auto p = kin::spawn_monitor(
        [held] { return kin::hibernate([held] { ADD_FAILURE() << "it woke"; }); });
    for (int j = 0; j < i % 4; ++j) kin::yield();
    kin::exit(p.pid, kin::kill);
    ASSERT_EQ(test::expect_down(p.ref).reason, kin::killed);
    ASSERT_EQ(held.use_count(), 1);
  }
}

KIN_TEST(hibernate, from_a_body_traps_exits_as_messages_that_wake) {
  const kin::pid me = kin::self();
  const auto p = kin::spawn_monitor([me] {
    kin::trap_exits();
    return kin::hibernate([me] { kin::send(me, test::expect<kin::exited>().reason); });
  });
  expect_asleep(p.pid);
  kin::exit(p.pid, "wake up");
  EXPECT_EQ(test::expect<kin::exit_reason>(), "wake up");
  EXPECT_EQ(test::expect_down(p.ref).reason, kin::normal);
}

}  // namespace
