// SPDX-License-Identifier: Apache-2.0
// Order and meaning of signals between processes. otp-semantics 1.1, 1.4, 1.5.
#include <kin/alias.hpp>

#include "conformance/support.hpp"

#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class signal : public test::on_workers {};
INSTANTIATE_TEST_SUITE_P(workers, signal, test::worker_counts());

// What was sent before an exit signal is in the mailbox when that arrives; nothing after it is.
TEST_P(signal, xm_sig_order) {
  play([] {
    const kin::pid me = kin::self();
    for (int i = 0; i < test::times(1000); ++i) {
      const auto receiver = kin::spawn_monitor([me] {
        kin::trap_exits();
        kin::send(me, word{"traps"});
        EXPECT_EQ(test::expect<kin::message>().get_if<word>()->text, "before");
        EXPECT_NE(test::expect<kin::message>().get_if<kin::exited>(), nullptr);
        EXPECT_EQ(test::expect<kin::message>().get_if<word>()->text, "after");
      });
      test::expect<word>();
      kin::send(receiver.pid, word{"before"});
      kin::exit(receiver.pid, "in between");
      kin::send(receiver.pid, word{"after"});
      ASSERT_EQ(test::expect_down(receiver.ref).reason, kin::normal);

      const auto dies = kin::spawn_monitor([me] {
        for (;;) kin::send(me, test::expect<word>());
      });
      kin::send(dies.pid, word{"before"});
      kin::exit(dies.pid, "in between");
      kin::send(dies.pid, word{"after"});
      ASSERT_EQ(test::expect_down(dies.ref).reason, "in between");
      ASSERT_THAT(test::drained(), testing::Not(testing::Contains("after")));
    }
  });
}

// A kill that is sent goes along links as killed; a process's own exit with kill goes as kill, and
// can be trapped. Chains of 1 to 10 links.
TEST_P(signal, kill2killed) {
  play([] {
    kin::trap_exits();
    const kin::pid me = kin::self();
    for (const bool sent : {true, false}) {
      for (int length = 1; length <= 10; ++length) {
        struct chain {
          static void build(int left, kin::pid up) {
            if (left == 1) {
              kin::send(up, kin::self());
              kin::exit(test::expect<kin::exit_reason>(1h));
            }
            kin::spawn_link([=] { build(left - 1, up); });
            test::idle();
          }
        };
        const kin::pid first = kin::spawn_link([=] { chain::build(length, me); });
        const auto last = test::expect<kin::pid>();
        if (sent) {
          kin::exit(last, kin::kill);
        } else {
          kin::send(last, kin::exit_reason(kin::kill));
        }
        EXPECT_EQ(test::expect<kin::exited>(),
                  (kin::exited{first, sent ? kin::exit_reason(kin::killed) : kin::kill}))
            << length << (sent ? " sent" : " own");
      }
    }
  });
}

// link, unlink and the other's end in a race: noproc or the true reason, and after unlink has
// returned nothing; never the reason of a link that was given up before.
TEST_P(signal, unlink_exit) {
  play([] {
    kin::trap_exits();
    for (int i = 0; i < test::times(2000); ++i) {
      const kin::pid other = kin::spawn([i] {
        for (int j = 0; j < i % 3; ++j) kin::yield();
        kin::exit("the end");
      });
      kin::link(other);
      if (i % 2 == 0) kin::yield();
      kin::unlink(other);
      kin::receive(
          [&](const kin::exited& e) {
            EXPECT_EQ(e.from, other);
            EXPECT_TRUE(e.reason == "the end" || e.reason == kin::noproc) << e;
          },
          kin::after(0s, [] {}));
      kin::link(other);
      const auto second = test::expect<kin::exited>();
      ASSERT_EQ(second.from, other);
      ASSERT_TRUE(second.reason == "the end" || second.reason == kin::noproc) << second;
      test::await_exit(other);
      ASSERT_THAT(test::drained(), testing::IsEmpty());
    }
  });
}

// The messages of one process, and then its DOWN, keep their order while others send as well.
TEST_P(signal, monitor_order) {
  play([] {
    const kin::pid me = kin::self();
    constexpr int last = 50;
    for (int round = 0; round < test::times(50); ++round) {
      constexpr int senders = 10;
      std::vector<kin::monitored> all;
      std::vector<int> next(senders, 0);
      for (int who = 0; who < senders; ++who) {
        all.push_back(kin::spawn_monitor([=] {
          for (int i = 0; i < last; ++i) kin::send(me, std::pair(who, i));
          kin::exit(who);
        }));
      }
      for (int left = senders; left > 0;) {
        kin::receive(
            [&](const std::pair<int, int>& m) {
              EXPECT_EQ(m.second, next[static_cast<std::size_t>(m.first)]++);
            },
            [&](const kin::down& d) {
              --left;
              const int* who = d.reason.get_if<int>();
              ASSERT_NE(who, nullptr) << d;
              EXPECT_EQ(next[static_cast<std::size_t>(*who)], last) << "a message after the DOWN";
              EXPECT_EQ(d.ref, all[static_cast<std::size_t>(*who)].ref);
            },
            kin::after(test::patience, [&] {
              ADD_FAILURE() << "a message is lost";
              left = 0;
            }));
      }
      ASSERT_THAT(test::drained(), testing::IsEmpty());
    }
  });
}

inline constexpr kin::name<> post_box{"signal_conformance.post_box"};

// By pid, by name and by aliases in turns: what one process sends keeps its order, and its DOWN
// comes last, while others send as well.
TEST_P(signal, monitor_named_order_local) {
  play([] {
    const kin::pid me = kin::self();
    kin::register_name(post_box, me);
    const kin::ref first = kin::alias();
    const kin::ref second = kin::alias();
    std::vector<kin::pid> noise;
    for (int i = 0; i < 3; ++i) {
      noise.push_back(kin::spawn([=] {
        for (;;) {  // never more than one on its way: a flood would bury what is looked for
          kin::send(first, kin::self());
          kin::receive([](word) {});
        }
      }));
    }
    for (int round = 0; round < test::times(40); ++round) {
      constexpr int last = 200;
      const auto sender = kin::spawn_monitor([=] {
        for (int i = 0; i < last; ++i) {
          if (i % 4 == 0) kin::send(me, number{i});
          if (i % 4 == 1) kin::send(post_box, number{i});
          if (i % 4 == 2) kin::send(first, number{i});
          if (i % 4 == 3) kin::send(second, number{i});
        }
      });
      int next = 0;
      for (bool more = true; more;) {
        kin::receive([&](number n) { EXPECT_EQ(n.value, next++); },
                     [&](const kin::down& d) {
                       EXPECT_EQ(d, (kin::down{sender.ref, sender.pid, kin::normal}));
                       more = false;
                     },
                     [](kin::pid noisy) { kin::send(noisy, word{"again"}); },
                     kin::after(test::patience, [&] { more = false; }));
      }
      ASSERT_EQ(next, last);
    }
    for (const kin::pid p : noise) kin::exit(p, kin::kill);
  });
}

}  // namespace
