// SPDX-License-Identifier: Apache-2.0
// Where a test's body is played, what fails it, and what it must not leave behind.
#include <kin/kin.hpp>

#include "support/expect.hpp"
#include "support/hears_failures.hpp"

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A variable of the environment, as long as it lives.
class variable {
 public:
  variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;
  ~variable() { unsetenv(name_); }

 private:
  const char* name_;
};

// What is said of a body that is played in that world.
std::vector<std::string> said_of(const std::function<void()>& body, const test::plan& how) {
  test::hears_failures ears;
  test::play(body, how);
  return ears.texts();
}
const test::plan on_threads{.workers = {2}, .seeds = 0};
const test::plan under_a_seed{.workers = {}, .seeds = 1};

class in_world : public testing::TestWithParam<test::plan> {};
INSTANTIATE_TEST_SUITE_P(, in_world, testing::Values(on_threads, under_a_seed), [](const auto& of) {
  return of.param.seeds == 0 ? "on_threads" : "simulated";
});

// ---- where --------------------------------------------------------------------------------------

TEST(play, plays_once_on_each_machine_and_once_under_each_seed) {
  std::vector<unsigned> workers;
  std::vector<std::uint64_t> seeds;
  test::play(
      [&] {
        workers.push_back(test::this_world().workers);
        seeds.push_back(test::this_world().seed);
        EXPECT_EQ(test::simulated(), seeds.back() != 0);
      },
      {.workers = {1, 3}, .seeds = 2});
  EXPECT_THAT(workers, ElementsAre(1U, 3U, 0U, 0U));
  EXPECT_THAT(seeds, ElementsAre(0U, 0U, 1U, 2U));
  EXPECT_FALSE(test::simulated());
}

TEST(play, plays_the_seed_of_the_environment_alone) {
  const variable seed("KIN_SEED", "17");
  std::vector<std::uint64_t> seeds;
  test::play([&] { seeds.push_back(test::this_world().seed); }, {.workers = {1}, .seeds = 5});
  EXPECT_THAT(seeds, ElementsAre(17U));
}

TEST(play, plays_on_threads_what_is_for_threads_only_whatever_the_seed) {
  const variable seed("KIN_SEED", "17");
  std::vector<std::uint64_t> seeds;
  test::play_on_threads([&] { seeds.push_back(test::this_world().seed); });
  EXPECT_THAT(seeds, ElementsAre(0U));
}

TEST(play, plays_as_many_seeds_as_the_environment_says) {
  const variable seeds("KIN_SEEDS", "3");
  int runs = 0;
  test::play_simulated([&] { ++runs; }, {.seeds = 50});
  EXPECT_EQ(runs, 3);
}

TEST(play, stops_at_the_first_failure) {
  test::hears_failures ears;
  int runs = 0;
  test::play([&] { ++runs == 3 ? test::current_framework().fail({}, "at last") : void(); },
             {.workers = {1}, .seeds = 50});
  EXPECT_EQ(runs, 3);
  EXPECT_THAT(ears.entered(), SizeIs(3));
  EXPECT_EQ(ears.entered().back(),
            "simulated under seed 2; to replay it: KIN_SEED=2 <program> --only=this");
}

TEST(play, has_the_simulation_it_is_given) {
  EXPECT_THAT(said_of(
                  [] {
                    for (;;) kin::yield();
                  },
                  {.workers = {}, .seeds = 1, .simulation = {.most_steps = 1000}}),
              ElementsAre(HasSubstr("main has not ended, after 1000 steps")));
}

TEST_P(in_world, gives_the_machine_its_options) {
  std::set<std::string> heard;
  test::plan how = GetParam();
  how.machine.reports = [&](const kin::report& r) { heard.emplace(r.title); };
  how.leaves_messages = true;
  test::play(
      [] {
        static_cast<void>(kin::spawn_monitor([] { throw std::runtime_error("crash"); }));
        test::expect<kin::down>();
        EXPECT_THAT(test::reports(), SizeIs(1));
      },
      how);
  EXPECT_THAT(heard, ElementsAre("CRASH REPORT"));
}

// ---- what fails ---------------------------------------------------------------------------------

TEST(play, says_the_seed_how_to_replay_it_and_what_came_before) {
  const auto said = said_of([] { kin::exit("no more"); }, under_a_seed);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_THAT(said[0], HasSubstr("seed 1: main ended with \"no more\""));
  EXPECT_THAT(said[0], HasSubstr("the last events:\n"));
}

TEST_P(in_world, minds_a_body_that_is_shut_down_before_its_end) {
  const auto said = said_of([] { kin::exit(kin::shutdown); }, GetParam());
  ASSERT_THAT(said, Not(IsEmpty()));
  EXPECT_THAT(said[0], HasSubstr("ended with shutdown"));
}

TEST(play, says_on_how_many_workers_it_failed_and_what_was_reported) {
  const auto said = said_of(
      [] {
        test::await_exit(kin::spawn([] { throw std::runtime_error("of the other"); }));
        throw std::runtime_error("of the test");
      },
      on_threads);
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0], "the test's own process has ended with std::runtime_error: of the test");
  EXPECT_THAT(said[1], HasSubstr("this was on 2 workers\nCRASH REPORT"));
  EXPECT_THAT(said[1], HasSubstr("of the other"));
}

TEST(reason_of, is_what_the_body_ended_for) {
  EXPECT_EQ(test::reason_of({}, [] { kin::exit("so"); }), "so");
}

// ---- what is left -------------------------------------------------------------------------------

TEST_P(in_world, finds_a_process_that_nobody_ends) {
  const auto leave_one = [] {
    kin::spawn([] {
      kin::register_name(kin::name("forgotten"), kin::self());
      test::idle();
    });
  };
  const auto said = said_of(leave_one, GetParam());
  ASSERT_THAT(said, testing::Not(IsEmpty()));
  EXPECT_THAT(said[0], HasSubstr("these processes are left"));
  EXPECT_THAT(said[0], HasSubstr("forgotten"));
  EXPECT_THAT(said[0], HasSubstr("waits in kin::receive"));

  test::plan lenient = GetParam();
  lenient.leaves_processes = true;
  EXPECT_THAT(said_of(leave_one, lenient), IsEmpty());
}

TEST_P(in_world, waits_for_who_is_about_to_end) {
  EXPECT_THAT(said_of(
                  [] {
                    for (int i = 0; i < 5; ++i) {
                      kin::spawn([] {
                        for (int turn = 0; turn < 100; ++turn) kin::yield();
                      });
                    }
                  },
                  GetParam()),
              IsEmpty());
}

class slow_to_stop : public kin::gen_server {
 public:
  explicit slow_to_stop(kin::pid tells) : tells_(tells) { kin::trap_exits(); }
  void terminate(const kin::exit_reason& why) { kin::send(tells_, why); }

 private:
  kin::pid tells_;
};

TEST_P(in_world, tells_those_that_are_linked_to_shut_down_and_waits_for_them) {
  kin::exit_reason why;
  EXPECT_THAT(
      said_of(
          [&] {
            const test::probe ear;
            kin::start_link(kin::supervisor{{}, kin::child<slow_to_stop>({.id = "a"}, ear.pid())});
            kin::spawn_link([] { test::idle(); });
          },
          GetParam()),
      IsEmpty());
}

TEST(play, says_who_is_linked_and_does_not_stop) {
  const auto said = said_of(
      [] {
        kin::spawn_link([me = kin::self()] {
          kin::trap_exits();
          kin::send(me, word{"ready"});
          for (;;) kin::receive([](const kin::exited&) {});
        });
        test::expect<word>();
      },
      under_a_seed);
  ASSERT_THAT(said, testing::Not(IsEmpty()));
  EXPECT_THAT(said[0], HasSubstr("does not stop when told to"));
  EXPECT_THAT(said[0], HasSubstr("waits in kin::receive"));
}

TEST_P(in_world, finds_messages_that_the_test_has_not_read) {
  const auto leave_two = [] {
    kin::send(kin::self(), word{"late"});
    const test::probe clerk;
    kin::send(clerk, number{7});
  };
  const auto said = said_of(leave_two, GetParam());
  ASSERT_GE(said.size(), 2U);
  EXPECT_EQ(said[0], "the test has not read these messages:\n  kin::test::word late");
  EXPECT_THAT(said[1], testing::AllOf(HasSubstr("of its probe"), HasSubstr("\n  7")));

  test::plan lenient = GetParam();
  lenient.leaves_messages = true;
  EXPECT_THAT(said_of(leave_two, lenient), IsEmpty());
}

TEST(play, finds_messages_that_are_still_under_way) {
  EXPECT_THAT(
      said_of([] { kin::spawn([me = kin::self()] { kin::send(me, number{1}); }); }, under_a_seed),
      ElementsAre(HasSubstr("number 1"), testing::_));
}

TEST(play, looks_for_nothing_left_when_the_test_has_failed_already) {
  EXPECT_THAT(said_of(
                  [] {
                    kin::spawn([] { test::idle(); });
                    test::current_framework().fail({}, "first");
                  },
                  under_a_seed),
              ElementsAre("first", HasSubstr("main ended with \"the test has failed\"")));
}

// ---- time ---------------------------------------------------------------------------------------

KIN_SIM_TEST(pass, lets_days_pass_and_then_all_come_to_rest) {
  kin::send_after(24h, kin::self(), number{1});
  const auto start = kin::clock::now();
  test::pass(23h);
  EXPECT_THAT(test::drained(), IsEmpty());
  test::pass(1h);
  EXPECT_THAT(test::drained(), ElementsAre("1"));
  EXPECT_LT(kin::clock::now() - start, 24h + 1s);
}

KIN_TEST(settle, waits_for_a_chain_of_messages) {
  const kin::pid me = kin::self();
  kin::pid next = me;
  for (int i = 0; i < 20; ++i) {
    next = kin::spawn([next] { kin::send(next, test::expect<number>()); });
  }
  kin::send(next, number{5});
  test::settle();
  EXPECT_THAT(test::drained(), ElementsAre("5"));
}

/// A message that takes its time when it is destroyed unread.
class slow_to_go {
 public:
  slow_to_go() = default;
  slow_to_go(slow_to_go&&) noexcept = default;
  slow_to_go& operator=(slow_to_go&&) noexcept = default;
  ~slow_to_go() {
    if (held_ != nullptr) std::this_thread::sleep_for(10ms);
  }

 private:
  std::unique_ptr<int> held_ = std::make_unique<int>();
};

KIN_TEST(settle, waits_until_an_end_has_been_told) {
  const kin::monitored watched = kin::spawn_monitor([] { test::idle(); });
  kin::send(watched.pid, slow_to_go());
  kin::exit(watched.pid, kin::kill);
  test::settle();
  EXPECT_THAT(test::drained(), testing::SizeIs(1));
}

KIN_SIM_TEST(settle, lets_no_time_pass) {
  const kin::pid sleeper = kin::spawn([] { kin::sleep(1ms); });
  const auto start = kin::clock::now();
  for (int i = 0; i < 3; ++i) test::settle();
  EXPECT_LT(kin::clock::now() - start, 1ms);
  EXPECT_TRUE(kin::is_alive(sleeper));
  test::await_exit(sleeper);
}

KIN_SIM_TEST(settle, may_be_waited_for_by_several) {
  const kin::monitored other = kin::spawn_monitor([] { test::settle(); });
  test::settle();
  EXPECT_EQ(test::expect_down(other.ref).reason, kin::normal);
}

KIN_SIM_TEST(settle, of_one_that_is_killed_meanwhile_is_forgotten) {
  const kin::monitored other = kin::spawn_monitor([] { test::settle(); });
  kin::yield();
  kin::exit(other.pid, kin::kill);
  test::expect_down(other.ref);
  test::settle();
}

}  // namespace
