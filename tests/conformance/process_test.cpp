// SPDX-License-Identifier: Apache-2.0
// How processes end, and what they do beside each other. otp-semantics 1.1 to 1.4.
#include <kin/alias.hpp>
#include <kin/info.hpp>
#include <kin/spawn_request.hpp>
#include <kin/values.hpp>

#include "conformance/support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class process : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, process, test::worlds(), test::name_of_world);

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
    const int rounds = 5 * test::times(200);
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

// ---- flags --------------------------------------------------------------------------------------

template <class F>
kin::exit_reason refused(F call) {
  try {
    call();
  } catch (const kin::error& e) {
    return e.reason();
  }
  return "it was accepted";
}

// A flag that is set to what it cannot be is badarg, and stays what it was; so is a process that is
// to begin with it.
TEST_P(process, process_flag_badarg) {
  play([] {
    const kin::priority no_priority{9};
    const auto no_place = static_cast<kin::message_queue_data>(9);
    EXPECT_EQ(refused([=] { kin::set_priority(no_priority); }), kin::badarg);
    EXPECT_EQ(refused([=] { kin::set_message_queue_data(no_place); }), kin::badarg);
    EXPECT_EQ(refused([=] { kin::spawn([] {}, {.priority = no_priority}); }), kin::badarg);
    EXPECT_EQ(refused([=] { kin::spawn([] {}, {.message_queue_data = no_place}); }), kin::badarg);
    EXPECT_EQ(kin::set_priority(kin::priority::low), kin::priority::normal);
    EXPECT_EQ(kin::set_priority(kin::priority::normal), kin::priority::low);
    EXPECT_EQ(kin::set_message_queue_data(kin::message_queue_data::on_heap),
              kin::message_queue_data::on_heap);
    EXPECT_FALSE(kin::trap_exits());
    EXPECT_TRUE(kin::trap_exits(false));
    EXPECT_THAT(kin::processes(), testing::ElementsAre(kin::self()));
  });
}

std::size_t reports_titled(const std::string& title) {
  const auto all = test::reports();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const auto& r) { return r.title == title; }));
}

// A process may have so much and no more: with the first too much it is killed, and that is
// reported once; or it is only reported; or neither. What it has taken does not count.
TEST_P(process, spawn_opt_max_heap_size) {
  play_on_threads([] {
    constexpr std::size_t most = 100;
    const kin::pid me = kin::self();
    const auto waits = [] { kin::receive(kin::when(&word::text, "end"s, [](const word&) {})); };
    const auto flood = [](kin::pid p) {
      for (std::size_t i = 0; i < 3 * most; ++i) kin::send(p, test::large_ledger());
    };
    const kin::mailbox_options kills{.limit = most, .when_full = kin::when_full::kill_owner};

    const auto killed = kin::spawn(waits, {.monitor = true, .mailbox = kills});
    flood(killed.pid);
    EXPECT_EQ(test::expect_down(killed.ref).reason, kin::killed);
    EXPECT_EQ(reports_titled("MAILBOX LIMIT"), 1U);

    const auto told = kin::spawn(waits, {.monitor = true, .mailbox = {.alarm_at = most}});
    const auto free = kin::spawn(waits, {.monitor = true});
    for (const auto& p : {told, free}) {
      flood(p.pid);
      EXPECT_TRUE(kin::is_alive(p.pid));
      kin::send(p.pid, word{"end"});
      EXPECT_EQ(test::expect_down(p.ref).reason, kin::normal);
    }
    EXPECT_EQ(reports_titled("MAILBOX LIMIT"), 1U);
    EXPECT_EQ(reports_titled("MAILBOX ALARM"), 1U);

    const auto takes = kin::spawn([me] { return kin::loop([me](number n) { kin::send(me, n); }); },
                                  {.monitor = true, .mailbox = kills});
    for (int i = 0; i < 1000; ++i) {
      kin::send(takes.pid, number{i});
      ASSERT_EQ(test::expect<number>().value, i);
    }
    kin::exit(takes.pid, "enough");
    EXPECT_EQ(test::expect_down(takes.ref).reason, "enough");

    const auto itself = kin::spawn(
        [] {
          for (std::size_t i = 0; i < 3 * most; ++i) kin::send(kin::self(), number{1});
          test::idle();
          kin::exit("went on");
        },
        {.monitor = true, .mailbox = kills});
    EXPECT_EQ(test::expect_down(itself.ref).reason, kin::killed);
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
    const auto each = static_cast<std::size_t>(test::times(500));
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

// The parent is who has spawned the process, also when he is dead; the first process has none.
TEST_P(process, process_info_parent) {
  play([] {
    const kin::pid me = kin::self();
    EXPECT_EQ(kin::info(me)->parent, kin::pid{});
    const auto middle = kin::spawn_monitor([me] {
      EXPECT_EQ(kin::info(kin::self())->parent, me);
      const kin::pid last = kin::spawn([] { test::idle(); });
      EXPECT_EQ(kin::info(last)->parent, kin::self());
      kin::send(me, last);
    });
    const auto last = test::expect<kin::pid>();
    EXPECT_EQ(test::expect_down(middle.ref).reason, kin::normal);
    EXPECT_EQ(kin::info(last)->parent, middle.pid);
    EXPECT_EQ(kin::info(last)->ancestors.size(), 2U);
    kin::exit(last, kin::kill);
  });
}

// Of a process that has much of everything, all of it is told.
TEST_P(process, process_info_smoke_all) {
  play([] {
    constexpr int count = 200;
    const kin::pid me = kin::self();
    const kin::pid loaded = kin::spawn_link([me] {
      kin::trap_exits();
      kin::register_name(second_name, kin::self());
      for (int i = 0; i < count; ++i) {
        const kin::pid child = kin::spawn_link([] { test::idle(); });
        static_cast<void>(kin::monitor(child));
        static_cast<void>(kin::alias());
        kin::put("key " + std::to_string(i), test::large_ledger(i));
        kin::send_after(1h, kin::self(), number{i});
        kin::send(kin::self(), number{i});
      }
      kin::send(me, word{"loaded"});
      test::idle();
    });
    test::expect<word>();
    for (int i = 0; i < count; ++i) static_cast<void>(kin::monitor(loaded));
    for (int i = 0; i < test::times(20); ++i) {
      const auto about = kin::info(loaded, everything);
      ASSERT_TRUE(about);
      ASSERT_EQ(about->links.size(), count + 1U);
      ASSERT_EQ(about->monitors.size(), std::size_t{count});
      ASSERT_EQ(about->monitored_by, std::vector<kin::pid>(count, me));
      ASSERT_EQ(about->messages.size(), std::size_t{count});
      ASSERT_EQ(about->message_queue_len, std::size_t{count});
      ASSERT_EQ(about->dictionary.size(), std::size_t{count});
      ASSERT_EQ(about->registered_name, second_name.text());
      ASSERT_TRUE(about->traps_exits);
      ASSERT_EQ(about->parent, me);
    }
    kin::unlink(loaded);
    kin::exit(loaded, kin::kill);
  });
}

// A process that waits is said to wait each time it is asked, though it serves that question.
TEST_P(process, process_info_status_handled_signal) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid function = kin::spawn([me] {
      kin::send(me, word{"begun"});
      test::idle();
    });
    const kin::pid loop = kin::spawn([me] {
      kin::send(me, word{"begun"});
      return kin::loop([](number /*n*/) {});
    });
    for (const kin::pid p : {function, loop}) {
      test::expect<word>();
      while (kin::info(p)->status != process_status::waiting) kin::yield();
      for (int i = 0; i < test::times(1000); ++i) {
        kin::group_leader(me, p);  // another signal that is no message
        ASSERT_EQ(kin::info(p)->status, process_status::waiting);
      }
      kin::exit(p, kin::kill);
    }
  });
}

// What a process has sent to itself it sees in its own info at once: messages, exits, a leader.
TEST_P(process, process_info_self_signal) {
  play([] {
    const kin::pid me = kin::self();
    kin::trap_exits();
    kin::send(me, number{1});
    kin::send(kin::alias(), number{2});
    kin::exit(me, "an exit");
    const kin::pid leader = kin::spawn([] { test::idle(); });
    kin::group_leader(leader, me);
    const auto about = *kin::info(me, everything);
    EXPECT_EQ(about.message_queue_len, 3U);
    EXPECT_EQ(about.messages.size(), 3U);
    EXPECT_EQ(about.group_leader, leader);
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_EQ(test::expect<number>(), number{2});
    EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{me, "an exit"}));
    EXPECT_EQ(kin::info(me)->message_queue_len, 0U);
    kin::exit(leader, kin::kill);
  });
}

// The length of one's own mailbox is exact, whatever was sent and taken.
TEST_P(process, process_info_self_msgq_len) {
  play([] {
    const kin::pid me = kin::self();
    for (std::size_t i = 1; i <= 1000; ++i) {
      kin::send(me, number{1});
      ASSERT_EQ(kin::info(me)->message_queue_len, i);
    }
    for (std::size_t i = 1000; i-- > 0;) {
      test::expect<number>();
      ASSERT_EQ(kin::info(me)->message_queue_len, i);
    }
  });
}

// While others send, the length is that of the messages listed with it, and counts own ones.
TEST_P(process, process_info_self_msgq_len_messages) {
  play([] {
    const kin::pid me = kin::self();
    std::vector<kin::ref> ends;
    const int each = test::times(100);
    for (int who = 0; who < 3; ++who) {
      ends.push_back(kin::spawn_monitor([=] {
                       for (int i = 0; i < each; ++i, kin::yield()) kin::send(me, number{who});
                     }).ref);
    }
    for (std::size_t i = 1; i <= 50; ++i) {
      kin::send(me, word{"own"});
      const auto about = kin::info(me, {.messages = true});
      ASSERT_EQ(about->messages.size(), about->message_queue_len);
      ASSERT_EQ(std::count(about->messages.begin(), about->messages.end(), "own"),
                static_cast<std::ptrdiff_t>(i));
      kin::yield();
    }
    for (const kin::ref end : ends) test::expect_down(end);
    EXPECT_EQ(kin::info(me)->message_queue_len, 50U + 3U * static_cast<std::size_t>(each));
    test::drained();
  });
}

// The same with all the rest asked for.
TEST_P(process, process_info_self_msgq_len_more) {
  play([] {
    const kin::pid me = kin::self();
    kin::put("key", 1);
    const kin::pid child = kin::spawn_link([] { test::idle(); });
    for (std::size_t i = 1; i <= 100; ++i) {
      kin::send(me, number{1});
      const auto about = kin::info(me, everything);
      ASSERT_EQ(about->message_queue_len, i);
      ASSERT_EQ(about->messages.size(), i);
      ASSERT_EQ(about->dictionary.size(), 1U);
      ASSERT_THAT(about->links, ElementsAre(child));
      ASSERT_EQ(about->status, process_status::running);
    }
    kin::unlink(child);
    kin::exit(child, kin::kill);
    test::drained();
  });
}

// ---- many that look -----------------------------------------------------------------------------

void work(const std::shared_ptr<std::atomic<bool>>& over) {
  while (!*over) kin::yield();
}

// Many that ask at once of processes that run and that wait: all are answered, and what runs goes
// on.
TEST_P(process, process_info_lock_reschedule) {
  play([] {
    const auto over = std::make_shared<std::atomic<bool>>(false);
    const kin::pid runs = kin::spawn([over] { work(over); });
    const kin::pid waits = kin::spawn([] { test::idle(); });
    std::vector<kin::ref> ends;
    for (int who = 0; who < 4; ++who) {
      ends.push_back(kin::spawn_monitor([=] {
                       for (int i = 0; i < test::times(300); ++i) {
                         ASSERT_EQ(kin::info(runs)->pid, runs);
                         ASSERT_EQ(kin::info(waits)->pid, waits);
                       }
                     }).ref);
    }
    for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
    *over = true;
    kin::send(waits, word{"end"});
  });
}

// Who works has more reductions each time, who waits no more than before, whoever asks.
TEST_P(process, process_info_reductions) {
  play([] {
    const auto reductions = [](kin::pid p) { return kin::info(p)->reductions; };
    const kin::pid me = kin::self();
    std::uint64_t before = reductions(me);
    for (int i = 0; i < 1000; ++i) {
      kin::checkpoint();
      const std::uint64_t now = reductions(me);
      ASSERT_GT(now, before);
      before = now;
    }
    const auto over = std::make_shared<std::atomic<bool>>(false);
    const auto works = kin::spawn_monitor([over] { work(over); });
    const kin::pid waits = kin::spawn([] { test::idle(); });
    while (kin::info(waits)->status != process_status::waiting) kin::yield();
    const std::uint64_t asleep = reductions(waits);
    before = 0;
    for (int i = 0; i < test::times(500); ++i) {
      const std::uint64_t now = reductions(works.pid);
      ASSERT_GE(now, before);
      before = now;
      ASSERT_EQ(reductions(waits), asleep);
    }
    const std::uint64_t far = before + 10'000;
    while (reductions(works.pid) < far) kin::yield();
    *over = true;
    EXPECT_EQ(test::expect_down(works.ref).reason, kin::normal);
    kin::exit(waits, kin::kill);
  });
}

// Six that ask each other all the time: all are answered, nobody waits for ever.
TEST_P(process, process_info_lock_reschedule2) {
  play([] {
    std::vector<kin::monitored> all;
    for (int who = 0; who < 6; ++who) {
      all.push_back(kin::spawn_monitor([] {
        const auto others = test::expect<std::vector<kin::pid>>();
        for (int i = 0; i < test::times(200); ++i) {
          for (const kin::pid p : others) {
            const auto about = kin::info(p);
            if (about) {
              ASSERT_EQ(about->pid, p);
            }
          }
        }
      }));
    }
    std::vector<kin::pid> pids;
    for (const kin::monitored& m : all) pids.push_back(m.pid);
    for (const kin::pid p : pids) kin::send(p, pids);
    for (const kin::monitored& m : all) EXPECT_EQ(test::expect_down(m.ref).reason, kin::normal);
  });
}

// The length of a mailbox asked for very often, while its process takes what comes: it does take
// all, and what was told is never more than was sent.
TEST_P(process, process_info_lock_reschedule3) {
  play([] {
    const int count = test::times(1000);
    const auto taker = kin::spawn_monitor([count] {
      for (int i = 0; i < count; ++i) ASSERT_EQ(test::expect<number>().value, i);
      test::expect<word>();
    });
    for (int i = 0; i < count; ++i) {
      kin::send(taker.pid, number{i});
      for (int j = 0; j < 3; ++j)
        ASSERT_LE(kin::info(taker.pid)->message_queue_len, static_cast<std::size_t>(i) + 1);
    }
    kin::send(taker.pid, word{"end"});
    EXPECT_EQ(test::expect_down(taker.ref).reason, kin::normal);
  });
}

// A flood of questions to processes that run, wait and have just been spawned: all are answered.
TEST_P(process, system_task_blast) {
  play([] {
    const auto over = std::make_shared<std::atomic<bool>>(false);
    std::vector<kin::ref> ends;
    const kin::pid runs = kin::spawn([over] { work(over); });
    const kin::pid waits = kin::spawn([] { test::idle(); });
    for (int who = 0; who < test::times(200); ++who) {
      ends.push_back(kin::spawn_monitor([=] {
                       const kin::pid fresh = kin::spawn([] { test::idle(); });
                       for (int i = 0; i < 10; ++i) {
                         for (const kin::pid p : {runs, waits, fresh}) {
                           ASSERT_TRUE(kin::info(p, everything));
                           ASSERT_TRUE(kin::is_alive(p));
                         }
                       }
                       kin::exit(fresh, kin::kill);
                       ASSERT_FALSE(kin::info(fresh));
                     }).ref);
    }
    for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
    *over = true;
    kin::exit(waits, kin::kill);
  });
}

// ---- all processes ------------------------------------------------------------------------------

// While `churning` others begin and end: the list holds each that lives all the time, once, and
// none that was dead before.
void expect_exact_lists(int living, int churning, int looks) {
  std::vector<kin::pid> live{kin::self()};
  for (int i = 0; i < living; ++i)
    live.push_back(kin::spawn([] { return kin::loop([](const word& /*none*/) {}); }));
  const auto over = std::make_shared<std::atomic<bool>>(false);
  std::vector<kin::ref> ends;
  for (int i = 0; i < churning; ++i) {
    ends.push_back(kin::spawn_monitor([over] {
                     while (!*over) test::await_exit(kin::spawn([] { kin::yield(); }));
                   }).ref);
  }
  std::vector<kin::pid> dead;
  for (int i = 0; i < looks; ++i) {
    dead.push_back(kin::spawn([] {}));
    test::await_exit(dead.back());
    auto all = kin::processes();
    std::sort(all.begin(), all.end());
    ASSERT_EQ(std::adjacent_find(all.begin(), all.end()), all.end()) << "listed twice";
    for (const kin::pid p : live) ASSERT_TRUE(std::binary_search(all.begin(), all.end(), p));
    for (const kin::pid p : dead) ASSERT_FALSE(std::binary_search(all.begin(), all.end(), p));
    kin::yield();
  }
  *over = true;
  for (const kin::ref end : ends) test::expect_down(end);
  for (const kin::pid p : live) {
    if (p == kin::self()) continue;
    const kin::ref end = kin::monitor(p);
    kin::exit(p, kin::kill);
    ASSERT_EQ(test::expect_down(end).reason, kin::killed);
  }
  EXPECT_THAT(kin::processes(), ElementsAre(kin::self()));
}

// Few processes.
TEST_P(process, processes_small_tab) {
  play([] { expect_exact_lists(10, 4, test::times(100)); });
}

// Some hundred.
TEST_P(process, processes_default_tab) {
  play([] { expect_exact_lists(500, 8, test::times(40)); });
}

// Many thousand.
TEST_P(process, processes_large_tab) {
  play([] { expect_exact_lists(test::times(20'000), 8, 4); });
}

// A table that others have grown and left.
TEST_P(process, processes_this_tab) {
  play([] {
    std::vector<kin::ref> ends;
    for (int i = 0; i < test::times(5000); ++i)
      ends.push_back(kin::spawn_monitor([] { kin::yield(); }).ref);
    for (const kin::ref end : ends) test::expect_down(end);
    expect_exact_lists(100, 4, test::times(40));
  });
}

// One that is listed can be sent to, however young it is: a message that is sent while it lives
// arrives.
TEST_P(process, processes_send_infant) {
  play_on_threads([] {
    const kin::pid me = kin::self();
    const int count = test::times(500);
    const kin::pid maker = kin::spawn([=] {
      for (int i = 0; i < count; ++i) {
        const kin::pid infant =
            kin::spawn([me] { kin::send(me, std::pair(kin::self(), test::expect<number>(1h))); });
        test::await_exit(infant, 1h);
      }
      kin::send(me, word{"no more"});
    });
    int answers = 0;
    for (bool more = true; more;) {
      for (const kin::pid p : kin::processes()) {
        if (p != me && p != maker) kin::send(p, number{1});
      }
      kin::receive([&](const std::pair<kin::pid, number>& /*answer*/) { ++answers; },
                   [&](const word& /*end*/) { more = false; }, kin::after(0s, [] {}));
      kin::yield();
    }
    EXPECT_EQ(answers, count);
  });
}

// ---- suspended ----------------------------------------------------------------------------------

// A process that waits, is suspended and is sent to does not run; resumed, it takes the message.
TEST_P(process, otp_7738_waiting) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid echo = kin::spawn([me] {
      for (;;) kin::send(me, test::expect<number>(1h));
    });
    for (int i = 0; i < test::times(200); ++i) {
      kin::suspend(echo);
      EXPECT_EQ(kin::info(echo)->status, process_status::suspended);
      kin::send(echo, number{i});
      ASSERT_EQ(kin::info(echo)->message_queue_len, 1U);
      kin::yield();
      ASSERT_THAT(test::drained(), IsEmpty());
      kin::resume(echo);
      ASSERT_EQ(test::expect<number>(), number{i});
    }
    kin::exit(echo, kin::kill);
  });
}

// Suspended by two, twice by one of them: it goes on after the last resume, no sooner.
TEST_P(process, otp_7738_suspended) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid echo = kin::spawn([me] {
      for (;;) kin::send(me, test::expect<number>(1h));
    });
    const kin::pid second = kin::spawn([=] {
      kin::suspend(echo);
      kin::send(me, word{"suspended"});
      test::idle();
      kin::resume(echo);
      test::settle(echo);
      kin::send(me, word{"resumed"});
      test::idle();
    });
    test::expect<word>();
    kin::suspend(echo);
    kin::suspend(echo);
    kin::send(echo, number{1});
    const auto expect_stopped = [&] {
      EXPECT_EQ(kin::info(echo)->status, process_status::suspended);
      EXPECT_EQ(kin::info(echo)->message_queue_len, 1U);
    };
    expect_stopped();
    kin::resume(echo);
    expect_stopped();
    kin::send(second, word{"resume"});
    test::expect<word>();
    expect_stopped();
    kin::resume(echo);
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_THROW(kin::resume(echo), kin::error);
    for (const kin::pid p : {second, echo}) kin::exit(p, kin::kill);
  });
}

// What came while it was suspended, before and after a resume that was not the last one, is taken
// in its order; and nothing is lost when resume and send meet.
TEST_P(process, otp_7738_resume) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid echo = kin::spawn([me] {
      for (;;) kin::send(me, test::expect<number>(1h));
    });
    for (int i = 0; i < test::times(200); ++i) {
      kin::send(echo, number{1});
      kin::suspend(echo);
      kin::send(echo, number{2});
      kin::suspend(echo);
      kin::send(echo, number{3});
      kin::resume(echo);
      kin::send(echo, number{4});
      kin::resume(echo);
      kin::send(echo, number{5});
      for (int n = 1; n <= 5; ++n) ASSERT_EQ(test::expect<number>(), number{n});
    }
    kin::exit(echo, kin::kill);
  });
}

// Questions to a process that is suspended are answered, and so are its signals served.
TEST_P(process, system_task_on_suspended) {
  play([] {
    const auto other = kin::spawn_monitor([] { test::idle(); });
    kin::suspend(other.pid);
    std::vector<kin::ref> ends;
    for (int who = 0; who < 20; ++who) {
      ends.push_back(kin::spawn_monitor([p = other.pid] {
                       for (int i = 0; i < test::times(20); ++i) {
                         ASSERT_TRUE(kin::is_alive(p));
                         ASSERT_EQ(kin::info(p, everything)->status, process_status::suspended);
                         const kin::ref watch = kin::monitor(p);
                         ASSERT_TRUE(kin::demonitor(watch));
                       }
                     }).ref);
    }
    for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
    kin::exit(other.pid, "enough");
    EXPECT_EQ(test::expect_down(other.ref).reason, "enough");
    EXPECT_FALSE(kin::info(other.pid));
  });
}

// ---- priorities ---------------------------------------------------------------------------------

// One of low priority gets turns beside a normal one, but far fewer: about one in nine.
TEST(process, low_prio) {
  test::run({.workers = 1}, [] {
    const auto turns = std::make_shared<std::array<int, 2>>();
    const auto over = std::make_shared<bool>(false);
    for (const int who : {0, 1}) {
      kin::spawn(
          [=] {
            for (; !*over; kin::yield()) ++turns->at(static_cast<std::size_t>(who));
          },
          {.priority = who == 0 ? kin::priority::low : kin::priority::normal});
    }
    while (turns->at(1) < 5000) kin::yield();
    *over = true;
    EXPECT_GT(turns->at(0), 0);
    EXPECT_LT(turns->at(0), turns->at(1) / 2);
  });
}

// Keeps all workers busy at high priority while `ask` is run at high priority with a process of low
// one that waits, and one that could run if the others let it.
void under_high_load(unsigned workers, const std::function<void(kin::pid)>& ask) {
  const auto over = std::make_shared<std::atomic<bool>>(false);
  const kin::spawn_options low{.priority = kin::priority::low};
  const kin::pid me = kin::self();
  const kin::pid waits = kin::spawn(
                             [me] {
                               kin::send(me, word{"begun"});
                               test::idle();
                             },
                             low)
                             .pid;
  test::expect<word>();
  const kin::pid runs = kin::spawn([over] { work(over); }, low).pid;
  std::vector<kin::ref> ends;
  for (unsigned i = 0; i < 2 * workers; ++i)
    ends.push_back(
        kin::spawn([over] { work(over); }, {.monitor = true, .priority = kin::priority::high}).ref);
  kin::set_priority(kin::priority::high);
  for (const kin::pid p : {waits, runs}) ask(p);
  EXPECT_FALSE(*over);
  *over = true;
  for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
}

// A question to a process of low priority is answered though others of high priority run all the
// time.
TEST_P(process, no_priority_inversion) {
  play([workers = GetParam()] {
    under_high_load(workers, [](kin::pid low) {
      for (int i = 0; i < test::times(100); ++i) {
        const auto about = kin::info(low, {.messages = true, .dictionary = true, .limit = 5s});
        ASSERT_TRUE(about);
        ASSERT_EQ(about->priority, kin::priority::low) << "not answered in time";
      }
    });
  });
}

// So are the other things that are asked of it: whether it lives, to stop, to go on, to end.
TEST_P(process, no_priority_inversion2) {
  play([workers = GetParam()] {
    under_high_load(workers, [](kin::pid low) {
      EXPECT_TRUE(kin::is_alive(low));
      kin::suspend(low);
      EXPECT_EQ(kin::info(low)->status, process_status::suspended);
      kin::resume(low);
      const kin::ref watch = kin::monitor(low);
      kin::exit(low, "asked to");
      EXPECT_EQ(test::expect_down(watch).reason, "asked to");
      EXPECT_FALSE(kin::is_alive(low));
    });
  });
}

// ---- aliases and tags ---------------------------------------------------------------------------

// What another process has sent by that alias, and by pid afterwards.
std::size_t arrive_by(kin::ref alias, int count) {
  kin::spawn([=, me = kin::self()] {
    for (int i = 0; i < count; ++i) kin::send(alias, number{i});
    kin::send(me, word{"all sent"});
  });
  test::expect<word>();
  return test::drained().size();
}

// An alias takes messages until unalias, one for a reply until the first; unalias says whether it
// was on, and is its owner's alone.
TEST_P(process, alias_bif) {
  play([] {
    const kin::ref plain = kin::alias();
    EXPECT_EQ(arrive_by(plain, 3), 3U);
    const auto foreign = kin::spawn_monitor([plain] { EXPECT_FALSE(kin::unalias(plain)); });
    test::expect_down(foreign.ref);
    EXPECT_EQ(arrive_by(plain, 3), 3U);
    EXPECT_TRUE(kin::unalias(plain));
    EXPECT_EQ(arrive_by(plain, 3), 0U);
    EXPECT_FALSE(kin::unalias(plain));

    const kin::ref reply = kin::alias(kin::alias_until::replied);
    EXPECT_EQ(arrive_by(reply, 3), 1U);
    EXPECT_EQ(arrive_by(reply, 3), 0U);
    EXPECT_FALSE(kin::unalias(reply));
    const kin::ref unused = kin::alias(kin::alias_until::replied);
    EXPECT_TRUE(kin::unalias(unused));
    EXPECT_EQ(arrive_by(unused, 3), 0U);

    EXPECT_FALSE(kin::unalias(kin::make_ref()));
    EXPECT_EQ(arrive_by(kin::make_ref(), 1), 0U);
  });
}

// The alias of a monitor ends by what it is to end by, and by unalias, which leaves the monitor;
// for a reply, the reply ends the monitor as well.
TEST_P(process, monitor_alias) {
  play([] {
    using kin::alias_until;
    for (const auto mode :
         {alias_until::unaliased, alias_until::demonitored, alias_until::replied}) {
      const bool stays = mode == alias_until::unaliased;
      const bool once = mode == alias_until::replied;
      const kin::pid other = test::ends_when_told();

      const kin::ref given_up = kin::monitor(other, {.alias = mode});
      EXPECT_TRUE(kin::demonitor(given_up));
      EXPECT_EQ(arrive_by(given_up, 2), stays ? 2U : 0U);
      EXPECT_EQ(kin::unalias(given_up), stays);

      const kin::ref unaliased = kin::monitor(other, {.alias = mode});
      EXPECT_TRUE(kin::unalias(unaliased));
      EXPECT_EQ(arrive_by(unaliased, 2), 0U);

      const kin::ref used = kin::monitor(other, {.alias = mode});
      EXPECT_EQ(arrive_by(used, 2), once ? 1U : 2U);
      EXPECT_EQ(kin::info(kin::self())->monitors.size(), once ? 1U : 2U);

      kin::send(other, kin::exit_reason("over"));
      EXPECT_EQ(test::expect_down(unaliased).reason, "over");
      if (!once) {
        EXPECT_EQ(test::expect_down(used).reason, "over");
      }
      EXPECT_EQ(arrive_by(used, 2), stays ? 2U : 0U);
      EXPECT_EQ(kin::unalias(used), stays);
      EXPECT_THAT(test::drained(), IsEmpty());
    }
  });
}

// The DOWN of a monitor with a tag has the tag, of whatever type, and is no plain one; each monitor
// has its own.
TEST_P(process, monitor_tag) {
  play([] {
    const kin::pid other = test::ends_when_told();
    const kin::ref plain = kin::monitor(other);
    const kin::ref by_number = kin::monitor(other, number{1});
    const kin::ref by_ledger = kin::monitor(other, test::large_ledger());
    const kin::ref given_up = kin::monitor(other, number{2});
    EXPECT_TRUE(kin::demonitor(given_up));
    kin::send(other, kin::exit_reason("over"));

    EXPECT_EQ(test::expect<kin::down>(), (kin::down{plain, other, "over"}));
    const auto numbered = test::expect<kin::tagged_down<number>>();
    EXPECT_EQ(numbered.tag, number{1});
    EXPECT_EQ(static_cast<const kin::down&>(numbered), (kin::down{by_number, other, "over"}));
    const auto large = test::expect<kin::tagged_down<test::ledger>>();
    EXPECT_EQ(large.tag, test::large_ledger());
    EXPECT_EQ(static_cast<const kin::down&>(large), (kin::down{by_ledger, other, "over"}));

    const kin::ref late = kin::monitor(other, word{"late"});
    const auto noproc = test::expect<kin::tagged_down<word>>();
    EXPECT_EQ(noproc.tag, word{"late"});
    EXPECT_EQ(static_cast<const kin::down&>(noproc), (kin::down{late, other, kin::noproc}));
    EXPECT_THAT(test::drained(), IsEmpty());
  });
}

// ---- processes that are requested ---------------------------------------------------------------

/// The reply to that request, which must be the next message.
kin::spawn_reply expect_reply(kin::ref request) {
  const auto m = test::expect<kin::message>();
  const auto* reply = m.get_if<kin::spawn_reply>();
  EXPECT_NE(reply, nullptr) << m;
  if (reply == nullptr) kin::exit("no reply");
  EXPECT_EQ(reply->ref, request);
  return *reply;
}
constexpr kin::priority no_priority{9};

// A request returns a reference; its reply says which process, or why there is none. A tag comes
// with either; a bad option is a message, not an exception.
TEST_P(process, spawn_request_bif) {
  play([] {
    const kin::pid me = kin::self();
    const auto say = [me](int n) { return [=] { kin::send(me, number{n}); }; };

    const kin::ref plain = kin::spawn_request(say(1));
    EXPECT_TRUE(expect_reply(plain).child);
    EXPECT_EQ(test::expect<number>(), number{1});

    const kin::ref urgent =
        kin::spawn_request([me] { kin::send(me, kin::info(kin::self())->priority); },
                           {.priority = kin::priority::high});
    EXPECT_TRUE(expect_reply(urgent).child);
    EXPECT_EQ(test::expect<kin::priority>(), kin::priority::high);

    const kin::ref tagged = kin::spawn_request(say(2), word{"mine"});
    const auto reply = test::expect<kin::tagged_spawn_reply<word>>();
    EXPECT_EQ(reply.tag, word{"mine"});
    EXPECT_EQ(reply.ref, tagged);
    EXPECT_TRUE(reply.child);
    EXPECT_EQ(test::expect<number>(), number{2});

    const kin::ref bad = kin::spawn_request(say(3), {.link = true, .priority = no_priority});
    EXPECT_EQ(expect_reply(bad).child.error(), kin::badopt);
    const kin::ref bad_alias = kin::spawn_request(say(3), {.alias = kin::alias_until::replied});
    EXPECT_EQ(expect_reply(bad_alias).child.error(), kin::badopt);
    const kin::ref bad_tagged = kin::spawn_request(say(3), word{"mine"}, {.priority = no_priority});
    const auto failure = test::expect<kin::tagged_spawn_reply<word>>();
    EXPECT_EQ(failure.tag, word{"mine"});
    EXPECT_EQ(failure.ref, bad_tagged);
    EXPECT_EQ(failure.child.error(), kin::badopt);
    EXPECT_THAT(test::drained(), IsEmpty());
    EXPECT_THAT(kin::info(me)->links, IsEmpty());
  });
}

// However early the process ends, the reply comes before the DOWN, which has the true reason.
TEST_P(process, spawn_request_monitor_child_exit) {
  play([] {
    for (int i = 0; i < test::times(500); ++i) {
      const kin::ref request = kin::spawn_request([i] { kin::exit(i); }, {.monitor = true});
      if (i % 2 == 0) kin::yield();
      const kin::pid child = *expect_reply(request).child;
      ASSERT_EQ(test::expect<kin::message>().get_if<kin::down>() != nullptr, true);
      const kin::ref next = kin::spawn_request([i] { kin::exit(i); }, number{i}, {.monitor = true});
      const auto reply = test::expect<kin::tagged_spawn_reply<number>>();
      ASSERT_EQ(test::expect_down(next), (kin::down{next, *reply.child, kin::exit_reason(i)}));
      ASSERT_NE(*reply.child, child);
    }
    EXPECT_THAT(test::drained(), IsEmpty());
  });
}

// ... and before the EXIT.
TEST_P(process, spawn_request_link_child_exit) {
  play([] {
    kin::trap_exits();
    for (int i = 0; i < test::times(500); ++i) {
      const kin::ref request = kin::spawn_request([i] { kin::exit(i); }, {.link = true});
      if (i % 2 == 0) kin::yield();
      const kin::pid child = *expect_reply(request).child;
      ASSERT_EQ(test::expect<kin::exited>(), (kin::exited{child, kin::exit_reason(i)}));
    }
    EXPECT_THAT(test::drained(), IsEmpty());
  });
}

/// Who requests a linked process and ends at once, takes it along.
void ends_its_requested_child(const kin::exit_reason& why) {
  const kin::pid me = kin::self();
  for (int i = 0; i < test::times(200); ++i) {
    kin::spawn([=] {
      const kin::ref request = kin::spawn_request([] { test::idle(); }, {.link = true});
      if (i % 2 == 0) kin::send(me, *expect_reply(request).child);
      if (i % 2 != 0) kin::send(me, kin::info(kin::self())->links.at(0));
      kin::exit(why);
    });
    const kin::exit_reason ended = test::await_exit(test::expect<kin::pid>());
    ASSERT_TRUE(ended == why || ended == kin::noproc) << ended;
  }
}
TEST_P(process, spawn_request_link_parent_exit) {
  play([] { ends_its_requested_child("over"); });
}
TEST_P(process, spawn_request_link_parent_exit_compound_reason) {
  play([] { ends_its_requested_child(kin::exit_reason(test::large_ledger())); });
}

// A local request is never pending when it has returned: it cannot be abandoned, and what is no
// request cannot either.
TEST_P(process, spawn_request_abandon_bif) {
  play([] {
    EXPECT_FALSE(kin::spawn_request_abandon(kin::make_ref()));
    EXPECT_FALSE(kin::spawn_request_abandon(kin::ref{}));
    const kin::ref request = kin::spawn_request([] { test::idle(); }, {.link = true});
    EXPECT_FALSE(kin::spawn_request_abandon(request));
    const kin::pid child = *expect_reply(request).child;
    EXPECT_FALSE(kin::spawn_request_abandon(request));
    EXPECT_TRUE(kin::is_alive(child));
    kin::send(child, word{"end"});
  });
}

// What is told of success and of failure, for each of the four options.
TEST_P(process, spawn_request_reply_option) {
  play([] {
    using enum kin::spawn_replies;
    const kin::pid me = kin::self();
    const auto run = [me] { kin::send(me, number{1}); };
    for (const auto told : {yes, no, error_only, success_only}) {
      const kin::ref good = kin::spawn_request(run, {.reply = told});
      if (told == yes || told == success_only) {
        EXPECT_TRUE(expect_reply(good).child);
      }
      EXPECT_EQ(test::expect<number>(), number{1});
      const kin::ref bad = kin::spawn_request(run, {.priority = no_priority, .reply = told});
      if (told == yes || told == error_only) {
        EXPECT_EQ(expect_reply(bad).child.error(), kin::badopt);
      }
      EXPECT_THAT(test::drained(), IsEmpty());
    }
  });
}

// The reference of a monitor made with the process can be an alias, switched off as the option
// says; an alias without a monitor is an error.
TEST_P(process, spawn_monitor_alias) {
  play([] {
    using kin::alias_until;
    const auto answers = [] {
      return kin::receive([](const word& /*go*/) { return test::expect<kin::ref>(); });
    };
    for (const auto until :
         {alias_until::unaliased, alias_until::demonitored, alias_until::replied}) {
      const auto [child, ref] = kin::spawn(
          [=] {
            const kin::ref to = answers();
            kin::send(to, number{1});
            kin::send(to, number{2});
          },
          {.monitor = true, .alias = until});
      kin::send(child, word{"go"});
      kin::send(child, ref);
      EXPECT_EQ(test::expect<number>(), number{1});
      if (until == alias_until::replied) {
        test::await_exit(child);  // the first message has ended alias and monitor
      } else {
        EXPECT_EQ(test::expect<number>(), number{2});
        EXPECT_EQ(test::expect_down(ref), (kin::down{ref, child, kin::normal}));
      }
      kin::send(ref, number{3});
      EXPECT_EQ(test::drained().size(), until == alias_until::unaliased ? 1U : 0U);
      EXPECT_EQ(kin::unalias(ref), until == alias_until::unaliased);
    }
    const kin::ref requested = kin::spawn_request([=] { kin::send(answers(), number{4}); },
                                                  {.monitor = true, .alias = alias_until::replied});
    const auto reply = expect_reply(requested);
    kin::send(*reply.child, word{"go"});
    kin::send(*reply.child, reply.ref);
    EXPECT_EQ(test::expect<number>(), number{4});
    EXPECT_FALSE(kin::demonitor(requested));
    try {
      kin::spawn([] {}, {.alias = alias_until::replied});
      ADD_FAILURE() << "it was spawned";
    } catch (const kin::error& e) {
      EXPECT_EQ(e.reason(), kin::badarg);
    }
  });
}

}  // namespace
