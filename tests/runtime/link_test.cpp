// SPDX-License-Identifier: Apache-2.0
// Links: otp-semantics 1.4 (lower half of the table) and 1.5, protocols 15.
#include "support/expect.hpp"

#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

// Ends with the reason that it is sent.
kin::pid ends_when_told() {
  return kin::spawn([] { kin::exit(test::expect<kin::exit_reason>(1h)); });
}

// ---- what an end does to the other side ---------------------------------------------------------

struct row {
  const char* what;
  kin::exit_reason reason;
  bool traps;
  bool dies;
  friend std::ostream& operator<<(std::ostream& out, const row& r) { return out << r.what; }
};
class link_signal : public testing::TestWithParam<row> {};
std::vector<row> table() {
  return {
      {"normal", kin::normal, false, false},    {"normal_trapped", kin::normal, true, false},
      {"kill", kin::kill, false, true},         {"kill_trapped", kin::kill, true, false},
      {"other", "other", false, true},          {"other_trapped", "other", true, false},
      {"shutdown", kin::shutdown, false, true}, {"shutdown_trapped", kin::shutdown, true, false}};
}
INSTANTIATE_TEST_SUITE_P(table, link_signal, testing::ValuesIn(table()),
                         [](const auto& i) { return std::string(i.param.what); });

TEST_P(link_signal, does_what_the_table_says) {
  test::play([r = GetParam()] {
    const kin::pid me = kin::self();
    const kin::pid first = ends_when_told();
    const auto second = kin::spawn_monitor([=] {
      kin::trap_exits(r.traps);
      kin::link(first);
      static_cast<void>(kin::is_alive(first));  // it has the link
      kin::send(me, word{"linked"});
      for (bool more = true; more;) {
        kin::receive([&](kin::exited e) { kin::send(me, e); },
                     [&](const word& /*end*/) { more = false; });
      }
    });
    test::expect<word>();
    const kin::ref end = kin::monitor(first);
    kin::send(first, r.reason);
    test::expect_down(end);  // the exit signal went out before
    kin::sim::settle();      // and has come
    kin::send(second.pid, word{"end"});
    const kin::down down = test::expect_down(second.ref);

    EXPECT_EQ(down.reason, r.dies ? r.reason : kin::normal);
    std::vector<std::string> expected;
    if (r.traps) expected.push_back(kin::to_string(kin::exited{first, r.reason}));
    EXPECT_EQ(test::drained(), expected);
  });
}

KIN_TEST(link, carries_the_reason_on_from_process_to_process) {
  kin::trap_exits();
  const kin::pid me = kin::self();
  kin::pid previous = kin::spawn_link([] { test::idle(); });
  for (int i = 0; i < 100; ++i) {
    previous = kin::spawn([previous, me] {
      kin::link(previous);
      kin::send(me, word{"linked"});
      test::idle();
    });
    test::expect<word>();
  }
  kin::exit(previous, "far away");

  EXPECT_EQ(test::expect<kin::exited>().reason, "far away");
}

KIN_TEST(link, by_an_exit_signal_of_kill_carries_killed) {
  kin::trap_exits();
  const kin::pid other = kin::spawn_link([] { test::idle(); });
  kin::exit(other, kin::kill);

  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{other, kin::killed}));
}

// ---- link/1 -------------------------------------------------------------------------------------

KIN_TEST(link, to_self_makes_none) {
  kin::link(kin::self());
  kin::trap_exits();
  kin::unlink(kin::self());
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(link, twice_is_one_link) {
  kin::trap_exits();
  const kin::pid other = ends_when_told();
  for (int i = 0; i < 3; ++i) kin::link(other);
  kin::send(other, kin::exit_reason("once"));

  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{other, "once"}));
  test::await_exit(other);
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(link, to_the_dead_is_an_error_that_can_be_caught) {
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);
  try {
    kin::link(dead);
    ADD_FAILURE() << "it linked";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::noproc);
  }
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(link, to_the_dead_is_a_message_to_one_that_traps) {
  kin::trap_exits();
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);
  kin::link(dead);

  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{dead, kin::noproc}));
}

KIN_TEST(link, is_gone_after_the_end_and_can_be_made_anew_to_another) {
  kin::trap_exits();
  for (int i = 0; i < 100; ++i) {  // the same block again and again
    const kin::pid other = kin::spawn_link([i] { kin::exit(i); });
    ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{other, kin::exit_reason(i)}));
  }
}

// ---- unlink/1 -----------------------------------------------------------------------------------

KIN_TEST(unlink, means_the_end_is_not_heard) {
  const kin::pid other = ends_when_told();
  kin::link(other);
  kin::unlink(other);
  EXPECT_EQ(test::end_told_by(other, kin::exit_reason("unheard")), "unheard");
}

KIN_TEST(unlink, works_for_the_other_side_too) {
  const kin::pid me = kin::self();
  const auto other = kin::spawn_monitor([me] {
    kin::send(me, word{"ready"});
    test::idle();
  });
  kin::link(other.pid);
  const auto third = kin::spawn_monitor([other] {
    kin::link(other.pid);
    kin::unlink(other.pid);
    kin::exit("unheard");
  });
  EXPECT_EQ(test::expect_down(third.ref).reason, "unheard");
  EXPECT_TRUE(kin::is_alive(other.pid));
  kin::unlink(other.pid);
  EXPECT_EQ(test::expect<word>(), word{"ready"});
  test::end_told_by(other.pid, word{"end"});
  test::expect_down(other.ref);
}

KIN_TEST(unlink, of_who_is_not_linked_does_nothing) {
  const kin::pid other = ends_when_told();
  kin::unlink(other);
  kin::unlink(kin::pid{});
  kin::unlink(kin::self());
  kin::exit(other, kin::kill);
}

KIN_TEST(unlink, can_be_followed_by_a_new_link) {
  kin::trap_exits();
  const kin::pid other = ends_when_told();
  for (int i = 0; i < 50; ++i) {
    kin::link(other);
    kin::unlink(other);
  }
  kin::link(other);
  kin::send(other, kin::exit_reason("heard"));

  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{other, "heard"}));
  test::await_exit(other);
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

KIN_TEST(unlink, leaves_a_message_that_is_there_already) {
  kin::trap_exits();
  const kin::pid other = kin::spawn_link([] { kin::exit("early"); });
  test::await_exit(other);
  kin::sim::settle();  // the exit signal, too, is there
  kin::unlink(other);

  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{other, "early"}));
}

KIN_TEST(link, after_unlink_has_returned_no_end_is_heard, {.workers = {1, 2, 4}}) {
  kin::trap_exits();
  for (int i = 0; i < test::times(2000); ++i) {
    const kin::pid other = kin::spawn_link([i] {
      if (i % 3 == 0) kin::yield();
      kin::exit("races");
    });
    if (i % 2 == 0) kin::yield();
    kin::unlink(other);
    kin::receive([](const kin::exited& /*there already*/) {}, kin::after(0s, [] {}));
    test::await_exit(other);  // after all it has ever sent
    ASSERT_THAT(test::drained(), testing::IsEmpty());
  }
}

// ---- both sides at once -------------------------------------------------------------------------

// Two processes that do what they are told at about the same time, many times.
struct act {
  kin::pid to;
  std::string what;
};
kin::pid actor(kin::pid up) {
  const kin::pid made = kin::spawn([up] {
    kin::trap_exits();
    kin::send(up, word{"traps"});
    for (;;) {
      kin::receive(
          [&](const act& a) {
            if (a.what == "link") kin::link(a.to);
            if (a.what == "unlink") kin::unlink(a.to);
            if (a.what == "die") kin::exit("told to");
            if (a.what == "tell") kin::send(up, word{"told"});
          },
          [&](kin::exited e) { kin::send(up, e); });
    }
  });
  test::expect<word>();
  return made;
}

// Both have done what they were told so far, and have heard all that the other did then.
void settle(kin::pid a, kin::pid b) {
  for (const kin::pid p : {a, b}) {
    kin::send(p, act{p, "tell"});
    EXPECT_EQ(test::expect<word>(), word{"told"});
  }
  EXPECT_TRUE(kin::is_alive(a));
  EXPECT_TRUE(kin::is_alive(b));
}

KIN_TEST(link, that_cross_make_one_link, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  for (int i = 0; i < test::times(1000); ++i) {
    const kin::pid a = actor(me);
    const kin::pid b = actor(me);
    kin::send(a, act{b, "link"});
    kin::send(b, act{a, "link"});
    settle(a, b);
    kin::send(a, act{b, "die"});
    ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{a, "told to"}));
    kin::send(b, act{a, "tell"});
    ASSERT_EQ(test::expect<word>(), word{"told"});
    ASSERT_THAT(test::drained(), testing::IsEmpty());
    kin::exit(b, kin::kill);
  }
}

KIN_TEST(link, that_crossed_is_gone_after_one_unlink, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  for (int i = 0; i < test::times(1000); ++i) {
    const kin::pid a = actor(me);
    const kin::pid b = actor(me);
    kin::send(a, act{b, "link"});
    kin::send(b, act{a, "link"});
    settle(a, b);
    kin::send(a, act{b, "unlink"});
    settle(a, b);
    kin::send(i % 2 == 0 ? a : b, act{a, "die"});
    test::await_exit(i % 2 == 0 ? a : b);
    kin::send(i % 2 == 0 ? b : a, act{a, "tell"});
    ASSERT_EQ(test::expect<word>(), word{"told"});
    ASSERT_THAT(test::drained(), testing::IsEmpty());
    kin::exit(i % 2 == 0 ? b : a, kin::kill);
  }
}

KIN_TEST(link, made_and_given_up_from_both_sides_at_random_ends_in_one_state,
         {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  unsigned dice = 12345;
  const auto roll = [&](unsigned sides) {
    dice = dice * 1664525U + 1013904223U;
    return (dice >> 16U) % sides;
  };
  for (int i = 0; i < test::times(600); ++i) {
    const kin::pid a = actor(me);
    const kin::pid b = actor(me);
    for (int j = 0; j < 8; ++j) {
      const bool first = roll(2) == 0;
      kin::send(first ? a : b, act{first ? b : a, roll(2) == 0 ? "link" : "unlink"});
    }
    settle(a, b);
    const bool linked = i % 2 == 0;
    kin::send(a, act{b, linked ? "link" : "unlink"});
    settle(a, b);
    const bool a_dies = roll(2) == 0;
    kin::send(a_dies ? a : b, act{a, "die"});
    test::await_exit(a_dies ? a : b);
    kin::sim::settle();  // the other one has heard of it, too
    kin::send(a_dies ? b : a, act{a, "tell"});
    int exits = 0;
    for (bool more = true; more;) {
      kin::receive([&](const kin::exited& /*e*/) { ++exits; },
                   [&](const word& /*w*/) { more = false; });
    }
    ASSERT_EQ(exits, linked ? 1 : 0) << "round " << i;
    kin::exit(a_dies ? b : a, kin::kill);
  }
}

KIN_TEST(link, between_two_that_end_at_once_is_freed, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(2000); ++i) {
    const auto a = kin::spawn_monitor([] { test::idle(); });
    const auto b = kin::spawn_monitor([a] {
      kin::link(a.pid);
      test::idle();
    });
    kin::send(a.pid, word{"end"});
    kin::send(b.pid, word{"end"});
    if (i % 2 == 0) kin::exit(b.pid, kin::kill);
    test::expect_down(a.ref);
    test::expect_down(b.ref);
  }
}

KIN_TEST(link, to_one_that_is_about_to_end_gives_an_error_or_a_signal, {.workers = {1, 2, 4}}) {
  kin::trap_exits();
  for (int i = 0; i < test::times(2000); ++i) {
    const kin::pid other = kin::spawn([] { kin::exit("gone"); });
    if (i % 2 == 0) kin::yield();
    kin::link(other);
    const auto e = test::expect<kin::exited>();
    ASSERT_EQ(e.from, other);
    ASSERT_TRUE(e.reason == "gone" || e.reason == kin::noproc) << e;
  }
}

// ---- many ---------------------------------------------------------------------------------------

KIN_TEST(link, to_many_at_once_is_heard_from_each) {
  kin::trap_exits();
  const int count = test::times(100'000, 10'000);
  std::vector<kin::pid> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(kin::spawn_link(
        [] { return kin::loop([](const word& /*end*/) { return kin::stop("done"); }); }));
  }
  for (const kin::pid p : all) kin::send(p, word{"end"});
  for (int i = 0; i < count; ++i) ASSERT_EQ(test::expect<kin::exited>().reason, "done");
}

KIN_TEST(link, of_one_with_many_tells_them_all) {
  const int count = test::times(100'000, 10'000);
  const kin::pid me = kin::self();
  const kin::pid hub = kin::spawn([=] {
    for (int i = 0; i < count; ++i) {
      kin::spawn_link([me] {
        kin::trap_exits();
        kin::send(me, number{1});
        return kin::loop([me](const kin::exited& e) {
          kin::send(me, e);
          return kin::stop(kin::normal);
        });
      });
    }
    kin::send(me, word{"all there"});
    kin::receive([](const word& /*end*/) {});
    kin::exit("the hub");
  });
  for (int i = 0; i < count; ++i) test::expect<number>();
  test::expect<word>();
  kin::send(hub, word{"end"});
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{hub, "the hub"}));
}

KIN_TEST(link, to_many_can_be_given_up_in_any_order) {
  const int count = test::times(5000);
  std::vector<kin::pid> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(kin::spawn_link(
        [] { return kin::loop([](const word& /*end*/) { return kin::stop("unheard"); }); }));
  }
  for (std::size_t i = 0; i < all.size(); ++i) kin::unlink(all[(i * 7919) % all.size()]);
  for (const kin::pid p : all) kin::send(p, word{"end"});
  for (const kin::pid p : all) test::await_exit(p);
}

}  // namespace
