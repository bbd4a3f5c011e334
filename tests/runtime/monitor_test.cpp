// SPDX-License-Identifier: Apache-2.0
// Monitors: otp-semantics 1.6.
#include "support/expect.hpp"

#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

inline constexpr kin::name<> watched_name{"monitor_test.watched"};

kin::pid ends_when_told() {
  return kin::spawn([] { kin::exit(test::expect<kin::exit_reason>(1h)); });
}

KIN_TEST(monitor, hears_of_a_death_that_comes_after_it) {
  const kin::pid other = ends_when_told();
  const kin::ref ref = kin::monitor(other);
  kin::send(other, kin::exit_reason("gone"));

  EXPECT_EQ(test::expect<kin::down>(), (kin::down{ref, other, "gone"}));
}

KIN_TEST(monitor, hears_of_a_death_that_came_before_it) {
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);

  const kin::ref ref = kin::monitor(dead);

  EXPECT_EQ(test::expect<kin::down>(), (kin::down{ref, dead, kin::noproc}));
}

KIN_TEST(monitor, of_nobody_says_noproc) {
  const kin::ref ref = kin::monitor(kin::pid{});

  EXPECT_EQ(test::expect<kin::down>(), (kin::down{ref, kin::pid{}, kin::noproc}));
}

KIN_TEST(monitor, says_so_when_the_end_was_normal) {
  const auto child = kin::spawn_monitor([] {});
  EXPECT_EQ(test::expect<kin::down>(), (kin::down{child.ref, child.pid, kin::normal}));
}

KIN_TEST(monitor, three_times_hears_three_times) {
  const kin::pid other = ends_when_told();
  const std::vector<kin::ref> refs{kin::monitor(other), kin::monitor(other), kin::monitor(other)};
  kin::send(other, kin::exit_reason("gone"));

  for (const kin::ref ref : refs) EXPECT_EQ(test::expect_down(ref).reason, "gone");
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(monitor, of_oneself_never_fires) {
  const kin::pid me = kin::self();
  const auto child = kin::spawn_monitor([me] {
    const kin::ref mine = kin::monitor(kin::self());
    EXPECT_TRUE(mine);
    EXPECT_FALSE(kin::demonitor(mine));
    kin::send(me, test::drained());
  });
  EXPECT_THAT(test::expect<std::vector<std::string>>(), testing::IsEmpty());
  EXPECT_EQ(test::expect_down(child.ref).reason, kin::normal);
}

KIN_TEST(monitor, of_a_name_is_of_who_holds_it_now) {
  const kin::pid first = ends_when_told();
  const kin::pid second = ends_when_told();
  kin::register_name(watched_name, first);
  const kin::ref ref = kin::monitor(watched_name);
  kin::unregister_name(watched_name);
  kin::register_name(watched_name, second);
  kin::send(second, kin::exit_reason("not watched"));
  test::await_exit(second);
  kin::send(first, kin::exit_reason("watched"));

  EXPECT_EQ(test::expect<kin::down>(), (kin::down{ref, first, "watched"}));
}

KIN_TEST(monitor, of_a_name_that_nobody_holds_says_noproc) {
  const kin::ref ref = kin::monitor(watched_name);
  EXPECT_EQ(test::expect<kin::down>(), (kin::down{ref, kin::pid{}, kin::noproc}));
}

KIN_TEST(monitor, does_not_bring_the_watcher_down) {
  const kin::pid other = ends_when_told();
  const auto watcher = kin::spawn_monitor([other, me = kin::self()] {
    static_cast<void>(kin::monitor(other));
    static_cast<void>(kin::is_alive(other));  // it has the monitor
    kin::send(me, word{"watches"});
    kin::send(me, test::expect<kin::down>());
  });
  test::expect<word>();
  kin::exit(other, kin::kill);
  EXPECT_EQ(test::expect<kin::down>().reason, kin::killed);
  EXPECT_EQ(test::expect_down(watcher.ref).reason, kin::normal);
}

KIN_TEST(monitor, of_a_watcher_that_ends_is_given_up) {
  const kin::pid other = ends_when_told();
  for (int i = 0; i < 100; ++i) {
    test::await_exit(kin::spawn([other] {
      for (int j = 0; j < 30; ++j) static_cast<void>(kin::monitor(other));
    }));
  }
  EXPECT_EQ(test::end_told_by(other, kin::exit_reason("alone")), "alone");
}

KIN_TEST(monitor, comes_after_what_the_dead_had_sent) {
  const kin::pid me = kin::self();
  static_cast<void>(kin::spawn_monitor([me] {
    for (int i = 0; i < 5; ++i) kin::send(me, number{i});
  }));
  for (int i = 0; i < 5; ++i) {
    kin::receive([i](number n) { EXPECT_EQ(n.value, i); },
                 [](const kin::down& d) { FAIL() << d << " came too early"; });
  }
  test::expect<kin::down>();
}

KIN_TEST(monitor, comes_after_what_was_there_before_it_was_made) {
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);
  kin::send(kin::self(), word{"before"});
  static_cast<void>(kin::monitor(dead));
  kin::send(kin::self(), word{"after"});

  EXPECT_THAT(test::drained(), testing::ElementsAre("before", testing::HasSubstr("DOWN"), "after"));
}

KIN_TEST(monitor, of_one_that_is_about_to_end_says_why_or_noproc, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(3000); ++i) {
    const kin::pid other = kin::spawn([] { kin::exit("gone"); });
    if (i % 2 == 0) kin::yield();
    const auto d = test::expect_down(kin::monitor(other));
    ASSERT_TRUE(d.reason == "gone" || d.reason == kin::noproc) << d;
  }
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(monitor, a_hundred_watchers_hear_of_one_end, {.workers = {1, 2, 4}}) {
  for (int round = 0; round < test::times(40); ++round) {
    const kin::pid me = kin::self();
    const kin::pid other = ends_when_told();
    for (int i = 0; i < 100; ++i) {
      kin::spawn([other, me] {
        const kin::ref ref = kin::monitor(other);
        static_cast<void>(kin::is_alive(other));  // it has the monitor
        kin::send(me, word{"watches"});
        kin::send(me, test::expect_down(ref));
      });
    }
    for (int i = 0; i < 100; ++i) test::expect<word>();
    kin::send(other, kin::exit_reason(round));
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(test::expect<kin::down>().reason, kin::exit_reason(round));
  }
}

KIN_TEST(monitor, of_many_is_found_again_in_any_order) {
  const int count = test::times(50'000, 5000);
  std::vector<kin::monitored> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(kin::spawn_monitor(
        [] { return kin::loop([](const word& /*end*/) { return kin::stop("done"); }); }));
  }
  for (std::size_t i = 0; i < all.size(); i += 2) EXPECT_TRUE(kin::demonitor(all[i].ref));
  for (const auto& one : all) kin::send(one.pid, word{"end"});
  for (std::size_t i = 1; i < all.size(); i += 2)
    ASSERT_EQ(test::expect<kin::down>().reason, "done");
  for (std::size_t i = 0; i < all.size(); i += 2) test::await_exit(all[i].pid);
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

// ---- demonitor ----------------------------------------------------------------------------------

KIN_TEST(demonitor, means_no_down_comes) {
  const kin::pid other = ends_when_told();
  const kin::ref ref = kin::monitor(other);

  EXPECT_TRUE(kin::demonitor(ref));
  EXPECT_FALSE(kin::demonitor(ref));
  kin::send(other, kin::exit_reason("unheard"));
  test::await_exit(other);
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(demonitor, leaves_the_other_monitors) {
  const kin::pid other = ends_when_told();
  const kin::ref first = kin::monitor(other);
  const kin::ref second = kin::monitor(other);
  kin::demonitor(first);
  kin::send(other, kin::exit_reason("heard"));

  EXPECT_EQ(test::expect<kin::down>(), (kin::down{second, other, "heard"}));
}

KIN_TEST(demonitor, leaves_a_down_that_is_there_and_flush_takes_it) {
  const auto one = kin::spawn_monitor([] {});
  const auto two = kin::spawn_monitor([] {});
  test::await_exit(one.pid);
  test::await_exit(two.pid);
  kin::sim::settle();  // each told of its end twice

  EXPECT_FALSE(kin::demonitor(one.ref));
  EXPECT_FALSE(kin::demonitor(two.ref, {.flush = true}));
  EXPECT_EQ(test::expect<kin::down>().ref, one.ref);
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(demonitor, flush_of_an_active_one_keeps_all_other_messages) {
  const kin::pid other = ends_when_told();
  const kin::ref ref = kin::monitor(other);
  kin::send(kin::self(), kin::down{kin::ref{}, other, kin::normal});
  kin::send(kin::self(), number{1});

  EXPECT_TRUE(kin::demonitor(ref, {.flush = true}));
  EXPECT_EQ(test::drained().size(), 2U);
  kin::exit(other, kin::kill);
}

KIN_TEST(demonitor, of_a_monitor_of_another_process_does_nothing) {
  const kin::pid other = ends_when_told();
  const kin::ref mine = kin::monitor(other);
  test::await_exit(kin::spawn([mine] { EXPECT_FALSE(kin::demonitor(mine)); }));
  kin::send(other, kin::exit_reason("heard"));

  EXPECT_EQ(test::expect_down(mine).reason, "heard");
}

KIN_TEST(demonitor, of_what_is_no_monitor_does_nothing) {
  EXPECT_FALSE(kin::demonitor(kin::ref{}));
  EXPECT_FALSE(kin::demonitor(kin::make_ref(), {.flush = true}));
}

KIN_TEST(monitor, after_demonitor_with_flush_no_down_is_seen, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(3000); ++i) {
    const auto child = kin::spawn_monitor([i] {
      if (i % 3 == 0) kin::yield();
    });
    if (i % 2 == 0) kin::yield();
    kin::demonitor(child.ref, {.flush = true});
    test::await_exit(child.pid);
    ASSERT_THAT(test::drained(), testing::IsEmpty());
  }
}

}  // namespace
