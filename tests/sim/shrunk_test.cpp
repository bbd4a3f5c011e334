// SPDX-License-Identifier: Apache-2.0
// Runs that failed, made small: what is kept, and that it is replayed to the last event.
#include <kin/kin.hpp>
#include <kin/sim.hpp>

#include "sim/lost_update.hpp"
#include "support/expect.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kin::sim::ending;
using test::cell;
using test::failure_of;
using test::get;
using test::number;
using test::set;
using testing::HasSubstr;

const auto seeds = static_cast<std::uint64_t>(test::times(20));

// The first two of them may overwrite each other's sum; the others do nothing to it.
void two_deposits_among(int others) {
  const auto shared = kin::start_link<cell>();
  std::vector<kin::ref> ends;
  const auto deposit = [=] { kin::call(shared, set{kin::call(shared, get{}) + 1}); };
  const auto look = [=] {
    for (int i = 0; i < 5; ++i) kin::call(shared, get{});
  };
  for (int i = 0; i < 2 + others; ++i)
    ends.push_back(i < 2 ? kin::spawn_monitor(deposit).ref : kin::spawn_monitor(look).ref);
  for (const kin::ref end : ends) test::expect_down(end);
  if (kin::call(shared, get{}) != 2) throw std::runtime_error("lost update");
}

// That are indented.
std::size_t lines_after(const std::string& title, const std::string& text) {
  std::istringstream rest(text.substr(std::min(text.size(), text.find(title) + title.size())));
  std::size_t count = 0;
  for (std::string line; std::getline(rest, line) && line.front() == ' ';) ++count;
  return count;
}

class lost_update : public testing::TestWithParam<std::uint64_t> {};

TEST_P(lost_update, is_shrunk_to_the_choice_that_lets_one_in_between_the_other) {
  const auto main = [] { two_deposits_among(8); };
  const auto found = failure_of({.seeds = 1000, .first_seed = GetParam()}, main);
  ASSERT_NE(found.shrunk(), nullptr);
  const kin::sim::shrunk& small = *found.shrunk();
  EXPECT_GT(small.choices_before, 10U);
  EXPECT_LE(small.choices, 5U) << small.schedule;
  EXPECT_GE(small.choices, 1U) << "one after the other goes well";
  EXPECT_LE(small.runs, 500U);
  EXPECT_EQ(small.outcome.reason, found.outcome().reason);
  EXPECT_THAT(found.what(),
              HasSubstr("shrunk from " + std::to_string(small.choices_before) + " choices to " +
                        std::to_string(small.choices) + ", by " + std::to_string(small.runs)));
  EXPECT_THAT(found.what(),
              HasSubstr("kin::sim::run({.schedule = \"" + small.schedule + "\"}, main)"));
  EXPECT_EQ(lines_after("its choices:\n", small.outcome.story), small.choices);

  const auto again = kin::sim::run({.schedule = small.schedule}, main);
  EXPECT_EQ(again.signature, small.outcome.signature);
  EXPECT_EQ(again.steps, small.outcome.steps);
  EXPECT_EQ(again.time, small.outcome.time);
  EXPECT_EQ(again.story, small.outcome.story);
}

INSTANTIATE_TEST_SUITE_P(, lost_update, testing::Values(1, 2, 101, 202, 303));

TEST(plain_schedule, lets_one_thing_happen_after_another) {
  const auto end = kin::sim::run({.schedule = "plain"}, [] { two_deposits_among(8); });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(plain_schedule, comes_to_an_end_where_some_never_do) {
  const auto end = kin::sim::run({.schedule = "plain"}, [] {
    for (int pair = 0; pair < 2; ++pair) {
      const auto echo = kin::spawn([] {
        for (;;) kin::receive([](kin::pid from) { kin::send(from, kin::self()); });
      });
      kin::spawn([echo] {
        for (;;) {
          kin::send(echo, kin::self());
          kin::receive([](kin::pid) {});
        }
      });
    }
    for (int i = 0; i < 10; ++i) kin::yield();
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

// Everything that can be a choice, and a bad end.
void all_sorts_of_things() {
  std::vector<kin::ref> ends;
  const auto me = kin::self();
  for (int i = 0; i < 6; ++i) {
    const auto some = kin::spawn_monitor([=] {
      try {
        kin::spawn([=] { kin::send(me, number{i}); });
        kin::sim::may_fail("of the test");
      } catch (const kin::error&) {
      } catch (const std::bad_alloc&) {
      }
      kin::sleep(1ms);
      static_cast<void>(kin::try_send(me, number{i}));
      for (int turn = 0; turn < 3; ++turn) kin::yield();
    });
    ends.push_back(some.ref);
  }
  for (const kin::ref end : ends) test::expect_down(end);
  throw std::runtime_error("as always");
}

const std::vector<kin::sim::faults> some_of_each{
    {.kill = 0.02, .delay = 0.2, .late_timer = 0.3, .failed_spawn = 0.3, .failed_allocation = 0.3}};

TEST(shrink, of_a_run_that_may_not_be_shrunk_tells_its_own_schedule) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const kin::sim::options options{.seed = seed, .faults = some_of_each};
    const auto drawn = kin::sim::run(options, all_sorts_of_things);
    const auto whole = kin::sim::shrink(options, all_sorts_of_things, {.runs = 0});
    EXPECT_EQ(whole.runs, 0U);
    EXPECT_EQ(whole.choices, whole.choices_before);
    EXPECT_EQ(whole.outcome.signature, drawn.signature);
    const auto told = kin::sim::run({.schedule = whole.schedule}, all_sorts_of_things);
    EXPECT_EQ(told.signature, drawn.signature);
    EXPECT_EQ(told.steps, drawn.steps);
    EXPECT_EQ(told.time, drawn.time);
    EXPECT_EQ(told.reason, drawn.reason);
    EXPECT_EQ(told.faults.kills, drawn.faults.kills);
    EXPECT_EQ(told.faults.delays, drawn.faults.delays);
    EXPECT_EQ(told.faults.late_timers, drawn.faults.late_timers);
    EXPECT_EQ(told.faults.failed_spawns, drawn.faults.failed_spawns);
    EXPECT_EQ(told.faults.failed_allocations, drawn.faults.failed_allocations);
  }
}

TEST(shrink, leaves_nothing_of_what_fails_always) {
  const auto small = kin::sim::shrink({.seed = 3, .faults = some_of_each}, all_sorts_of_things);
  EXPECT_EQ(small.schedule, "plain");
  EXPECT_EQ(small.runs, 1U);
  EXPECT_GT(small.choices_before, 0U);
}

TEST(shrink, tells_the_schedule_of_a_run_that_goes_well) {
  int went_well = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto well = kin::sim::shrink({.seed = seed}, [] { two_deposits_among(0); });
    if (!well.outcome.ok()) continue;
    ++went_well;
    EXPECT_EQ(well.runs, 0U);
    EXPECT_EQ(kin::sim::run({.schedule = well.schedule}, [] { two_deposits_among(0); }).signature,
              well.outcome.signature);
  }
  EXPECT_GT(went_well, 0);
}

TEST(shrink, keeps_the_one_kill_that_matters) {
  const auto main = [] {
    const auto watched = kin::spawn_monitor([] {
      for (int i = 0; i < 20; ++i) kin::yield();
    });
    for (int i = 0; i < 5; ++i)
      kin::spawn([] {
        for (int turn = 0; turn < 20; ++turn) kin::yield();
      });
    if (test::expect_down(watched.ref).reason == kin::killed)
      throw std::runtime_error("it was killed");
  };
  const auto found = failure_of({.seeds = 1000, .each = {.faults = {{.kill = 0.02}}}}, main);
  ASSERT_NE(found.shrunk(), nullptr);
  EXPECT_EQ(found.shrunk()->choices, 1U) << found.shrunk()->schedule;
  EXPECT_THAT(found.shrunk()->schedule, HasSubstr(":k2"));
  EXPECT_THAT(found.shrunk()->outcome.story, HasSubstr("<0.2.0> is killed by the simulation"));
  EXPECT_EQ(found.shrunk()->outcome.faults.kills, 1U);
}

TEST(shrink, keeps_to_the_invariant_that_broke) {
  const auto main = [] {
    const auto a = std::make_shared<int>(0);
    kin::sim::always("never", [] { return true; });
    kin::sim::always("a is never 2", [=] { return *a != 2; });
    kin::sim::always("a is never 1", [=] { return *a != 1; });
    const auto me = kin::self();
    kin::spawn([=] { kin::send(me, number{1}); });
    kin::spawn([=] { kin::send(me, number{2}); });
    for (int i = 0; i < 2; ++i) {
      *a = test::expect<number>().value;
      kin::yield();
    }
  };
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto small = kin::sim::shrink({.seed = seed}, main);
    ASSERT_EQ(small.outcome.ending, ending::broken);
    const bool is_two = small.outcome.broken == "a is never 2";
    EXPECT_EQ(small.choices, is_two ? 1U : 0U) << small.schedule;
    EXPECT_EQ(kin::sim::run({.seed = seed}, main).broken, small.outcome.broken);
  }
}

TEST(shrink, of_a_deadlock_keeps_the_deadlock) {
  // Whoever asks first is refused for ever if the other one asks before it is told.
  const auto main = [] {
    const auto locks = [](char mine, kin::pid boss) {
      kin::send(boss, mine);
      kin::receive([](number /*both*/) {});
    };
    const auto me = kin::self();
    kin::spawn([=] { locks('a', me); });
    kin::spawn([=] { locks('b', me); });
    if (test::expect<char>() == 'b') kin::receive([](number /*nobody sends it*/) {});
  };
  const auto found = failure_of({.seeds = 100}, main);
  ASSERT_EQ(found.outcome().ending, ending::all_wait);
  ASSERT_NE(found.shrunk(), nullptr);
  EXPECT_EQ(found.shrunk()->outcome.ending, ending::all_wait);
  EXPECT_LE(found.shrunk()->choices, 2U);
  EXPECT_THAT(found.what(), HasSubstr("who waits:\n"));
}

TEST(shrink, is_bounded_by_runs_and_left_out_on_request) {
  const auto main = [] { two_deposits_among(8); };
  const auto few = failure_of({.shrink = {.runs = 3}}, main);
  ASSERT_NE(few.shrunk(), nullptr);
  EXPECT_LE(few.shrunk()->runs, 3U);
  const auto none = failure_of({.shrink = {.runs = 0}}, main);
  EXPECT_EQ(none.shrunk(), nullptr);
  EXPECT_THAT(none.what(), HasSubstr("the last events:\n"));
}

TEST(shrink, tells_nothing_to_the_sink_of_reports) {
  std::atomic<int> told{0};
  const auto main = [] {
    for (int i = 0; i < 3; ++i) kin::spawn([] { kin::yield(); });
    test::expect_down(kin::spawn_monitor([] { throw std::runtime_error("of the other"); }).ref);
    kin::exit("main too");
  };
  kin::sim::options each;
  each.machine.reports = [&](const kin::report& r) { told += r.severity == kin::severity::error; };
  const auto found = failure_of({.each = each}, main);
  EXPECT_GE(found.shrunk()->runs, 1U);
  EXPECT_EQ(told, 2) << "of the run that failed";
  EXPECT_THAT(found.shrunk()->outcome.story, HasSubstr("of the other"));
}

// A verdict about the last run: who came first.
TEST(shrink, goes_by_a_verdict_on_each_run) {
  const auto first = std::make_shared<char>('-');
  const auto main = [first] {
    const auto me = kin::self();
    for (char name = 'a'; name <= 'h'; ++name) kin::spawn([=] { kin::send(me, name); });
    *first = test::expect<char>();
    for (int i = 0; i < 7; ++i) test::expect<char>();
  };
  const auto found =
      failure_of({.first_seed = 10, .failed = [first] { return *first == 'h'; }}, main);
  ASSERT_NE(found.shrunk(), nullptr);
  EXPECT_TRUE(found.shrunk()->outcome.ok());
  EXPECT_LE(found.shrunk()->choices, 2U) << found.shrunk()->schedule;
  EXPECT_TRUE(kin::sim::run({.schedule = found.shrunk()->schedule}, main).ok());
  EXPECT_EQ(*first, 'h');
}

TEST(shrink, does_not_go_by_a_verdict_that_stays) {
  bool failed = false;
  const auto main = [] { two_deposits_among(0); };
  int runs = 0;
  const auto found = failure_of({.failed =
                                     [&] {
                                       failed = failed || ++runs == 2;
                                       return failed;
                                     }},
                                main);
  if (found.outcome().ok()) {
    EXPECT_EQ(found.shrunk(), nullptr);
  }
}

TEST(schedule, that_is_none_is_refused) {
  try {
    static_cast<void>(kin::sim::run({.schedule = "seed 5"}, [] {}));
    FAIL() << "it was read";
  } catch (const kin::error& refused) {
    EXPECT_EQ(refused.reason(), kin::badarg);
    EXPECT_THAT(refused.what(), HasSubstr("'seed' is none"));
  }
}

}  // namespace
