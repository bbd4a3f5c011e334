// SPDX-License-Identifier: Apache-2.0
// A simulation and what is not simulated: other threads, kin::blocking, what runs between two steps.
#include <kin/kin.hpp>
#include <kin/sim.hpp>

#include "support/expect.hpp"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using kin::sim::ending;
using test::number;
using test::word;
using testing::HasSubstr;

struct ask {};
class server : public kin::gen_server {
 public:
  int handle_call(ask) const { return 1; }
  void handle_cast(number /*n*/) {}
};

// ---- other threads --------------------------------------------------------------------------------

// What `act` throws on a thread of its own; empty: nothing.
std::string told_on_a_thread(const std::function<void()>& act) {
  std::string told;
  std::thread([&] {
    try {
      act();
    } catch (const kin::error& refused) {
      EXPECT_EQ(refused.reason(), kin::badarg);
      told = refused.what();
    }
  }).join();
  return told;
}

struct reach {
  const char* name;
  std::function<void(kin::server<server>)> act;
  friend std::ostream& operator<<(std::ostream& out, const reach& r) { return out << r.name; }
};
class reach_of_a_thread : public testing::TestWithParam<reach> {};

TEST_P(reach_of_a_thread, does_not_get_into_a_simulation) {
  const auto end = kin::sim::run({}, [] {
    const auto target = kin::start_link<server>();
    EXPECT_THAT(told_on_a_thread([&] { GetParam().act(target); }),
                HasSubstr("<0.2.0> is a process of a simulation, which is one thread"));
    EXPECT_EQ(kin::call(target, ask{}), 1) << "and nothing has come";
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

INSTANTIATE_TEST_SUITE_P(
    , reach_of_a_thread,
    testing::Values(reach{"send", [](auto to) { kin::send(to.pid, number{1}); }},
                    reach{"try_send",
                          [](auto to) { static_cast<void>(kin::try_send(to.pid, number{1})); }},
                    reach{"cast", [](auto to) { kin::cast(to, number{1}); }},
                    reach{"call", [](auto to) { kin::call(to, ask{}); }},
                    reach{"try_call", [](auto to) { static_cast<void>(kin::try_call(to, ask{})); }},
                    reach{"exit", [](auto to) { kin::exit(to.pid, kin::kill); }},
                    reach{"is_alive", [](auto to) { static_cast<void>(kin::is_alive(to.pid)); }},
                    reach{"info", [](auto to) { static_cast<void>(kin::info(to.pid)); }}),
    [](const auto& of) { return of.param.name; });

TEST(thread_outside, spawns_and_starts_timers_on_no_machine) {
  const auto end = kin::sim::run({}, [] {
    const auto me = kin::self();
    EXPECT_THAT(told_on_a_thread([] { kin::spawn([] {}); }), HasSubstr("belongs to no machine"));
    EXPECT_THAT(told_on_a_thread([me] { kin::send_after(1ms, me, number{1}); }),
                HasSubstr("belongs to no machine"));
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

class keeper : public kin::gen_server {
 public:
  kin::replies<int> handle_call(ask /*request*/, kin::from<int> caller) {
    EXPECT_THAT(told_on_a_thread([&] { caller.answer(1); }), HasSubstr("of a simulation"));
    return kin::noreply;
  }
};

TEST(thread_outside, cannot_reply_for_a_server) {
  const auto end =
      kin::sim::run({}, [] { EXPECT_FALSE(kin::try_call(kin::start_link<keeper>(), ask{}, 1s)); });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(thread_outside, of_another_machine_is_outside_too) {
  const auto end = kin::sim::run({}, [] {
    const auto me = kin::self();
    std::thread([me] {
      test::run([me] { EXPECT_THROW(kin::send(me, number{1}), kin::error); });
    }).join();
    kin::receive([](number) { ADD_FAILURE() << "it came"; }, kin::after(1s, [] {}));
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(thread_outside, finds_nobody_when_the_simulation_is_over) {
  kin::pid before;
  const auto end = kin::sim::run({}, [&] { before = kin::self(); });
  EXPECT_TRUE(end.ok()) << end.story;
  kin::send(before, number{1});
  EXPECT_FALSE(kin::is_alive(before));
  EXPECT_EQ(told_on_a_thread([&] { kin::send(before, number{1}); }), "");
}

// ---- kin::blocking --------------------------------------------------------------------------------

TEST(blocking_in_a_simulation, runs_at_once_on_the_same_thread_and_in_no_process) {
  const auto here = std::this_thread::get_id();
  const auto end = kin::sim::run({}, [here] {
    for (int i = 0; i < 5; ++i) {  // others, whose turn may be next
      kin::spawn([] {
        for (int turn = 0; turn < 20; ++turn) kin::yield();
      });
    }
    for (int i = 0; i < 10; ++i) {
      const auto before = kin::clock::now();
      kin::yield();
      EXPECT_EQ(kin::blocking([here] {
                  EXPECT_FALSE(kin::in_process());
                  EXPECT_EQ(std::this_thread::get_id(), here);
                  EXPECT_THROW(static_cast<void>(kin::self()), kin::error);
                  return 7;
                }),
                7);
      EXPECT_LT(kin::clock::now() - before, 1ms);
    }
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(blocking_in_a_simulation, cannot_wait_for_what_would_have_to_run_meanwhile) {
  const auto end = kin::sim::run({}, [] {
    const auto target = kin::start_link<server>();
    try {
      kin::blocking([&] { kin::call(target, ask{}); });
      ADD_FAILURE() << "it was answered";
    } catch (const kin::error& refused) {
      EXPECT_THAT(refused.what(), HasSubstr("nothing else runs until that returns"));
    }
    EXPECT_THROW(kin::blocking([] { static_cast<void>(kin::sim::run({}, [] {})); }), kin::error);
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

TEST(blocking_in_a_simulation, sends_in_the_order_of_its_sends) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto end = kin::sim::run({.seed = seed, .faults = {{.delay = 0.2}}}, [] {
      kin::blocking([me = kin::self()] {
        for (int i = 0; i < 10; ++i) kin::send(me, number{i});
      });
      for (int i = 0; i < 10; ++i) EXPECT_EQ(test::expect<number>(), number{i});
    });
    EXPECT_TRUE(end.ok()) << end.story;
  }
}

// Nothing happens while it runs: a kill takes effect before it begins, or when it has returned.
TEST(blocking_in_a_simulation, is_never_asked_to_stop) {
  int begun = 0;
  int returned = 0;
  const auto is_victim = [](const kin::process_info& p) { return p.registered_name == "victim"; };
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto end =
        kin::sim::run({.seed = seed, .faults = {{.kill = 0.2, .among = is_victim}}}, [&] {
          const auto victim = kin::spawn_monitor([&] {
            kin::register_name(kin::name("victim"), kin::self());
            for (;;) {
              kin::blocking([&, me = kin::self()](const std::stop_token& stop) {
                ++begun;
                kin::exit(me, kin::shutdown);
                EXPECT_FALSE(stop.stop_requested());
                ++returned;
              });
            }
          });
          const auto why = test::expect_down(victim.ref).reason;
          EXPECT_TRUE(why == kin::killed || why == kin::shutdown) << why;
        });
    EXPECT_TRUE(end.ok()) << end.story;
  }
  EXPECT_GT(begun, 20);
  EXPECT_EQ(returned, begun);
}

// ---- between two steps ----------------------------------------------------------------------------

TEST(invariant, that_throws_is_broken) {
  const auto end = kin::sim::run({}, [] {
    kin::sim::always("main looks after itself", [] { return kin::self() == kin::pid(); });
    kin::sleep(1s);
  });
  EXPECT_EQ(end.ending, ending::broken);
  EXPECT_THAT(end.broken, HasSubstr("main looks after itself: "));
  EXPECT_THAT(end.broken, HasSubstr("kin::self was called outside a process"));
}

TEST(invariant, cannot_wait) {
  const auto end = kin::sim::run({}, [] {
    const auto target = kin::start_link<server>();
    kin::sim::always("the server answers", [=] { return kin::call(target, ask{}) == 1; });
    kin::sleep(1s);
  });
  EXPECT_EQ(end.ending, ending::broken);
  EXPECT_THAT(end.broken, HasSubstr("nothing else runs until that returns"));
}

}  // namespace
