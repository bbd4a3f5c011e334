// SPDX-License-Identifier: Apache-2.0
// How processes end, and what they do beside each other. otp-semantics 1.1 to 1.4.
#include <kin/alias.hpp>
#include <kin/info.hpp>
#include <kin/values.hpp>

#include "conformance/support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class process : public test::on_workers {};
INSTANTIATE_TEST_SUITE_P(workers, process, test::worker_counts());

inline constexpr kin::name<> first_name{"process_conformance.first"};
inline constexpr kin::name<> second_name{"process_conformance.second"};

// ---- how a process ends -------------------------------------------------------------------------

// A large exit reason comes over a link as it was.
TEST_P(process, t_exit_1) {
  play([] {
    kin::trap_exits();
    const kin::pid child = kin::spawn_link([] { kin::exit(test::large_ledger()); });
    EXPECT_EQ(test::expect<kin::exited>(),
              (kin::exited{child, kin::exit_reason(test::large_ledger())}));
  });
}

// A large reason that another process sends as an exit signal is what the target ends for.
TEST_P(process, t_exit_2_other) {
  play([] {
    kin::trap_exits();
    const kin::pid child = kin::spawn_link([] { test::idle(); });
    kin::exit(child, test::large_ledger());
    EXPECT_EQ(test::expect<kin::exited>(),
              (kin::exited{child, kin::exit_reason(test::large_ledger())}));
  });
}

// An exit signal `normal` does not end another process, and is no message either.
TEST_P(process, t_exit_2_other_normal) {
  play([] {
    const kin::pid me = kin::self();
    kin::trap_exits();
    const kin::pid child = kin::spawn_link([me] {
      test::expect<word>();
      kin::send(me, test::drained().size());
      test::idle();
    });
    kin::exit(child, kin::normal);
    EXPECT_TRUE(kin::is_alive(child));
    kin::send(child, word{"look"});
    EXPECT_EQ(test::expect<std::size_t>(), 0U);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// A process that traps exits gets the exit signals it sends to itself as messages, but for kill.
TEST(process, self_exit) {
  test::run([] {
    kin::trap_exits();
    for (const kin::exit_reason& why :
         {kin::exit_reason(kin::normal), kin::exit_reason(kin::killed), kin::exit_reason("other"),
          kin::exit_reason(test::large_ledger())}) {
      kin::exit(kin::self(), why);
      EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{kin::self(), why}));
    }
  });
}

// `normal`, sent to itself, ends a process that does not trap exits.
TEST_P(process, normal_suicide_exit) {
  play([] {
    EXPECT_EQ(test::how_it_ends([] {
                kin::exit(kin::self(), kin::normal);
                kin::exit("went on");
              }),
              kin::normal);
  });
}

// Any other reason, sent to itself, ends a process with that reason.
TEST_P(process, abnormal_suicide_exit) {
  play([] {
    EXPECT_EQ(test::how_it_ends([] {
                kin::exit(kin::self(), test::large_ledger());
                kin::exit("went on");
              }),
              kin::exit_reason(test::large_ledger()));
  });
}

// An exit signal to itself cannot be caught as an error, nor called off.
TEST_P(process, t_exit_2_catch) {
  play([] {
    EXPECT_EQ(test::how_it_ends([] {
                try {
                  kin::exit(kin::self(), "die");
                } catch (const std::exception&) {
                  kin::exit("caught as an error");
                }
              }),
              "die");
    EXPECT_EQ(test::how_it_ends([] {
                try {
                  kin::exit(kin::self(), "die");
                } catch (...) {  // NOLINT(bugprone-empty-catch): that is what is tested
                }
                kin::exit("called off");
              }),
              "die");
  });
}

// An exit signal that was there before a receive has timed out is what the process ends for. Only
// one worker: the waiting process cannot look while the sender lets its time pass.
TEST(process, exit_and_timeout) {
  test::run({.workers = 1}, [] {
    for (int i = 0; i < test::times(50); ++i) {
      const auto waiter = kin::spawn_monitor([] {
        kin::receive([](const word& /*none*/) {}, kin::after(2ms, [] { kin::exit("timed out"); }));
      });
      kin::yield();
      kin::exit(waiter.pid, "signalled");
      for (const auto until = kin::clock::now() + 3ms; kin::clock::now() < until;) continue;
      ASSERT_EQ(test::expect_down(waiter.ref).reason, "signalled");
    }
  });
}

// Of two exit signals the first one counts.
TEST_P(process, exit_twice) {
  play([] {
    kin::trap_exits();
    for (int i = 0; i < test::times(1000); ++i) {
      const kin::pid child = kin::spawn_link([] { test::idle(); });
      kin::exit(child, "first");
      kin::exit(child, i % 2 == 0 ? kin::exit_reason("second") : kin::exit_reason(kin::kill));
      ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{child, "first"}));
      ASSERT_FALSE(kin::is_alive(child));
      ASSERT_THAT(test::drained(), testing::IsEmpty());
    }
  });
}

// The reason of an uncaught error of kin's own holds that error, with its text, however large.
TEST_P(process, trap_exit_badarg) {
  play([] {
    kin::trap_exits();
    const std::string name(10'000, 'n');
    const kin::pid child =
        kin::spawn_link([name] { kin::send(kin::name<>(kin::intern(name)), word{"to nobody"}); });
    const auto end = test::expect<kin::exited>();

    EXPECT_EQ(end.from, child);
    EXPECT_TRUE(end.reason.is_error());
    const auto* error = end.reason.get_if<kin::error>();
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->reason(), kin::badarg);
    EXPECT_THAT(error->what(), testing::HasSubstr(name));
  });
}

// A process whose whole body is a call of kin that fails ends with that call's error.
TEST_P(process, trap_exit_badarg_in_bif) {
  play([] {
    kin::trap_exits();
    struct unregister_nobody {
      void operator()() const { kin::unregister_name(first_name); }
    };
    const kin::pid child = kin::spawn_link(unregister_nobody{});
    const auto end = test::expect<kin::exited>();

    EXPECT_EQ(end.from, child);
    ASSERT_NE(end.reason.get_if<kin::error>(), nullptr);
    EXPECT_EQ(end.reason.get_if<kin::error>()->reason(), kin::badarg);
  });
}

// What a body was given is released when its process has ended, however it ended.
TEST_P(process, spawn_with_binaries) {
  play([] {
    const auto large = std::make_shared<std::string>(1'000'000, 'x');
    for (int i = 0; i < test::times(1000); ++i) {
      const auto child = kin::spawn_monitor([large, copy = *large, i] {
        if (i % 3 == 0) kin::exit(copy.substr(0, 3));
        if (i % 3 == 1) test::idle();
      });
      if (i % 3 == 1) kin::exit(child.pid, kin::kill);
      test::expect_down(child.ref);
      ASSERT_EQ(large.use_count(), 1);
    }
  });
}

// ---- turns --------------------------------------------------------------------------------------

// On one worker, a process that yields lets every other one that can run have its turn.
TEST(process, yield) {
  test::run({.workers = 1}, [] {
    constexpr int count = 5;
    constexpr int rounds = 200;
    const auto turns = std::make_shared<std::vector<int>>();
    std::vector<kin::ref> ends;
    for (int who = 0; who < count; ++who) {
      const auto child = kin::spawn_monitor([=] {
        for (int i = 0; i < rounds; ++i) {
          turns->push_back(who);
          kin::yield();
        }
      });
      ends.push_back(child.ref);
    }
    for (const kin::ref end : ends) test::expect_down(end);

    ASSERT_EQ(turns->size(), static_cast<std::size_t>(count * rounds));
    for (auto round = turns->begin(); round != turns->end(); round += count) {
      EXPECT_THAT(std::vector(round, round + count), testing::UnorderedElementsAre(0, 1, 2, 3, 4));
    }
  });
}

// As the last thing of a function, or in the middle of an expression, yield changes nothing.
TEST_P(process, yield2) {
  struct functions {
    static int sum_to(int n) {  // yields before it goes on, at every depth
      if (n == 0) return 0;
      kin::yield();
      return n + sum_to(n - 1);
    }
    static int plus_yield(int a, int b) { return a + (kin::yield(), b); }
    static void yields_last() { return kin::yield(); }
  };
  play([] {
    const kin::pid me = kin::self();
    for (int who = 0; who < 4; ++who) {
      kin::spawn([=] {
        functions::yields_last();
        kin::send(me, number{functions::sum_to(100) + functions::plus_yield(1, 2)});
      });
    }
    for (int who = 0; who < 4; ++who) EXPECT_EQ(test::expect<number>(), number{5053});
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// A process that computes and comes by checkpoints does not keep its worker to itself.
TEST(process, bump_reductions) {
  test::run({.workers = 1}, [] {
    constexpr int enough = 10'000'000;
    const auto other_ran = std::make_shared<std::atomic<bool>>(false);
    kin::spawn([=] { *other_ran = true; });
    int passed = 0;
    while (!*other_ran && passed < enough) {
      kin::checkpoint();
      ++passed;
    }
    EXPECT_LT(passed, enough);
    EXPECT_GT(passed, 0);
  });
}

// Timeouts, selective receive in growing mailboxes, and ends of all kinds, all at once: each
// process ends, and for its own reason.
TEST_P(process, otp_6237) {
  play([] {
    const kin::pid me = kin::self();
    std::vector<kin::monitored> selectors;
    for (int i = 0; i < 5; ++i) {
      selectors.push_back(kin::spawn_monitor([me] {
        for (bool more = true; more;) {
          kin::receive(kin::when(&word::text, "never sent"s, [](const word& /*w*/) {}),
                       kin::when(&word::text, "end"s, [&](const word& /*w*/) { more = false; }),
                       kin::after(0s, [] { kin::yield(); }));
        }
        kin::send(me, number{static_cast<int>(test::drained().size())});
      }));
    }
    const int rounds = test::times(1000);
    for (int i = 0; i < rounds; ++i) {
      const auto limit = std::chrono::microseconds(i % 100);
      const auto brief = kin::spawn_monitor([=] {
        kin::receive([](number /*n*/) {}, kin::after(limit, [] {}));
        kin::receive([](number /*n*/) {}, kin::after(0s, [] { kin::exit("timed out"); }));
      });
      kin::send(selectors[static_cast<std::size_t>(i) % selectors.size()].pid, word{"passed over"});
      if (i % 3 == 0) kin::exit(brief.pid, kin::kill);
      const kin::exit_reason why = test::expect_down(brief.ref).reason;
      ASSERT_TRUE(why == "timed out" || (i % 3 == 0 && why == kin::killed)) << why;
    }
    for (const kin::monitored& s : selectors) kin::send(s.pid, word{"end"});
    for (const kin::monitored& s : selectors) {
      EXPECT_EQ(test::expect_down(s.ref).reason, kin::normal);
      EXPECT_EQ(test::expect<number>().value, rounds / 5);
    }
  });
}

// ---- names --------------------------------------------------------------------------------------

// A name is not given twice, nor to a process that has one, nor to the dead, nor to no process:
// badarg each time, and nothing has changed.
TEST(process, bad_register) {
  test::run([] {
    const kin::pid other = kin::spawn([] { test::idle(); });
    const kin::pid dead = kin::spawn([] {});
    test::await_exit(dead);
    kin::register_name(first_name, kin::self());
    const auto refused = [](const kin::name<>& name, kin::pid p) -> kin::exit_reason {
      try {
        kin::register_name(name, p);
      } catch (const kin::error& e) {
        return e.reason();
      }
      return "registered";
    };

    EXPECT_EQ(refused(first_name, other), kin::badarg) << "taken";
    EXPECT_EQ(refused(first_name, kin::self()), kin::badarg) << "has this very name";
    EXPECT_EQ(refused(second_name, kin::self()), kin::badarg) << "has another name";
    EXPECT_EQ(refused(second_name, dead), kin::badarg) << "dead";
    EXPECT_EQ(refused(second_name, kin::pid{}), kin::badarg) << "no process";

    EXPECT_EQ(kin::whereis(first_name), kin::self());
    EXPECT_EQ(kin::whereis(second_name), std::nullopt);
    EXPECT_THAT(kin::registered(), testing::ElementsAre(first_name.text()));
  });
}

// ---- looked at from outside ---------------------------------------------------------------------

using kin::process_status;
using testing::ElementsAre;
using testing::IsEmpty;

bool ready(process_status s) {
  return s == process_status::running || s == process_status::runnable;
}

// All that is the same whoever asks: not what the process is doing.
void expect_same(const kin::process_info& a, const kin::process_info& b) {
  EXPECT_EQ(a.pid, b.pid);
  EXPECT_EQ(a.registered_name, b.registered_name);
  EXPECT_EQ(a.subject, b.subject);
  EXPECT_EQ(a.parent, b.parent);
  EXPECT_EQ(a.ancestors, b.ancestors);
  EXPECT_EQ(a.group_leader, b.group_leader);
  EXPECT_EQ(a.priority, b.priority);
  EXPECT_EQ(a.traps_exits, b.traps_exits);
  EXPECT_EQ(a.message_queue_len, b.message_queue_len);
  EXPECT_EQ(a.dropped, b.dropped);
  EXPECT_EQ(a.links, b.links);
  EXPECT_EQ(a.monitors, b.monitors);
  EXPECT_EQ(a.messages, b.messages);
  EXPECT_EQ(a.dictionary, b.dictionary);
}
constexpr kin::info_options everything{.messages = true, .dictionary = true};

// What a process tells of itself is what others are told of it.
TEST_P(process, otp_4725) {
  play([] {
    const kin::pid me = kin::self();
    const auto child = kin::spawn(
        [me] {
          kin::trap_exits();
          kin::register_name(first_name, kin::self());
          kin::put("key", "value"s);
          static_cast<void>(kin::monitor(me));
          kin::send(kin::self(), number{1});
          kin::send(kin::self(), number{2});
          kin::send(me, *kin::info(kin::self(), everything));
          test::expect<word>();
        },
        {.link = true, .monitor = true, .priority = kin::priority::high});
    const auto inside = test::expect<kin::process_info>();
    const auto outside = kin::info(child.pid, everything);
    ASSERT_TRUE(outside);
    expect_same(inside, *outside);
    EXPECT_EQ(inside.status, process_status::running);
    EXPECT_EQ(inside.pid, child.pid);
    EXPECT_EQ(inside.registered_name, "process_conformance.first");
    EXPECT_EQ(inside.priority, kin::priority::high);
    EXPECT_TRUE(inside.traps_exits);
    EXPECT_THAT(inside.links, ElementsAre(me));
    EXPECT_THAT(inside.monitors, ElementsAre(me));
    EXPECT_THAT(outside->monitored_by, testing::Contains(me));
    EXPECT_THAT(inside.messages, ElementsAre("1", "2"));
    EXPECT_THAT(inside.dictionary, ElementsAre(testing::Pair("key", testing::HasSubstr("value"))));
    kin::send(child.pid, word{"end"});
    EXPECT_EQ(test::expect_down(child.ref).reason, kin::normal);
  });
}

// The items follow what the process does: its name while it has one, its flags, its links.
TEST_P(process, t_process_info) {
  play([] {
    const kin::pid me = kin::self();
    const auto about = [me] { return *kin::info(me); };
    EXPECT_EQ(about().pid, me);
    EXPECT_EQ(about().status, process_status::running);
    EXPECT_EQ(about().registered_name, "");
    kin::register_name(first_name, me);
    EXPECT_EQ(about().registered_name, first_name.text());
    kin::unregister_name(first_name);
    EXPECT_EQ(about().registered_name, "");

    EXPECT_FALSE(about().traps_exits);
    kin::trap_exits();
    EXPECT_TRUE(about().traps_exits);
    EXPECT_EQ(about().priority, kin::priority::normal);
    kin::set_priority(kin::priority::low);
    EXPECT_EQ(about().priority, kin::priority::low);
    EXPECT_EQ(about().group_leader, kin::group_leader());
    EXPECT_THAT(about().links, IsEmpty());
    const kin::pid child = kin::spawn_link([] { test::idle(); });
    EXPECT_THAT(about().links, ElementsAre(child));
    EXPECT_EQ(kin::info(child)->priority, kin::priority::normal);
    EXPECT_FALSE(kin::info(child)->traps_exits);
    EXPECT_EQ(kin::info(child)->group_leader, kin::group_leader());
    kin::exit(child, kin::kill);
    EXPECT_EQ(kin::info(child), std::nullopt);
    test::expect<kin::exited>();
    EXPECT_THAT(about().links, IsEmpty());
  });
}

// The messages that are listed are those in the mailbox, oldest first, of oneself and of others:
// also when some from the middle were taken.
TEST_P(process, process_info_messages) {
  play([] {
    const kin::pid me = kin::self();
    const auto listed = [](kin::pid p) { return kin::info(p, {.messages = true})->messages; };
    const kin::pid other = kin::spawn([me] {
      for (;;) {
        test::expect<kin::pid>(1h);
        kin::receive(kin::when(&number::value, 2, [](number /*n*/) {}));
        kin::send(me, word{"took it"});
      }
    });
    for (const kin::pid p : {me, other}) {
      EXPECT_THAT(listed(p), IsEmpty());
      for (int i = 1; i <= 3; ++i) kin::send(p, number{i});
      kin::send(p, word{"last"});
      EXPECT_THAT(listed(p), ElementsAre("1", "2", "3", "last"));
    }
    kin::send(other, me);
    kin::receive(kin::when(&word::text, "took it"s, [](const word& /*w*/) {}));
    EXPECT_THAT(listed(other), ElementsAre("1", "3", "last"));
    kin::receive(kin::when(&number::value, 2, [](number /*n*/) {}));
    EXPECT_THAT(listed(me), ElementsAre("1", "3", "last"));
    EXPECT_EQ(kin::info(me)->message_queue_len, 3U);
    EXPECT_THAT(kin::info(me)->messages, IsEmpty()) << "nobody asked for them";
    test::drained();
    EXPECT_THAT(listed(me), IsEmpty());
    kin::exit(other, kin::kill);
  });
}

// Of a process that computes, yields and waits in turns, each look at it is of one moment.
TEST_P(process, process_info_other) {
  play([] {
    const kin::pid me = kin::self();
    const auto flips = kin::spawn(
        [] {
          for (bool even = true;; even = !even) {
            kin::trap_exits(even);
            kin::set_priority(even ? kin::priority::high : kin::priority::normal);
            if (even) kin::register_name(first_name, kin::self());
            kin::checkpoint();
            if (even) kin::unregister_name(first_name);
            kin::set_priority(kin::priority::normal);
            kin::yield();
          }
        },
        {.link = true});
    for (int i = 0; i < test::times(1000); ++i) {
      const auto about = kin::info(flips.pid);
      ASSERT_TRUE(about);
      ASSERT_EQ(about->pid, flips.pid);
      ASSERT_EQ(about->parent, me);
      ASSERT_TRUE(ready(about->status)) << about->status;
      ASSERT_THAT(about->links, ElementsAre(me));
      ASSERT_EQ(about->message_queue_len, 0U);
      if (!about->registered_name.empty()) {
        ASSERT_EQ(about->registered_name, first_name.text());
        ASSERT_EQ(about->priority, kin::priority::high);
        ASSERT_TRUE(about->traps_exits);
      }
    }
    kin::unlink(flips.pid);
    kin::exit(flips.pid, kin::kill);
    EXPECT_FALSE(kin::is_alive(flips.pid));
  });
}

// The messages of another one are listed as they were sent, however many there are already.
TEST_P(process, process_info_other_msg) {
  play([] {
    const kin::pid other = kin::spawn([] { test::idle(); });
    std::vector<std::string> sent;
    for (int i = 0; i < test::times(200); ++i) {
      kin::send(other, number{i});
      sent.push_back(std::to_string(i));
      const auto about = kin::info(other, {.messages = true});
      ASSERT_EQ(about->messages, sent);
      ASSERT_EQ(about->message_queue_len, sent.size());
    }
    kin::exit(other, kin::kill);
  });
}

// While others send as well, the length that is told counts all that the asker has sent, and never
// goes down.
TEST_P(process, process_info_other_message_queue_len_signal_race) {
  play([] {
    constexpr std::size_t askers = 4;
    const std::size_t each = test::times(500);
    const kin::pid other = kin::spawn([] { test::idle(); });
    std::vector<kin::ref> ends;
    for (std::size_t who = 0; who < askers; ++who) {
      ends.push_back(kin::spawn_monitor([=] {
                       std::size_t before = 0;
                       for (std::size_t sent = 1; sent <= each; ++sent) {
                         kin::send(other, number{1});
                         const std::size_t length = kin::info(other)->message_queue_len;
                         ASSERT_GE(length, std::max(sent, before + 1));
                         ASSERT_LE(length, askers * each);
                         before = length;
                       }
                     }).ref);
    }
    for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
    EXPECT_EQ(kin::info(other)->message_queue_len, askers * each);
    kin::exit(other, kin::kill);
  });
}

const std::array levels{kin::priority::low, kin::priority::normal, kin::priority::high,
                        kin::priority::max};

// Who waits is said to wait, whatever the priority of him and of who asks.
TEST_P(process, process_info_other_status) {
  play([] {
    for (const kin::priority theirs : levels) {
      const kin::pid me = kin::self();
      const auto waits = kin::spawn(
          [me] {
            kin::send(me, word{"begun"});
            test::idle();
          },
          {.priority = theirs});
      test::expect<word>();
      while (kin::info(waits.pid)->status != process_status::waiting) kin::yield();
      for (const kin::priority mine : levels) {
        kin::set_priority(mine);
        for (int i = 0; i < test::times(50); ++i)
          ASSERT_EQ(kin::info(waits.pid)->status, process_status::waiting);
      }
      kin::set_priority(kin::priority::normal);
      kin::exit(waits.pid, kin::kill);
    }
  });
}

// Whatever is asked for beside the rest, the rest is the same; what is not asked for is empty.
TEST_P(process, process_info_2_list) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid other = kin::spawn_link([me] {
      kin::put("key", 1);
      kin::send(me, word{"begun"});
      test::idle();
    });
    test::expect<word>();
    kin::send(other, number{1});
    for (const kin::pid p : {me, other}) {
      if (p == me) {
        kin::put("key", 1);
        kin::send(me, number{1});
      }
      const auto all = kin::info(p, everything);
      EXPECT_THAT(all->messages, ElementsAre("1"));
      EXPECT_THAT(all->dictionary, ElementsAre(testing::Pair("key", "1")));
      for (const bool messages : {false, true}) {
        for (const bool dictionary : {false, true}) {
          auto some = *kin::info(p, {.messages = messages, .dictionary = dictionary});
          EXPECT_EQ(some.messages.empty(), !messages);
          EXPECT_EQ(some.dictionary.empty(), !dictionary);
          if (!messages) some.messages = all->messages;
          if (!dictionary) some.dictionary = all->dictionary;
          expect_same(some, *all);
        }
      }
    }
    kin::unlink(other);
    kin::exit(other, kin::kill);
    EXPECT_EQ(kin::info(other, everything), std::nullopt);
  });
}

}  // namespace
