// SPDX-License-Identifier: Apache-2.0
// Simulated runs: what a seed decides, what it never does, and what a bad end tells.
#include <kin/kin.hpp>
#include <kin/sim.hpp>

#include "sim/lost_update.hpp"
#include "support/expect.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using kin::sim::ending;
using kin::sim::explore;
using test::cell;
using test::failure_of;
using test::get;
using test::number;
using test::set;
using testing::HasSubstr;

// ---- what a seed decides --------------------------------------------------------------------------

// Two that read, add, and write back: one of the two additions may be lost.
void add_twice_in_two_steps() {
  const auto shared = kin::start_link<cell>();
  std::vector<kin::ref> ends;
  for (int i = 0; i < 2; ++i) {
    ends.push_back(
        kin::spawn_monitor([=] { kin::call(shared, set{kin::call(shared, get{}) + 1}); }).ref);
  }
  for (const kin::ref end : ends) test::expect_down(end);
  if (kin::call(shared, get{}) != 2) throw std::runtime_error("lost update");
}

TEST(explore, finds_a_lost_update) {
  const auto found = failure_of({}, add_twice_in_two_steps);
  EXPECT_THAT(found.what(), HasSubstr("seed " + std::to_string(found.seed())));
  EXPECT_THAT(found.what(), HasSubstr("main ended with std::runtime_error: lost update"));
  EXPECT_THAT(found.what(), HasSubstr("kin::sim::run({.seed = " + std::to_string(found.seed())));
  EXPECT_THAT(found.what(), HasSubstr("the last events:\n"));
}

TEST(explore, is_happy_with_what_holds_in_every_order) {
  const kin::sim::explored seen = explore({.seeds = 50}, [] {
    int sum = 0;
    for (int i = 1; i <= 8; ++i)
      kin::spawn_link([i, me = kin::self()] { kin::send(me, number{i}); });
    for (int i = 1; i <= 8; ++i) sum += test::expect<number>().value;
    ASSERT_EQ(sum, 36);
  });
  EXPECT_EQ(seen.seeds, 50U);
  EXPECT_GT(seen.steps, 50U * 16U);
}

TEST(explore, begins_no_run_when_the_time_is_up) {
  EXPECT_LE(explore({.seeds = 1'000'000'000, .limit = 10ms}, [] {}).seeds, 1'000'000U);
}

TEST(explore, asks_the_test_for_its_own_verdict) {
  const auto found = failure_of({.first_seed = 7, .failed = [] { return true; }}, [] {});
  EXPECT_EQ(found.seed(), 7U);
  EXPECT_THAT(found.what(), HasSubstr("its test says that it failed"));
}

TEST(explore, finds_on_several_threads_what_it_finds_on_one) {
  const std::uint64_t alone = failure_of({}, add_twice_in_two_steps).seed();
  EXPECT_EQ(failure_of({.threads = 4}, add_twice_in_two_steps).seed(), alone);
}

// Whose message comes first, of two that were sent one after the other by two processes that know
// of each other.
char who_is_first(const kin::sim::options& options) {
  auto first = std::make_shared<char>();
  const auto end = kin::sim::run(options, [first] {
    const kin::pid me = kin::self();
    const kin::pid second = kin::spawn([me] {
      kin::receive([](number /*now it is your turn*/) {});
      kin::send(me, 'b');
    });
    kin::spawn([=] {
      kin::send(me, 'a');
      kin::send(second, number{1});
    });
    kin::receive([&](char c) { *first = c; });
  });
  EXPECT_TRUE(end.ok()) << end.story;
  return *first;
}

class ordered : public testing::TestWithParam<kin::sim::order> {};

TEST_P(ordered, a_signal_may_overtake_one_of_another_sender) {
  std::set<char> seen;
  for (std::uint64_t seed = 1; seed <= 100; ++seed)
    seen.insert(who_is_first({.seed = seed, .by = GetParam()}));
  EXPECT_THAT(seen, testing::ElementsAre('a', 'b'));
}

TEST_P(ordered, what_one_sends_another_never_changes_its_order) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto end = kin::sim::run({.seed = seed, .by = GetParam()}, [] {
      const kin::pid me = kin::self();
      const kin::ref by_alias = kin::alias();
      kin::trap_exits();
      const kin::pid sender = kin::spawn_link([=] {
        for (int i = 0; i < 20; ++i) {
          i % 2 == 0 ? kin::send(me, number{i}) : kin::send(by_alias, number{i});
          if (i % 7 == 0) kin::yield();
        }
      });
      for (int i = 0; i < 20; ++i) EXPECT_EQ(test::expect<number>(), number{i});
      EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{sender, kin::normal}));
    });
    EXPECT_TRUE(end.ok()) << end.story;
  }
}

INSTANTIATE_TEST_SUITE_P(, ordered,
                         testing::Values(kin::sim::order::uniform, kin::sim::order::by_priorities),
                         [](const auto& of) {
                           return of.param == kin::sim::order::uniform ? "uniform"
                                                                       : "by_priorities";
                         });

// ---- the same seed --------------------------------------------------------------------------------

// Supervision, timers, calls, crashes: something of everything.
void a_small_world() {
  kin::start_link(kin::supervisor{{.strategy = kin::one_for_all, .intensity = 20},
                                  kin::child<cell>({.id = "a"}),
                                  kin::child<cell>({.id = "b"})});
  for (int i = 0; i < 10; ++i) {
    kin::spawn([i] {
      kin::sleep(std::chrono::milliseconds(i % 3));
      if (i % 4 == 0) kin::exit("enough");
      kin::send_after(1ms, kin::self(), number{i});
      kin::receive([](number) {});
    });
  }
  kin::sleep(10ms);
}

TEST(simulated_run, is_the_same_under_the_same_seed_wherever_memory_lies) {
  std::vector<std::unique_ptr<char[]>> elsewhere;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto once = kin::sim::run({.seed = seed}, a_small_world);
    for (std::size_t i = 1; i < 40; ++i) elsewhere.push_back(std::make_unique<char[]>(37 * i));
    std::uint64_t again = 0;
    std::thread([&] { again = kin::sim::run({.seed = seed}, a_small_world).signature; }).join();
    EXPECT_EQ(again, once.signature);
    EXPECT_NE(kin::sim::run({.seed = seed + 1}, a_small_world).signature, once.signature);
  }
}

// ---- time -----------------------------------------------------------------------------------------

TEST(simulated_run, sleeps_for_days_in_no_time) {
  const auto end = kin::sim::run({}, [] {
    const auto start = kin::clock::now();
    kin::sleep(72h);
    EXPECT_GE(kin::clock::now() - start, 72h);
  });
  EXPECT_GE(end.time, 72h);
  EXPECT_LT(end.time, 72h + 1s);
}

TEST(simulated_run, lets_time_pass_for_who_only_looks_at_the_clock) {
  const auto end = kin::sim::run({}, [] {
    const auto until = kin::clock::now() + 1ms;
    while (kin::clock::now() < until) kin::yield();
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

class silent : public kin::gen_server {
 public:
  kin::replies<int> handle_call(get /*request*/, kin::from<int> caller) {
    caller_.emplace(std::move(caller));
    return kin::noreply;
  }

 private:
  std::optional<kin::from<int>> caller_;
};

TEST(simulated_run, times_a_call_out) {
  const auto end = kin::sim::run({}, [] {
    EXPECT_EQ(kin::try_call(kin::start_link<silent>(), get{}).error(), kin::timed_out);
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_GE(end.time, 5s);
}

// ---- bad ends -------------------------------------------------------------------------------------

TEST(simulated_run, tells_who_waits_for_what_when_nothing_can_happen) {
  const auto end = kin::sim::run({}, [] {
    kin::register_name(kin::name("lonely"), kin::self());
    kin::send(kin::self(), 'x');
    kin::receive([](number) {});
  });
  EXPECT_EQ(end.ending, ending::all_wait);
  EXPECT_FALSE(end.ok());
  EXPECT_THAT(end.story, HasSubstr("lonely"));
  EXPECT_THAT(end.story, HasSubstr("waits for kin::test::number; 1 in its mailbox"));
}

struct ask_other {};
class stubborn : public kin::gen_server {
 public:
  void handle_cast(kin::server<stubborn> other) { other_ = other; }
  // Who is put aside could be answered by anybody, so that a circle of such calls is no error.
  kin::replies<int> handle_call(ask_other /*request*/, kin::from<int> who) {
    aside_.push_back(std::move(who));
    return kin::call(other_, ask_other{}, kin::infinity);
  }

 private:
  std::vector<kin::from<int>> aside_;
  kin::server<stubborn> other_;
};

TEST(simulated_run, draws_the_circle_of_those_that_wait_for_each_other) {
  const auto end = kin::sim::run({}, [] {
    const auto a = kin::start_link<stubborn>();
    const auto b = kin::start_link<stubborn>();
    kin::cast(a, b);
    kin::cast(b, a);
    kin::call(a, ask_other{}, kin::infinity);
  });
  EXPECT_EQ(end.ending, ending::all_wait);
  EXPECT_THAT(end.story, HasSubstr("a circle: <0.2.0> waits for <0.3.0> waits for <0.2.0>\n"));
}

TEST(simulated_run, ends_after_the_most_steps) {
  const auto end = kin::sim::run({.most_steps = 1000}, [] {
    for (;;) kin::yield();
  });
  EXPECT_EQ(end.ending, ending::too_long);
  EXPECT_EQ(end.steps, 1000U);
}

TEST(simulated_run, counts_who_does_not_stop) {
  const auto end = kin::sim::run({}, [] {
    kin::spawn([me = kin::self()] {
      kin::trap_exits();
      kin::send(me, 'x');
      for (;;) kin::receive([](kin::exited) {});
    });
    kin::receive([](char) {});
  });
  EXPECT_EQ(end.left, 1U);
  EXPECT_FALSE(end.ok());
}

TEST(simulated_run, stops_supervisors_in_order_when_main_has_ended) {
  const auto end = kin::sim::run({}, [] {
    kin::start_link(
        kin::supervisor{{}, kin::child<cell>({.id = "a"}), kin::child<cell>({.id = "b"})});
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(simulated_run, tells_orphans_to_stop_before_their_timers_fire) {
  const auto end = kin::sim::run({}, [] {
    kin::spawn([] {
      kin::sleep(1h);
      std::abort();
    });
    kin::yield();
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(simulated_run, tells_of_crashes_before_a_bad_end) {
  const auto end = kin::sim::run({}, [] {
    test::expect_down(kin::spawn_monitor([] { throw std::runtime_error("of the other"); }).ref);
    kin::exit("main too");
  });
  EXPECT_EQ(end.reason, "main too");
  EXPECT_THAT(end.story, HasSubstr("of the other"));
}

// ---- faults and invariants ------------------------------------------------------------------------

TEST(simulated_run, kills_by_chance_and_only_whom_it_may) {
  std::size_t killed = 0;
  const kin::sim::options options{
      .faults = {{.kill = 0.05, .among = [](const kin::process_info& p) {
                    return p.registered_name == "victim";
                  }}}};
  const auto end = kin::sim::run(options, [&killed] {
    for (int i = 0; i < 20; ++i) {
      const auto victim = kin::spawn_monitor([] {
        kin::register_name(kin::name("victim"), kin::self());
        for (;;) kin::yield();
      });
      const auto other = kin::spawn_monitor([] {
        for (int turn = 0; turn < 50; ++turn) kin::yield();
      });
      killed += test::expect_down(victim.ref).reason == kin::killed ? 1 : 0;
      EXPECT_EQ(test::expect_down(other.ref).reason, kin::normal);
    }
  });
  EXPECT_TRUE(end.ok()) << end.story;
  EXPECT_EQ(killed, 20U);
}

TEST(simulated_run, is_broken_when_what_shall_always_hold_does_not) {
  const auto end = kin::sim::run({}, [] {
    const auto count = std::make_shared<int>(0);
    kin::sim::always("the count stays below 3", [=] { return *count < 3; });
    for (;; kin::yield()) ++*count;
  });
  EXPECT_EQ(end.ending, ending::broken);
  EXPECT_FALSE(end.ok());
  EXPECT_EQ(end.steps, 3U);
  EXPECT_THAT(end.story, HasSubstr("broken: the count stays below 3\n"));
}

TEST(always, is_not_asked_where_nothing_is_simulated) {
  test::run([] {
    kin::sim::always("nothing holds", [] { return false; });
    kin::yield();
  });
}

TEST(simulated_run, is_refused_in_a_process) {
  const auto why = test::reason_of({}, [] { static_cast<void>(kin::sim::run({}, [] {})); });
  EXPECT_THAT(kin::to_string(why), HasSubstr("kin::sim::run was called in a process"));
}

}  // namespace
