// SPDX-License-Identifier: Apache-2.0
// Monitors: one DOWN each, the true reason, none after demonitor. otp-semantics 1.6.
#include "conformance/support.hpp"

#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::word;

class monitor : public test::on_workers {};
INSTANTIATE_TEST_SUITE_P(workers, monitor, test::worker_counts());

inline constexpr kin::name<> clerk{"monitor_conformance.clerk"};
inline constexpr kin::name<> nobody{"monitor_conformance.nobody"};

template <class T>
concept can_be_monitored = requires(T target) {
  kin::monitor(target);
};
template <class T>
concept can_be_demonitored = requires(T monitor) {
  kin::demonitor(monitor);
};

// ---- ends that meet -----------------------------------------------------------------------------

// A process that kills whoever watches it, and then ends: both are gone, nothing else happens.
TEST_P(monitor, case_1) {
  play([] {
    for (int i = 0; i < test::times(500); ++i) {
      const auto watcher = kin::spawn_monitor([] {
        const kin::pid me = kin::self();
        const kin::pid watched = kin::spawn([me] {
          test::expect<word>();
          kin::exit(me, "killed my watcher");
        });
        const kin::ref end = kin::monitor(watched);
        kin::send(watched, word{"go"});
        test::expect_down(end);
        test::idle();
      });
      ASSERT_EQ(test::expect_down(watcher.ref).reason, "killed my watcher");
    }
  });
}

// The same with spawn_monitor.
TEST_P(monitor, case_1a) {
  play([] {
    for (int i = 0; i < test::times(500); ++i) {
      const auto watcher = kin::spawn_monitor([] {
        const kin::pid me = kin::self();
        const auto watched = kin::spawn_monitor([me] { kin::exit(me, "killed my watcher"); });
        test::expect_down(watched.ref);
        test::idle();
      });
      ASSERT_EQ(test::expect_down(watcher.ref).reason, "killed my watcher");
    }
  });
}

// demonitor by the process that is watched, with its watcher's reference, does nothing.
TEST_P(monitor, case_2) {
  play([] {
    for (int i = 0; i < test::times(500); ++i) {
      const kin::pid watched = kin::spawn([] {
        EXPECT_FALSE(kin::demonitor(test::expect<kin::ref>()));
        kin::exit("still watched");
      });
      const kin::ref end = kin::monitor(watched);
      kin::send(watched, end);
      ASSERT_EQ(test::expect_down(end), (kin::down{end, watched, "still watched"}));
    }
  });
}

// The same with spawn_monitor.
TEST_P(monitor, case_2a) {
  play([] {
    for (int i = 0; i < test::times(500); ++i) {
      const auto watched = kin::spawn_monitor([] {
        EXPECT_FALSE(kin::demonitor(test::expect<kin::ref>()));
        kin::exit("still watched");
      });
      kin::send(watched.pid, watched.ref);
      ASSERT_EQ(test::expect_down(watched.ref),
                (kin::down{watched.ref, watched.pid, "still watched"}));
    }
  });
}

// ---- arguments ----------------------------------------------------------------------------------

// What names no process cannot be monitored: the compiler refuses it.
TEST(monitor, mon_e_1) {
  EXPECT_TRUE(can_be_monitored<kin::pid>);
  EXPECT_TRUE(can_be_monitored<kin::name<>>);
  EXPECT_FALSE(can_be_monitored<int>);
  EXPECT_FALSE(can_be_monitored<const char*>);
  EXPECT_FALSE(can_be_monitored<std::string>);
  EXPECT_FALSE(can_be_monitored<kin::ref>);
  EXPECT_FALSE(can_be_monitored<kin::atom>);
}

// What is no reference cannot be demonitored: the compiler refuses it. The reference of another
// process's monitor does nothing, there or here.
TEST(monitor, demon_e_1) {
  EXPECT_TRUE(can_be_demonitored<kin::ref>);
  EXPECT_FALSE(can_be_demonitored<int>);
  EXPECT_FALSE(can_be_demonitored<const char*>);
  EXPECT_FALSE(can_be_demonitored<kin::pid>);
  EXPECT_FALSE(can_be_demonitored<kin::name<>>);

  test::run([] {
    const kin::pid watched = test::ends_when_told();
    const kin::pid me = kin::self();
    kin::spawn([=] {
      const kin::ref theirs = kin::monitor(watched);
      kin::send(me, theirs);
      kin::send(me, test::expect_down(theirs));
    });
    const auto foreign = test::expect<kin::ref>();
    EXPECT_FALSE(kin::demonitor(foreign));
    EXPECT_FALSE(kin::demonitor(foreign, {.flush = true}));
    kin::send(watched, kin::exit_reason("heard"));
    EXPECT_EQ(test::expect<kin::down>(), (kin::down{foreign, watched, "heard"}));
  });
}

// ---- demonitor ----------------------------------------------------------------------------------

// A reference that never was a monitor: there was none.
TEST(monitor, demon_1) {
  test::run([] {
    EXPECT_FALSE(kin::demonitor(kin::make_ref()));
    EXPECT_FALSE(kin::demonitor(kin::ref{}));
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// Once before the end: no DOWN, and a second time finds nothing. After the DOWN: nothing either.
TEST_P(monitor, demon_2) {
  play([] {
    const kin::pid first = test::ends_when_told();
    const kin::ref given_up = kin::monitor(first);
    EXPECT_TRUE(kin::demonitor(given_up));
    EXPECT_FALSE(kin::demonitor(given_up));
    kin::send(first, kin::exit_reason("unheard"));
    test::await_exit(first);
    EXPECT_THAT(test::drained(), testing::IsEmpty());

    const auto second = kin::spawn_monitor([] { kin::exit("heard"); });
    EXPECT_EQ(test::expect_down(second.ref).reason, "heard");
    EXPECT_FALSE(kin::demonitor(second.ref));
    EXPECT_FALSE(kin::demonitor(second.ref));
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// The DOWN carries normal, another reason, or noproc for what was not there; by pid or by name.
// A process that monitors itself hears nothing.
TEST_P(monitor, mon_1) {
  play([] {
    const auto returns = kin::spawn_monitor([] {});
    EXPECT_EQ(test::expect_down(returns.ref), (kin::down{returns.ref, returns.pid, kin::normal}));
    const auto exits = kin::spawn_monitor([] { kin::exit("foo"); });
    EXPECT_EQ(test::expect_down(exits.ref), (kin::down{exits.ref, exits.pid, "foo"}));

    const kin::pid waits = test::ends_when_told();
    kin::register_name(clerk, waits);
    const kin::ref by_pid = kin::monitor(waits);
    const kin::ref by_name = kin::monitor(clerk);
    kin::send(waits, kin::exit_reason("foobar"));
    EXPECT_EQ(test::expect_down(by_pid), (kin::down{by_pid, waits, "foobar"}));
    EXPECT_EQ(test::expect_down(by_name).reason, "foobar");

    const kin::ref gone = kin::monitor(waits);
    EXPECT_EQ(test::expect_down(gone), (kin::down{gone, waits, kin::noproc}));
    const kin::ref unnamed = kin::monitor(nobody);
    EXPECT_EQ(test::expect_down(unnamed).reason, kin::noproc);

    const auto own = kin::spawn_monitor([me = kin::self()] {
      const kin::ref mine = kin::monitor(kin::self());
      kin::send(me, mine);
      kin::exit(test::drained().empty() ? "heard nothing" : "heard itself");
    });
    EXPECT_EQ(test::expect_down(own.ref).reason, "heard nothing");
    test::expect<kin::ref>();
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// flush takes the DOWN of that monitor out of the mailbox, of no other. What demonitor returns: it
// was active and is removed. Options that are none are refused by the compiler.
TEST_P(monitor, demonitor_flush) {
  play([] {
    const kin::pid other = test::ends_when_told();
    const kin::ref active = kin::monitor(other);
    EXPECT_TRUE(kin::demonitor(active, {.flush = true}));
    EXPECT_FALSE(kin::demonitor(active, {.flush = true}));

    std::vector<kin::ref> monitors;
    for (int i = 0; i < 6; ++i) monitors.push_back(kin::monitor(other));
    kin::send(other, kin::exit_reason("over"));
    int seen = 0;  // takes the sixth that it sees: all the others are there then
    std::erase(monitors, kin::receive(kin::when([&](const kin::down& /*d*/) { return ++seen == 6; },
                                                [](const kin::down& d) { return d.ref; })));

    EXPECT_FALSE(kin::demonitor(monitors[0]));  // without flush the message stays
    EXPECT_EQ(test::expect_down(monitors[0]).reason, "over");
    EXPECT_FALSE(kin::demonitor(monitors[3], {.flush = true}));
    EXPECT_FALSE(kin::demonitor(monitors[1], {.flush = true}));
    EXPECT_EQ(test::expect_down(monitors[4]).reason, "over");
    EXPECT_EQ(test::expect_down(monitors[2]).reason, "over");
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// However demonitor and the end race: true and no DOWN, or false and a DOWN that is there.
TEST_P(monitor, local_remove_monitor) {
  play([] {
    int removed = 0;
    const int rounds = test::times(10'000);
    for (int i = 0; i < rounds; ++i) {
      const auto child = kin::spawn_monitor([i] {
        if (i % 3 == 0) kin::yield();
      });
      for (int j = 0; j < i % 4; ++j) kin::yield();
      if (kin::demonitor(child.ref)) {
        ++removed;
        test::settle(child.pid);
        ASSERT_THAT(test::drained(), testing::IsEmpty());
      } else {
        bool there = false;
        kin::receive(
            kin::when(&kin::down::ref, child.ref, [&](const kin::down& /*d*/) { there = true; }),
            kin::after(0s, [] {}));
        ASSERT_TRUE(there);
      }
    }
    EXPECT_LE(removed, rounds);
  });
}

// ---- what a DOWN says, and when -----------------------------------------------------------------

// A large exit reason comes as it was.
TEST_P(monitor, large_exit) {
  play([] {
    for (int i = 0; i < test::times(100); ++i) {
      const auto child = kin::spawn_monitor([i] { kin::exit(test::large_ledger(i)); });
      ASSERT_EQ(test::expect_down(child.ref).reason, kin::exit_reason(test::large_ledger(i)));
    }
  });
}

// When the DOWN of a process that had a name is there, the name is free.
TEST_P(monitor, named_down) {
  play([] {
    const kin::pid me = kin::self();
    for (int i = 0; i < test::times(500); ++i) {
      const kin::pid holder = kin::spawn([me] {
        kin::register_name(clerk, kin::self());
        kin::send(me, word{"registered"});
        test::idle();
      });
      test::expect<word>();
      const kin::ref end = kin::monitor(clerk);
      kin::exit(holder, kin::kill);
      ASSERT_EQ(test::expect_down(end).reason, kin::killed);
      ASSERT_EQ(kin::whereis(clerk), std::nullopt);
      ASSERT_NO_THROW(kin::register_name(clerk, me));
      kin::unregister_name(clerk);
    }
  });
}

}  // namespace
