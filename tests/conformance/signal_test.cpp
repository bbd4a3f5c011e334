// SPDX-License-Identifier: Apache-2.0
// Order and meaning of signals between processes. otp-semantics 1.1, 1.4, 1.5.
#include <kin/alias.hpp>
#include <kin/info.hpp>
#include <kin/process.hpp>

#include "conformance/support.hpp"

#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class signal : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, signal, test::worlds(), test::name_of_world);

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
  play_on_threads([] {
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

// ---- many signals at once -----------------------------------------------------------------------

/// Numbers from one sender, in order.
struct numbered {
  int sender = 0;
  int value = 0;
};

/// Takes the numbers of all senders, each in its order, until there are `count` of each.
void take_in_order(int senders, int count) {
  std::vector<int> next(static_cast<std::size_t>(senders));
  for (int left = senders * count; left > 0; --left) {
    const auto n = test::expect<numbered>();
    ASSERT_EQ(n.value, next[static_cast<std::size_t>(n.sender)]++) << "of " << n.sender;
  }
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

/// What others do to a process beside sending to it: all that its signals make it look at, or
/// change, its mailbox and itself.
void disturb(kin::pid p, int times) {
  for (int i = 0; i < times; ++i) {
    static_cast<void>(kin::info(p, {.messages = i % 8 == 0}));
    const kin::ref watch = kin::monitor(p);
    kin::group_leader(kin::self(), p);
    try {
      kin::suspend(p);
      kin::resume(p);
    } catch (const kin::error& e) {
      EXPECT_EQ(e.reason(), kin::noproc);
    }
    kin::demonitor(watch, {.flush = true});
  }
}

/// Whether the receiver takes messages while they come, and whether it is ended meanwhile.
struct scene {
  bool receives = false;
  bool ends = false;
};
void signals_come_at_once(scene s) {
  constexpr int senders = 4;
  const int count = test::times(400);
  for (int round = 0; round < test::times(8); ++round) {
    const auto receiver = kin::spawn_monitor([=] {
      if (!s.receives) test::expect<word>(1h);
      take_in_order(senders, count);
      if (s.ends) test::idle();
    });
    std::vector<kin::ref> ends;
    for (int who = 0; who < senders; ++who) {
      ends.push_back(kin::spawn_monitor([=, to = receiver.pid] {
                       for (int i = 0; i < count; ++i) {
                         kin::send(to, numbered{who, i});
                         if (i % 50 == 0) kin::yield();
                       }
                     }).ref);
      ends.push_back(kin::spawn_monitor([to = receiver.pid] { disturb(to, test::times(20)); }).ref);
    }
    if (s.ends) kin::exit(receiver.pid, "in the middle");
    for (const kin::ref end : ends) ASSERT_EQ(test::expect_down(end).reason, kin::normal);
    if (!s.receives) kin::send(receiver.pid, word{"now"});
    ASSERT_EQ(test::expect_down(receiver.ref).reason,
              s.ends ? kin::exit_reason("in the middle") : kin::exit_reason(kin::normal));
  }
  EXPECT_THAT(test::drained(), testing::IsEmpty());
}

// Messages, questions, suspensions, monitors and group leaders from many at once: no message is
// lost or overtakes another ...
TEST_P(signal, simultaneous_signals_basic) {
  play([] { signals_come_at_once({}); });
}
// ... while the receiver takes them ...
TEST_P(signal, simultaneous_signals_recv) {
  play([] { signals_come_at_once({.receives = true}); });
}
// ... or is ended: then all that asked are answered, and it ends for the true reason ...
TEST_P(signal, simultaneous_signals_exit) {
  play([] { signals_come_at_once({.ends = true}); });
}
// ... or both.
TEST_P(signal, simultaneous_signals_recv_exit) {
  play([] { signals_come_at_once({.receives = true, .ends = true}); });
}

// ---- messages that are moved --------------------------------------------------------------------

struct told_by {
  int who = 0;
  int nth = 0;
};

struct receiver_options {
  bool moves = false;     // changes where its messages are kept all the time
  bool receives = false;  // as they come; else when all are there
  bool exits = false;     // some senders are killed in the middle
};

// Takes what senders tell: of each all, in its order. Of those that are killed: the first ones.
class ledger_of_senders {
 public:
  explicit ledger_of_senders(int senders) : next_(static_cast<std::size_t>(senders)) {}
  void take(const told_by& t) {
    ASSERT_EQ(t.nth, next_.at(static_cast<std::size_t>(t.who))) << "of sender " << t.who;
    ++next_.at(static_cast<std::size_t>(t.who));
  }
  [[nodiscard]] const std::vector<int>& counts() const { return next_; }

 private:
  std::vector<int> next_;
};

std::vector<int> receive_all(int senders, const receiver_options& how) {
  ledger_of_senders book(senders);
  bool over = false;
  for (bool off = true; !over; off = !off) {
    if (how.moves) {
      kin::set_message_queue_data(off ? kin::message_queue_data::off_heap
                                      : kin::message_queue_data::on_heap);
    }
    if (how.receives) kin::receive([&](told_by t) { book.take(t); }, kin::after(0s, [] {}));
    kin::receive([&](const word& /*all are sent*/) { over = true; }, kin::after(0s, [] {}));
    kin::yield();
  }
  for (bool more = true; more;)
    kin::receive([&](told_by t) { book.take(t); }, kin::after(0s, [&] { more = false; }));
  return book.counts();
}

void expect_all_in_order(const receiver_options& how) {
  constexpr int senders = 12;
  const int each = test::times(400);
  const kin::pid me = kin::self();
  const kin::pid to = kin::spawn([=] { kin::send(me, receive_all(senders, how)); });
  std::vector<kin::monitored> all;
  for (int who = 0; who < senders; ++who) {
    all.push_back(kin::spawn_monitor([=] {
      for (int nth = 0; nth < each; ++nth) {
        kin::send(to, told_by{who, nth});
        if (nth % 16 == 0) kin::yield();
      }
    }));
  }
  const auto is_killed = [&](int who) { return how.exits && who % 3 == 0; };
  for (int who = 0; who < senders; ++who) {
    if (is_killed(who)) kin::exit(all[static_cast<std::size_t>(who)].pid, kin::kill);
  }
  for (const kin::monitored& s : all) test::expect_down(s.ref);
  kin::send(to, word{"all are sent"});
  const auto counts = test::expect<std::vector<int>>();
  for (int who = 0; who < senders; ++who) {
    const int count = counts[static_cast<std::size_t>(who)];
    EXPECT_LE(count, each);
    if (!is_killed(who)) {
      EXPECT_EQ(count, each);
    }
  }
}

// A process that has its messages moved to and fro while many send gets them all, each sender's in
// order.
TEST_P(signal, move_msgs_off_heap_signal_basic) {
  play([] { expect_all_in_order({.moves = true}); });
}

// So it does if it receives meanwhile.
TEST_P(signal, move_msgs_off_heap_signal_recv) {
  play([] { expect_all_in_order({.moves = true, .receives = true}); });
}

// Of senders that are killed in the middle it gets what they have sent.
TEST_P(signal, move_msgs_off_heap_signal_exit) {
  play([] { expect_all_in_order({.moves = true, .exits = true}); });
}

// Both.
TEST_P(signal, move_msgs_off_heap_signal_recv_exit) {
  play([] { expect_all_in_order({.moves = true, .receives = true, .exits = true}); });
}

}  // namespace
