// SPDX-License-Identifier: Apache-2.0
// What fails in a simulation by chance: that each kind happens, does what it says, and no more.
#include <kin/kin.hpp>
#include <kin/sim.hpp>

#include "support/expect.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kin::sim::ending;
using test::number;
using test::word;
using testing::HasSubstr;

// ---- kills ----------------------------------------------------------------------------------------

// Says when it is thrown away by an unwinding.
class inside {
 public:
  explicit inside(int& unwound) : unwound_(unwound) {}
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  ~inside() {
    if (std::uncaught_exceptions() > 0) ++unwound_;
  }

 private:
  int& unwound_;
};

struct ask {};
class silent : public kin::gen_server {
 public:
  kin::replies<int> handle_call(ask /*request*/, kin::from<int> caller) {
    caller_.emplace(std::move(caller));
    return kin::noreply;
  }

 private:
  std::optional<kin::from<int>> caller_;
};

// Nobody is killed while all wait.
kin::exit_reason end_of(kin::ref watch) {
  std::optional<kin::exit_reason> why;
  while (!why) {
    kin::receive(kin::when(&kin::down::ref, watch, [&](const kin::down& d) { why = d.reason; }),
                 kin::after(0s, [] { kin::yield(); }));
  }
  return *why;
}

// Of a process that calls itself a victim.
bool is_victim(const kin::process_info& p) { return p.registered_name == "victim"; }

struct waiting_call {
  const char* name;
  std::function<void()> wait;
  friend std::ostream& operator<<(std::ostream& out, const waiting_call& w) {
    return out << w.name;
  }
};
class kill_in : public testing::TestWithParam<waiting_call> {};

TEST_P(kill_in, unwinds_from_it) {
  int unwound = 0;
  const auto end = kin::sim::run({.faults = {{.kill = 0.2, .among = is_victim}}}, [&] {
    for (int i = 0; i < 20; ++i) {
      const auto victim = kin::spawn_monitor([&] {
        const inside here(unwound);
        kin::register_name(kin::name("victim"), kin::self());
        for (;;) GetParam().wait();
      });
      EXPECT_EQ(end_of(victim.ref), kin::killed);
    }
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(end.faults.kills, 20U);
  EXPECT_EQ(unwound, 20);
}

INSTANTIATE_TEST_SUITE_P(
    , kill_in,
    testing::Values(waiting_call{"receive", [] { kin::receive([](const word&) {}); }},
                    waiting_call{"receive_after",
                                 [] { kin::receive([](const word&) {}, kin::after(1s, [] {})); }},
                    waiting_call{"sleep", [] { kin::sleep(1s); }},
                    waiting_call{"yield", [] { kin::yield(); }},
                    waiting_call{"call",
                                 [] {
                                   static_cast<void>(
                                       kin::try_call(kin::start_link<silent>(), ask{}, 1s));
                                 }}),
    [](const auto& of) { return of.param.name; });

// Notes how much mail is left to it after each message.
class slow_reader : public kin::gen_server {
 public:
  explicit slow_reader(std::shared_ptr<std::size_t> left) : left_(std::move(left)) {}
  void handle_cast(number /*n*/) { *left_ = kin::info(kin::self())->message_queue_len; }

 private:
  std::shared_ptr<std::size_t> left_;
};

TEST(kill, comes_between_two_messages_of_a_mailbox) {
  int between = 0;
  for (std::uint64_t seed = 1; seed <= 200 && between == 0; ++seed) {
    const auto end = kin::sim::run({.seed = seed, .faults = {{.kill = 0.05}}}, [&] {
      const auto left = std::make_shared<std::size_t>(0);
      const auto reader = kin::try_start<slow_reader>(left);
      if (!reader) return;
      const kin::ref watch = kin::monitor(reader->pid);
      for (int i = 0; i < 10; ++i) kin::cast(*reader, number{i});
      kin::sleep(1ms);
      kin::exit(reader->pid, kin::shutdown);
      if (test::expect_down(watch).reason == kin::killed && *left != 0) ++between;
    });
    EXPECT_TRUE(end.ok()) << end.story;
  }
  EXPECT_EQ(between, 1);
}

class kill_at_drain : public testing::TestWithParam<std::vector<std::string>> {};

// The victim serves the link and the kill in one go: it has no turn between them.
TEST_P(kill_at_drain, is_served_among_other_signals) {
  int seen = 0;
  for (std::uint64_t seed = 1; seed <= 500 && seen == 0; ++seed) {
    const auto end = kin::sim::run({.seed = seed, .faults = {{.kill = 0.05}}}, [&] {
      kin::trap_exits();
      const auto victim = kin::spawn([] { kin::receive([](const word&) {}); });
      kin::sleep(1ms);
      kin::link(victim);
      kin::receive([](const kin::exited&) {}, kin::after(1ms, [] {}));
      kin::exit("tell the story");
    });
    const std::string& story = end.story;
    const std::size_t first = story.find(GetParam()[0]);
    const std::size_t then = story.find(GetParam()[1]);
    if (first == story.npos || then == story.npos || first > then) continue;
    if (story.substr(first, then - first).find("<0.2.0> runs") == story.npos) ++seen;
  }
  EXPECT_EQ(seen, 1);
}

INSTANTIATE_TEST_SUITE_P(
    , kill_at_drain,
    testing::Values(std::vector<std::string>{"<0.2.0> gets a link", "<0.2.0> is killed"},
                    std::vector<std::string>{"<0.2.0> is killed", "<0.2.0> gets a link"}),
    [](const auto& of) {
      return of.index == 0 ? std::string("the_kill_last") : std::string("the_kill_first");
    });

TEST(kill, never_meets_main) {
  const auto everybody = [](const kin::process_info& /*p*/) { return true; };
  const auto end = kin::sim::run({.faults = {{.kill = 1, .among = everybody}}}, [] {
    for (int i = 0; i < 100; ++i) kin::yield();
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(end.faults.kills, 0U);
}

TEST(faults, are_over_when_main_has_ended) {
  auto why = std::make_shared<kin::exit_reason>("none");
  const auto end = kin::sim::run({.faults = {{.kill = 1, .delay = 1, .late_timer = 1}}}, [why] {
    kin::spawn([why] {
      kin::trap_exits();
      *why = kin::receive([](const kin::exited& e) { return e.reason; });
      kin::sleep(1ms);
    });
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(*why, kin::shutdown);
}

// ---- delays ---------------------------------------------------------------------------------------

struct stamped {
  int sender;
  int count;
  kin::clock::time_point sent;
};

struct journey {
  std::uint64_t delays = 0;
  int late = 0;       // that took longer than steps explain
  int overtaken = 0;  // by what another process sent later
};

journey of_messages(const kin::sim::options& options) {
  journey seen;
  const auto end = kin::sim::run(options, [&seen] {
    const kin::pid me = kin::self();
    for (int sender = 0; sender < 3; ++sender) {
      kin::spawn_link([=] {
        for (int i = 0; i < 10; ++i) {
          kin::send(me, stamped{sender, i, kin::clock::now()});
          kin::yield();
        }
      });
    }
    std::vector<int> next(3, 0);
    kin::clock::time_point newest;
    for (int i = 0; i < 30; ++i) {
      const auto m = kin::receive([](stamped s) { return s; });
      EXPECT_EQ(m.count, next[static_cast<std::size_t>(m.sender)]++) << "the order of a pair";
      if (kin::clock::now() - m.sent > 1ms) ++seen.late;
      if (m.sent < newest) ++seen.overtaken;
      newest = std::max(newest, m.sent);
    }
  });
  EXPECT_TRUE(end.ok()) << end.story;
  seen.delays = end.faults.delays;
  return seen;
}

TEST(delay, holds_up_a_signal_and_what_is_behind_it_but_not_those_of_others) {
  int late = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const journey seen = of_messages({.seed = seed, .faults = {{.delay = 0.1, .delay_max = 50ms}}});
    EXPECT_GT(seen.delays, 0U);
    EXPECT_GT(seen.overtaken, 0);
    late += seen.late;
    EXPECT_EQ(of_messages({.seed = seed}).late, 0);
  }
  EXPECT_GT(late, 20) << "a delayed one holds up those behind it";
}

TEST(delay, meets_only_what_is_sent_to_those_among_its_group) {
  const auto end = kin::sim::run(
      {.faults = {{.delay = 1,
                   .delay_max = 1h,
                   .among =
                       [](const kin::process_info& p) { return p.registered_name == "far"; }}}},
      [] {
        const auto start = kin::clock::now();
        const kin::pid me = kin::self();
        for (const char* name : {"far", "near"}) {
          const auto echo = kin::spawn([=] {
            kin::register_name(kin::name(name), kin::self());
            kin::receive([&](word w) { kin::send(me, w); });
          });
          while (!kin::whereis(kin::name(name))) kin::yield();
          kin::send(echo, word{name});
        }
        EXPECT_EQ(test::expect<word>(2h).text, "near");
        EXPECT_LT(kin::clock::now() - start, 1s);
        EXPECT_EQ(test::expect<word>(2h).text, "far");
      });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_GE(end.faults.delays, 1U);
}

TEST(delay, of_a_signal_behind_another_counts_too) {
  int gaps = 0;
  const auto end = kin::sim::run({.faults = {{.delay = 1, .delay_max = 1h}}}, [&gaps] {
    kin::spawn_link([me = kin::self()] {
      for (int i = 0; i < 20; ++i) kin::send(me, number{i});
    });
    kin::clock::time_point last;
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(kin::receive([](number n) { return n; }), number{i});
      if (i != 0 && kin::clock::now() - last > 1s) ++gaps;
      last = kin::clock::now();
    }
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_GE(gaps, 1) << "all came with the first";
}

TEST(delay, is_waited_for_when_nothing_else_can_happen) {
  const auto end = kin::sim::run({.faults = {{.delay = 1, .delay_max = 24h}}}, [] {
    const auto echo = kin::spawn_link([me = kin::self()] {
      for (;;) kin::receive([&](number n) { kin::send(me, n); });
    });
    for (int i = 0; i < 10; ++i) {
      kin::send(echo, number{i});
      EXPECT_EQ(kin::receive([](number n) { return n; }), number{i});
    }
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_GE(end.time, 24h) << "twenty delays, half a day each";
}

// ---- timers ---------------------------------------------------------------------------------------

TEST(late_timer, fires_up_to_so_much_later_and_never_early) {
  std::uint64_t late = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto end =
        kin::sim::run({.seed = seed, .faults = {{.late_timer = 0.5, .late_max = 100ms}}}, [&] {
          const auto took = [](auto wait) {
            const auto start = kin::clock::now();
            wait();
            return kin::clock::now() - start;
          };
          const auto sleeps = took([] { kin::sleep(10ms); });
          const auto receives =
              took([] { kin::receive([](const word&) {}, kin::after(10ms, [] {})); });
          const auto sends = took([] {
            kin::send_after(10ms, kin::self(), number{1});
            kin::receive([](number) {});
          });
          const auto calls = took([] {
            const auto server = kin::start_link<silent>();
            EXPECT_EQ(kin::try_call(server, ask{}, 10ms).error(), kin::timed_out);
          });
          for (const auto time : {sleeps, receives, sends, calls}) {
            EXPECT_GE(time, 10ms);
            EXPECT_LE(time, 10ms + 100ms + 1ms);
          }
        });
    EXPECT_TRUE(end.ok()) << end.story;
    late += end.faults.late_timers;
  }
  EXPECT_GT(late, 20U);
}

TEST(late_timer, can_be_cancelled_when_it_should_have_fired_long_ago) {
  const auto end = kin::sim::run({.faults = {{.late_timer = 1, .late_max = 1h}}}, [] {
    const kin::ref timer = kin::send_after(10ms, kin::self(), number{1});
    const auto due = kin::clock::now() + 20ms;
    while (kin::clock::now() < due) kin::yield();
    EXPECT_EQ(kin::read_timer(timer), kin::duration(0));
    EXPECT_EQ(kin::cancel_timer(timer), kin::duration(0));
    kin::receive([](number) { ADD_FAILURE() << "it was cancelled"; }, kin::after(5h, [] {}));
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(end.faults.late_timers, 2U) << "the cancelled one, and the limit of the receive";
}

// ---- spawns ---------------------------------------------------------------------------------------

const auto everybody = [](const kin::process_info& /*p*/) { return true; };

TEST(failed_spawn, throws_what_the_limit_of_processes_does) {
  const auto end = kin::sim::run({.faults = {{.failed_spawn = 1, .among = everybody}}}, [] {
    const auto reason_of = [](auto act) {
      try {
        act();
      } catch (const kin::error& failed) {
        return failed.reason();
      }
      return kin::exit_reason(kin::normal);
    };
    EXPECT_EQ(reason_of([] { kin::spawn([] {}); }), kin::system_limit);
    EXPECT_EQ(reason_of([] { static_cast<void>(kin::spawn_monitor([] {})); }), kin::system_limit);
    EXPECT_EQ(reason_of([] { kin::start_link<silent>(); }), kin::system_limit);
    EXPECT_EQ(kin::try_start_link<silent>().error(), kin::system_limit);
    kin::spawn_request([] {});
    EXPECT_EQ(test::expect<kin::spawn_reply>().child.error(), kin::system_limit);
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(end.faults.failed_spawns, 5U);
}

TEST(failed_spawn, leaves_main_alone_unless_it_is_named) {
  const auto end = kin::sim::run({.faults = {{.failed_spawn = 1}}}, [] {
    const auto child = kin::spawn_monitor([] { EXPECT_THROW(kin::spawn([] {}), kin::error); });
    EXPECT_EQ(test::expect_down(child.ref).reason, kin::normal);
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(end.faults.failed_spawns, 1U);
}

TEST(failed_spawn, is_one_more_reason_to_try_again_for_a_supervisor) {
  std::uint64_t failed = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto is_supervisor = [](const kin::process_info& p) {
      return p.subject == "kin::supervisor";
    };
    const auto end = kin::sim::run(
        {.seed = seed, .faults = {{.failed_spawn = 0.3, .among = is_supervisor}}}, [] {
          constexpr kin::name<silent> it{"it"};
          const auto tree = kin::try_start_link(kin::supervisor{
              {.strategy = kin::one_for_one, .intensity = 1000}, kin::child<silent>({.name = it})});
          if (!tree) return;  // its first child did not start
          for (int i = 0; i < 5; ++i) {
            kin::pid before = *kin::whereis(it);
            kin::exit(before, kin::kill);
            while (!kin::whereis(it) || *kin::whereis(it) == before) kin::yield();
          }
        });
    EXPECT_TRUE(end.ok()) << end.story;
    failed += end.faults.failed_spawns;
  }
  EXPECT_GT(failed, 50U);
}

// ---- mailboxes ------------------------------------------------------------------------------------

struct delivery {
  std::vector<int> got;
  int refused = 0;
  std::uint64_t dropped = 0;
  std::uint64_t found_full = 0;
  kin::exit_reason reason = kin::normal;
};

// Ten numbers to a mailbox that is never full by itself.
delivery to_a_mailbox(kin::when_full policy, std::uint64_t seed) {
  delivery seen;
  const auto is_reader = [](const kin::process_info& p) { return p.registered_name == "reader"; };
  const auto end = kin::sim::run(
      {.seed = seed, .faults = {{.full_mailbox = 0.3, .among = is_reader}}}, [&seen, policy] {
        const auto read = [&] {
          kin::register_name(kin::name("reader"), kin::self());
          const auto one = [&](number n) {
            if (n.value >= 0) seen.got.push_back(n.value);
            return n.value >= 0;
          };
          while (kin::receive(one)) seen.dropped = kin::info(kin::self())->dropped;
        };
        const auto reader =
            kin::spawn(read, {.monitor = true, .mailbox = {.limit = 100, .when_full = policy}});
        while (!kin::whereis(kin::name("reader"))) kin::yield();
        for (int i = 0; i < 10; ++i) {
          if (!kin::try_send(reader.pid, number{i}, 1s)) ++seen.refused;
        }
        while (!kin::try_send(reader.pid, number{-1})) {
        }
        if (policy != kin::when_full::drop_oldest) kin::send_after(1s, reader.pid, number{-1});
        seen.reason = test::expect_down(reader.ref).reason;
      });
  EXPECT_TRUE(end.ok()) << end.story;
  seen.found_full = end.faults.full_mailboxes;
  return seen;
}

TEST(full_mailbox, refuses_where_its_policy_does) {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const delivery seen = to_a_mailbox(kin::when_full::fail, seed);
    EXPECT_EQ(seen.got.size() + static_cast<std::size_t>(seen.refused), 10U);
    EXPECT_TRUE(std::is_sorted(seen.got.begin(), seen.got.end()));
    refused += seen.refused;
  }
  EXPECT_GT(refused, 20);
}

TEST(full_mailbox, makes_its_senders_wait_where_its_policy_does) {
  std::uint64_t found_full = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const delivery seen = to_a_mailbox(kin::when_full::block, seed);
    EXPECT_THAT(seen.got, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    found_full += seen.found_full;
  }
  EXPECT_GT(found_full, 20U);
}

TEST(full_mailbox, drops_what_comes_where_its_policy_does) {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const delivery seen = to_a_mailbox(kin::when_full::drop_newest, seed);
    EXPECT_EQ(seen.refused, 0);
    EXPECT_LE(seen.got.size() + seen.dropped, 11U) << "the ten, and the one that ends it";
    dropped += 10 - seen.got.size();
  }
  EXPECT_GT(dropped, 20U);
}

TEST(full_mailbox, drops_the_oldest_where_its_policy_does) {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const delivery seen = to_a_mailbox(kin::when_full::drop_oldest, seed);
    EXPECT_EQ(seen.refused, 0);
    EXPECT_EQ(seen.reason, kin::normal) << "the newest, which ends it, always comes through";
    EXPECT_TRUE(std::is_sorted(seen.got.begin(), seen.got.end()));
    dropped += 10 - seen.got.size();
  }
  EXPECT_GT(dropped, 10U);
}

TEST(full_mailbox, kills_its_owner_where_its_policy_does) {
  int killed = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    killed += to_a_mailbox(kin::when_full::kill_owner, seed).reason == kin::killed ? 1 : 0;
  EXPECT_GT(killed, 10);
}

TEST(full_mailbox, is_none_without_a_bound) {
  const auto end = kin::sim::run({.faults = {{.full_mailbox = 1}}}, [] {
    const kin::pid me = kin::self();
    const auto answer = [me] {
      for (;;) kin::receive([&](number n) { kin::send(me, n); });
    };
    const kin::pid echo = kin::spawn(answer, {.link = true, .mailbox = {.alarm_at = 5}}).pid;
    for (int i = 0; i < 10; ++i) kin::send(echo, number{i});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(test::expect<number>(), number{i});
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(end.faults.full_mailboxes, 0U);
}

// ---- allocations ----------------------------------------------------------------------------------

TEST(may_fail, throws_bad_alloc_by_chance_and_tells_where) {
  int failed = 0;
  const auto end = kin::sim::run({.faults = {{.failed_allocation = 0.5}}}, [&] {
    const auto child = kin::spawn_monitor([&] {
      for (int i = 0; i < 100; ++i) {
        try {
          kin::sim::may_fail("of a page");
        } catch (const std::bad_alloc&) {
          ++failed;
        }
      }
    });
    test::expect_down(child.ref);
    kin::exit("tell the story");
  });
  EXPECT_GT(failed, 30);
  EXPECT_LT(failed, 70);
  EXPECT_EQ(end.faults.failed_allocations, static_cast<std::uint64_t>(failed));
  EXPECT_THAT(end.story, HasSubstr("an allocation by <0.2.0> fails: of a page"));
}

struct cleans_up {
  cleans_up() = default;
  cleans_up(const cleans_up&) = delete;
  cleans_up& operator=(const cleans_up&) = delete;
  ~cleans_up() { kin::sim::may_fail("in a destructor"); }
};

TEST(may_fail, does_nothing_where_throwing_would_end_the_program) {
  const auto end = kin::sim::run({.faults = {{.failed_allocation = 1}}}, [] {
    const auto child = kin::spawn_monitor([] {
      const cleans_up last;
      kin::receive([](const word&) {});
    });
    kin::sleep(1ms);
    kin::exit(child.pid, kin::kill);
    EXPECT_EQ(test::expect_down(child.ref).reason, kin::killed);
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(may_fail, is_nothing_where_nothing_is_simulated) {
  kin::sim::may_fail("on a thread");
  test::run([] { kin::sim::may_fail("in a process"); });
}

// ---- all of them ----------------------------------------------------------------------------------

void a_hard_day() {
  std::vector<kin::ref> ends;
  const auto me = kin::self();
  const auto read = [] {
    for (;;) kin::receive([](number) {});
  };
  const auto reader =
      kin::spawn(read, {.mailbox = {.limit = 3, .when_full = kin::when_full::fail}}).pid;
  for (int i = 0; i < 20; ++i) {
    ends.push_back(kin::spawn_monitor([=] {
                     kin::sleep(1ms);
                     static_cast<void>(kin::try_send(reader, number{i}));
                     kin::sim::may_fail("of the day");
                     kin::spawn([=] { kin::send(me, number{i}); });
                   }).ref);
  }
  for (const kin::ref end : ends) test::expect_down(end);
  kin::sleep(1ms);
  kin::exit("tell the story");
}

const std::vector<kin::sim::faults> all_faults{{.kill = 0.05,
                                                .delay = 0.1,
                                                .late_timer = 0.3,
                                                .failed_spawn = 0.3,
                                                .full_mailbox = 0.3,
                                                .failed_allocation = 0.3}};

TEST(faults, stand_in_the_story_and_are_counted) {
  kin::sim::fault_counts sum;
  std::set<std::string> told;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto end = kin::sim::run({.seed = seed, .faults = all_faults}, a_hard_day);
    ASSERT_EQ(end.ending, ending::over) << end.story;
    sum.kills += end.faults.kills;
    sum.delays += end.faults.delays;
    sum.late_timers += end.faults.late_timers;
    sum.failed_spawns += end.faults.failed_spawns;
    sum.full_mailboxes += end.faults.full_mailboxes;
    sum.failed_allocations += end.faults.failed_allocations;
    for (const char* line : {"is killed by the simulation", "is delayed by ", "is late by ",
                             "a spawn by <0.", "is found full", "fails: of the day"}) {
      if (end.story.find(line) != std::string::npos) told.insert(line);
    }
  }
  EXPECT_GT(sum.kills, 0U);
  EXPECT_GT(sum.delays, 0U);
  EXPECT_GT(sum.late_timers, 0U);
  EXPECT_GT(sum.failed_spawns, 0U);
  EXPECT_GT(sum.full_mailboxes, 0U);
  EXPECT_GT(sum.failed_allocations, 0U);
  EXPECT_EQ(told.size(), 6U) << testing::PrintToString(told);
}

TEST(faults, are_the_same_under_the_same_seed) {
  std::set<std::uint64_t> signatures;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto once = kin::sim::run({.seed = seed, .faults = all_faults}, a_hard_day);
    const auto again = kin::sim::run({.seed = seed, .faults = all_faults}, a_hard_day);
    EXPECT_EQ(again.signature, once.signature);
    EXPECT_EQ(again.story, once.story);
    signatures.insert(once.signature);
  }
  EXPECT_EQ(signatures.size(), 20U);
}

TEST(faults, of_several_groups_meet_each_their_own) {
  const auto named = [](const char* name) {
    return [name](const kin::process_info& p) { return p.registered_name == name; };
  };
  const auto end = kin::sim::run({.faults = {{.kill = 1, .among = named("mortal")},
                                             {.failed_allocation = 1, .among = named("poor")}}},
                                 [] {
                                   const auto live = [](const char* name) {
                                     return kin::spawn_monitor([name] {
                                       kin::register_name(kin::name(name), kin::self());
                                       for (int i = 0; i < 20; ++i) kin::yield();
                                       kin::sim::may_fail("at the end");
                                     });
                                   };
                                   const auto mortal = live("mortal");
                                   const auto poor = live("poor");
                                   EXPECT_EQ(test::expect_down(mortal.ref).reason, kin::killed);
                                   EXPECT_THAT(kin::to_string(test::expect_down(poor.ref).reason),
                                               HasSubstr("bad_alloc"));
                                 });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(end.faults.kills, 1U);
  EXPECT_EQ(end.faults.failed_allocations, 1U);
}

}  // namespace
