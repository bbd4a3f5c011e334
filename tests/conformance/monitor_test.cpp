// SPDX-License-Identifier: Apache-2.0
// Monitors: one DOWN each, the true reason, none after demonitor. otp-semantics 1.6.
#include <kin/info.hpp>

#include "conformance/support.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class monitor : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, monitor, test::worlds(), test::name_of_world);

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

// ---- with an alias ------------------------------------------------------------------------------

bool comes_by(kin::ref alias) {
  kin::send(alias, word{"by an alias"});
  return kin::receive([](const word& /*w*/) { return true; }, kin::after(0s, [] { return false; }));
}

// demonitor of an alias that is no monitor leaves it on; of one that is, but ended, does nothing
// more.
TEST_P(monitor, gh_5225_demonitor_alias) {
  play([] {
    const kin::ref plain = kin::alias();
    EXPECT_FALSE(kin::demonitor(plain));
    EXPECT_FALSE(kin::demonitor(plain, {.flush = true}));
    EXPECT_TRUE(comes_by(plain));
    EXPECT_TRUE(kin::unalias(plain));
    EXPECT_FALSE(kin::demonitor(plain, {.flush = true}));

    const kin::pid other = test::ends_when_told();
    const kin::ref both = kin::monitor(other, {.alias = kin::alias_until::unaliased});
    EXPECT_TRUE(kin::demonitor(both));
    EXPECT_FALSE(kin::demonitor(both, {.flush = true}));
    EXPECT_TRUE(comes_by(both));
    EXPECT_TRUE(kin::unalias(both));
    EXPECT_FALSE(kin::demonitor(both));
    EXPECT_FALSE(comes_by(both));
    EXPECT_THAT(kin::info(other)->monitored_by, testing::IsEmpty());
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// demonitor switches off an alias that was to be on until the reply.
TEST_P(monitor, unexpected_alias_at_demonitor_gh5310) {
  play([] {
    const kin::pid other = test::ends_when_told();
    const kin::ref watch = kin::monitor(other, {.alias = kin::alias_until::replied});
    EXPECT_THAT(kin::info(kin::self())->monitors, testing::ElementsAre(other));
    EXPECT_TRUE(kin::demonitor(watch));
    EXPECT_FALSE(comes_by(watch));
    EXPECT_FALSE(kin::unalias(watch));
    EXPECT_THAT(kin::info(kin::self())->monitors, testing::IsEmpty());
  });
}

// After demonitor of a monitor whose alias stays on, while the other one ends: no DOWN, and the
// alias is on.
TEST_P(monitor, down_on_alias_gh5310) {
  play([] {
    for (int i = 0; i < test::times(2000); ++i) {
      const kin::pid other = kin::spawn([i] {
        if (i % 3 == 0) kin::yield();
      });
      const kin::ref watch = kin::monitor(other, {.alias = kin::alias_until::unaliased});
      if (i % 2 == 0) kin::yield();
      kin::demonitor(watch, {.flush = true});
      test::settle(other);
      ASSERT_THAT(test::drained(), testing::IsEmpty());
      ASSERT_TRUE(comes_by(watch));
      ASSERT_TRUE(kin::unalias(watch));
    }
  });
}

// The DOWN with noproc of one that is dead has the monitor's tag, and switches its alias off as any
// DOWN does.
TEST_P(monitor, monitor_3_noproc_gh6185) {
  play([] {
    const kin::pid dead = kin::spawn([] {});
    test::await_exit(dead);
    const std::vector<std::optional<kin::alias_until>> modes{
        std::nullopt, kin::alias_until::unaliased, kin::alias_until::demonitored,
        kin::alias_until::replied};
    for (const auto& mode : modes) {
      const bool stays = mode == kin::alias_until::unaliased;
      const kin::ref tagged = kin::monitor(dead, number{6185}, {.alias = mode});
      const auto told = test::expect<kin::tagged_down<number>>();
      EXPECT_EQ(told.tag, number{6185});
      EXPECT_EQ(static_cast<const kin::down&>(told), (kin::down{tagged, dead, kin::noproc}));
      EXPECT_EQ(comes_by(tagged), stays);
      EXPECT_EQ(kin::unalias(tagged), stays);

      const kin::ref plain = kin::monitor(dead, {.alias = mode});
      EXPECT_EQ(test::expect_down(plain), (kin::down{plain, dead, kin::noproc}));
      EXPECT_EQ(comes_by(plain), stays);
      EXPECT_EQ(kin::unalias(plain), stays);
      EXPECT_THAT(test::drained(), testing::IsEmpty());
    }
  });
}

// ---- what info lists ----------------------------------------------------------------------------

// Who is watched by `p` is told by what it has served; of the end of another it may hear later.
template <class Holds>
bool in_time(Holds holds) {
  for (const auto end = kin::clock::now() + test::patience; kin::clock::now() < end; kin::yield()) {
    if (holds()) return true;
  }
  return false;
}

// What a process watches and who watches it is listed on both sides, once a monitor, and no more
// after demonitor, the end of the watched one, or the end of the watcher.
TEST_P(monitor, list_cleanup) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid other = test::ends_when_told();
    const kin::ref first = kin::monitor(other);
    const kin::ref second = kin::monitor(other);
    static_cast<void>(kin::monitor(me));  // never fires, is not listed
    EXPECT_THAT(kin::info(me)->monitors, testing::ElementsAre(other, other));
    EXPECT_THAT(kin::info(other)->monitored_by, testing::ElementsAre(me, me));
    kin::demonitor(first);
    EXPECT_THAT(kin::info(me)->monitors, testing::ElementsAre(other));
    EXPECT_THAT(kin::info(other)->monitored_by, testing::ElementsAre(me));
    kin::demonitor(second);
    EXPECT_THAT(kin::info(me)->monitors, testing::IsEmpty());
    EXPECT_THAT(kin::info(other)->monitored_by, testing::IsEmpty());

    const auto crashes = kin::spawn_monitor([=] {
      static_cast<void>(kin::monitor(other));
      static_cast<void>(kin::monitor(other, number{1}));
      test::settle(other);
      kin::send(me, word{"watches"});
      test::idle();
    });
    test::expect<word>();
    EXPECT_THAT(kin::info(other)->monitored_by, testing::ElementsAre(crashes.pid, crashes.pid));
    EXPECT_THAT(kin::info(crashes.pid)->monitors, testing::ElementsAre(other, other));
    EXPECT_THAT(kin::info(crashes.pid)->monitored_by, testing::ElementsAre(me));
    kin::exit(crashes.pid, "crashed");
    test::expect_down(crashes.ref);
    EXPECT_THAT(kin::info(me)->monitors, testing::IsEmpty());
    EXPECT_TRUE(in_time([=] { return kin::info(other)->monitored_by.empty(); }));

    const kin::ref last = kin::monitor(other);
    kin::send(other, kin::exit_reason("over"));
    EXPECT_EQ(test::expect_down(last).reason, "over");
    EXPECT_THAT(kin::info(me)->monitors, testing::IsEmpty());
  });
}

struct watch {
  kin::pid other;
};
struct look_away {  // from the oldest monitor of that one
  kin::pid other;
};

// Watches and looks away as it is told; answers a number when the others have served all that.
kin::pid watcher(kin::pid up) {
  return kin::spawn([up] {
    std::map<std::string, std::vector<kin::ref>> watched;
    for (;;) {
      kin::receive(
          [&](const watch& w) {
            watched[kin::to_string(w.other)].push_back(kin::monitor(w.other));
            test::settle(w.other);
          },
          [&](const look_away& l) {
            auto& monitors = watched[kin::to_string(l.other)];
            EXPECT_TRUE(kin::demonitor(monitors.front()));
            monitors.erase(monitors.begin());
            test::settle(l.other);
          },
          [&](number n) { kin::send(up, n); }, [](const kin::down& /*d*/) {});
    }
  });
}
struct watches {
  kin::pid from;
  kin::pid to;
};
void expect_lists(const std::vector<kin::pid>& all, const std::vector<watches>& now) {
  for (const kin::pid p : all) {
    std::vector<kin::pid> down;
    std::vector<kin::pid> up;
    for (const watches& w : now) {
      if (w.from == p) down.push_back(w.to);
      if (w.to == p) up.push_back(w.from);
    }
    const auto right = [&] {
      const auto about = kin::info(p);
      return std::is_permutation(down.begin(), down.end(), about->monitors.begin(),
                                 about->monitors.end()) &&
             std::is_permutation(up.begin(), up.end(), about->monitored_by.begin(),
                                 about->monitored_by.end());
    };
    EXPECT_TRUE(in_time(right)) << p;
  }
}

// Many that watch each other and look away at random, and some that die: the lists of all are those
// of the monitors that are left.
TEST_P(monitor, mixer) {
  play([] {
    unsigned dice = 25;
    const auto roll = [&](std::size_t sides) {
      dice = dice * 1664525U + 1013904223U;
      return static_cast<std::size_t>(dice >> 8U) % sides;
    };
    std::vector<kin::pid> all;
    for (int i = 0; i < 12; ++i) all.push_back(watcher(kin::self()));
    std::vector<watches> now;
    for (int round = 0; round < test::times(12); ++round) {
      for (int i = 0; i < 60; ++i) {
        if (now.empty() || roll(5) < 3) {
          const watches w{all[roll(all.size())], all[roll(all.size())]};
          if (w.from == w.to) continue;
          kin::send(w.from, watch{w.to});
          now.push_back(w);
        } else {
          const auto at = now.begin() + static_cast<std::ptrdiff_t>(roll(now.size()));
          kin::send(at->from, look_away{at->to});
          now.erase(at);
        }
      }
      for (const kin::pid p : all) kin::send(p, number{round});
      for (std::size_t i = 0; i < all.size(); ++i) test::expect<number>();
      expect_lists(all, now);
      const kin::pid dies = all[roll(all.size())];
      if (round % 2 == 0) continue;
      kin::exit(dies, kin::kill);
      test::await_exit(dies);
      std::erase(all, dies);
      std::erase_if(now, [&](const watches& w) { return w.from == dies || w.to == dies; });
      expect_lists(all, now);
    }
    for (const kin::pid p : all) kin::exit(p, kin::kill);
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

// The tags of many monitors, small and large, of children and of others, are kept as they are, also
// while their process hibernates; those of monitors that are given up are destroyed.
TEST_P(monitor, monitor_tag_storage) {
  play([] {
    const kin::pid me = kin::self();
    constexpr int count = 50;
    const auto given_up = std::make_shared<int>(0);
    const kin::pid keeper = kin::spawn([=] {
      for (int i = 0; i < count; ++i) {
        const auto child = kin::spawn([] { kin::exit(test::expect<kin::exit_reason>(1h)); },
                                      {.link = false}, number{i});
        static_cast<void>(kin::monitor(child.pid, test::large_ledger(i)));
        kin::demonitor(kin::monitor(child.pid, given_up));
        kin::send(me, child.pid);
      }
      return kin::loop([](const word& /*w*/) { return kin::hibernate; },
                       [me](const kin::tagged_down<number>& d) {
                         EXPECT_EQ(d.reason, kin::exit_reason(d.tag.value));
                         kin::send(me, d.tag);
                       },
                       [me](const kin::tagged_down<test::ledger>& d) {
                         const int i = *d.reason.get_if<int>();
                         EXPECT_EQ(d.tag, test::large_ledger(i));
                         kin::send(me, number{i});
                       });
    });
    std::vector<kin::pid> children;
    for (int i = 0; i < count; ++i) children.push_back(test::expect<kin::pid>());
    kin::send(keeper, word{"hibernate"});
    test::settle();
    EXPECT_EQ(given_up.use_count(), 1) << "tags of monitors that were given up";
    for (int i = 0; i < count; ++i)
      kin::send(children[static_cast<std::size_t>(i)], kin::exit_reason(i));
    std::vector<int> seen(count);
    for (int i = 0; i < 2 * count; ++i)
      ++seen.at(static_cast<std::size_t>(test::expect<number>().value));
    EXPECT_EQ(seen, std::vector<int>(count, 2));
    kin::exit(keeper, kin::kill);
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
