// SPDX-License-Identifier: Apache-2.0
// Links and monitors, where both ends act at once. otp-semantics 1.5 and 1.6.
#include <kin/info.hpp>

#include "conformance/support.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::word;

class link : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, link, test::worlds(), test::name_of_world);

inline constexpr kin::name<> clerk{"link_conformance.clerk"};

bool linked(kin::pid a, kin::pid b) {
  const auto ends = kin::info(a)->links;
  return std::find(ends.begin(), ends.end(), b) != ends.end();
}

// A link is seen from both ends, once however often it was made, until it is given up or one end
// dies. It ends the other one, or is a message to one that traps; to the dead there is none; with
// itself nobody is linked.
TEST_P(link, links) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid other = test::ends_when_told();
    for (int i = 0; i < 3; ++i) kin::link(other);
    EXPECT_THAT(kin::info(me)->links, testing::ElementsAre(other));
    EXPECT_THAT(kin::info(other)->links, testing::ElementsAre(me));
    kin::unlink(other);
    EXPECT_FALSE(linked(me, other));
    EXPECT_FALSE(linked(other, me));
    kin::unlink(other);
    kin::link(me);
    EXPECT_THAT(kin::info(me)->links, testing::IsEmpty());

    const kin::pid child = kin::spawn_link([] { test::idle(); });
    EXPECT_THAT(kin::info(child)->links, testing::ElementsAre(me));
    EXPECT_TRUE(linked(me, child));
    kin::trap_exits();
    kin::exit(child, "over");
    EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{child, "over"}));
    EXPECT_FALSE(linked(me, child));

    const auto middle = kin::spawn_monitor([=] {
      kin::link(other);
      kin::send(me, word{"linked"});
      test::idle();
    });
    test::expect<word>();
    EXPECT_TRUE(linked(middle.pid, other));
    kin::send(other, kin::exit_reason("goes on"));
    EXPECT_EQ(test::expect_down(middle.ref).reason, "goes on");
    kin::link(other);
    EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{other, kin::noproc}));
    kin::trap_exits(false);
    EXPECT_THROW(kin::link(other), kin::error);
    EXPECT_THAT(kin::info(me)->links, testing::IsEmpty());
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// Monitors by pid and by name hear of the end, each once; a stranger's demonitor changes nothing;
// a process that monitors itself hears nothing.
TEST_P(link, process_monitors) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid watched = test::ends_when_told();
    kin::register_name(clerk, watched);
    const std::vector<kin::ref> monitors{kin::monitor(watched), kin::monitor(clerk),
                                         kin::monitor(watched)};
    static_cast<void>(kin::monitor(me));
    const auto stranger = kin::spawn_monitor([monitors] {
      for (const kin::ref m : monitors) kin::demonitor(m, {.flush = true});
    });
    EXPECT_EQ(test::expect_down(stranger.ref).reason, kin::normal);

    kin::send(watched, kin::exit_reason("over"));
    for (const kin::ref m : monitors) EXPECT_EQ(test::expect_down(m).reason, "over");
    const kin::ref late = kin::monitor(watched);
    EXPECT_EQ(test::expect_down(late), (kin::down{late, watched, kin::noproc}));
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// ---- given up while the other one ends ----------------------------------------------------------

// Many that are linked to one process unlink while it ends: who was alive when unlink had returned
// stays alive, and hears nothing.
TEST_P(link, otp_5772_link) {
  play([] {
    const kin::pid me = kin::self();
    for (int round = 0; round < test::times(100); ++round) {
      const auto victim = kin::spawn_monitor([] { test::idle(); });
      constexpr int count = 20;
      std::vector<kin::monitored> all;
      for (int i = 0; i < count; ++i) {
        all.push_back(kin::spawn_monitor([=] {
          kin::trap_exits();
          kin::link(victim.pid);
          kin::send(me, word{"linked"});
          test::expect<word>();
          kin::unlink(victim.pid);
          kin::receive([](const kin::exited& /*before unlink*/) {}, kin::after(0s, [] {}));
          kin::trap_exits(false);
          kin::send(me, word{"unlinked"});
          kin::exit(kin::receive([](const kin::exited& /*e*/) { return "late"; },
                                 [](const word& /*end*/) { return "fine"; }));
        }));
      }
      for (int i = 0; i < count; ++i) test::expect<word>();
      for (int i = 0; i < count; ++i) {
        if (i == round % count) kin::exit(victim.pid, "the victim");
        kin::send(all[static_cast<std::size_t>(i)].pid, word{"unlink"});
      }
      for (int i = 0; i < count; ++i) test::expect<word>();
      ASSERT_EQ(test::expect_down(victim.ref).reason, "the victim");
      for (const kin::monitored& m : all) kin::send(m.pid, word{"end"});
      for (const kin::monitored& m : all) ASSERT_EQ(test::expect_down(m.ref).reason, "fine");
    }
  });
}

// Many that watch one process demonitor while it ends: afterwards no DOWN comes.
TEST_P(link, otp_5772_monitor) {
  play([] {
    const kin::pid me = kin::self();
    for (int round = 0; round < test::times(100); ++round) {
      const auto victim = kin::spawn_monitor([] { test::idle(); });
      constexpr int count = 20;
      std::vector<kin::monitored> all;
      for (int i = 0; i < count; ++i) {
        all.push_back(kin::spawn_monitor([=] {
          const kin::ref end = kin::monitor(victim.pid);
          kin::send(me, word{"watches"});
          test::expect<word>();
          kin::demonitor(end);
          kin::receive([](const kin::down& /*before demonitor*/) {}, kin::after(0s, [] {}));
          kin::send(me, word{"looks away"});
          kin::exit(kin::receive([](const kin::down& /*d*/) { return "late"; },
                                 [](const word& /*end*/) { return "fine"; }));
        }));
      }
      for (int i = 0; i < count; ++i) test::expect<word>();
      for (int i = 0; i < count; ++i) {
        if (i == round % count) kin::exit(victim.pid, "the victim");
        kin::send(all[static_cast<std::size_t>(i)].pid, word{"demonitor"});
      }
      for (int i = 0; i < count; ++i) test::expect<word>();
      ASSERT_EQ(test::expect_down(victim.ref).reason, "the victim");
      for (const kin::monitored& m : all) kin::send(m.pid, word{"end"});
      for (const kin::monitored& m : all) ASSERT_EQ(test::expect_down(m.ref).reason, "fine");
    }
  });
}

// ---- both ends at once --------------------------------------------------------------------------

enum class act { link, unlink, tell, die };
struct order {
  act what;
  kin::pid other;
};

// Links and unlinks as it is told; its exits go to `up`.
kin::pid actor(kin::pid up) {
  return kin::spawn([up] {
    kin::trap_exits();
    for (;;) {
      kin::receive(
          [&](const order& o) {
            if (o.what == act::link) kin::link(o.other);
            if (o.what == act::unlink) kin::unlink(o.other);
            if (o.what == act::tell) kin::send(up, word{"told"});
            if (o.what == act::die) kin::exit("over");
          },
          [&](kin::exited e) { kin::send(up, e); });
    }
  });
}

// Waits until `p` has done all that it was told before.
void done(kin::pid p) {
  kin::send(p, order{act::tell, {}});
  test::expect<word>();
}

// How often `listener` hears of the end of `dying`.
int heard_ends(kin::pid dying, kin::pid listener) {
  const kin::ref end = kin::monitor(dying);
  kin::send(dying, order{act::die, {}});
  test::expect_down(end);
  kin::send(listener, order{act::tell, {}});
  int ends = 0;
  for (bool more = true; more;) {
    kin::receive(
        [&](const kin::exited& e) {
          EXPECT_EQ(e, (kin::exited{dying, "over"}));
          ++ends;
        },
        [&](const word& /*told*/) { more = false; });
  }
  return ends;
}

// Both ends agree on whether there is a link, if whatever one of them does next counts for both: a
// link then is one, an unlink ends it; whoever does it, and whoever dies.
void expect_agreement(int variant, kin::pid a, kin::pid b) {
  done(a);
  done(b);
  test::settle(a);  // what the other one sent it has been served as well
  const kin::pid acting = (variant & 1) != 0 ? a : b;
  const kin::pid other = acting == a ? b : a;
  const bool links = (variant & 2) != 0;
  kin::send(acting, order{links ? act::link : act::unlink, other});
  done(acting);
  test::settle(other);
  const kin::pid dying = (variant & 4) != 0 ? a : b;
  const kin::pid listener = dying == a ? b : a;
  ASSERT_EQ(heard_ends(dying, listener), links ? 1 : 0) << "variant " << variant;
  kin::exit(listener, kin::kill);
}

// One end links while the other links and unlinks: afterwards both agree.
TEST_P(link, otp_17127_local_link_with_simultaneous_link_unlink) {
  play_on_threads([] {
    const kin::pid me = kin::self();
    for (int round = 0; round < test::times(1000); ++round) {
      const kin::pid a = actor(me);
      const kin::pid b = actor(me);
      done(a);
      done(b);
      kin::send(a, order{act::link, b});
      kin::send(b, order{act::link, a});
      kin::send(b, order{act::unlink, a});
      ASSERT_NO_FATAL_FAILURE(expect_agreement(round % 8, a, b));
    }
  });
}

// Both ends link and unlink at random: afterwards they agree.
TEST_P(link, otp_17127_local_random) {
  play_on_threads([] {
    const kin::pid me = kin::self();
    unsigned dice = 17127;
    for (int round = 0; round < test::times(400); ++round) {
      const kin::pid a = actor(me);
      const kin::pid b = actor(me);
      done(a);
      done(b);
      for (int i = 0; i < 40; ++i) {
        dice = dice * 1664525U + 1013904223U;
        const kin::pid one = (dice >> 20U & 1U) != 0 ? a : b;
        kin::send(one, order{(dice >> 21U & 1U) != 0 ? act::link : act::unlink, one == a ? b : a});
      }
      ASSERT_NO_FATAL_FAILURE(expect_agreement(round % 8, a, b));
    }
  });
}

}  // namespace
