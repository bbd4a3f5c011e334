// SPDX-License-Identifier: Apache-2.0
// Several machines in one program: a pid of one is as good in the processes of another. Names and
// timers are of one machine. protocols 9.
#include <kin/alias.hpp>
#include <kin/info.hpp>

#include "support/expect.hpp"

#include <future>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::HasSubstr;

inline constexpr kin::name<> shop{"machines_test.shop"};

// The test's body runs here; what it speaks to, there.
struct two_machines : testing::Test {
  void SetUp() override {
    here.start();
    there.start();
  }
  void TearDown() override {
    EXPECT_TRUE(here.stop().empty());
    EXPECT_TRUE(there.stop().empty());
  }
  template <class F>
  void run_here(F body) {
    EXPECT_EQ(here.run(std::move(body)), kin::normal);
  }

  kin::machine here{{.workers = 2, .reports = test::quiet()}};
  kin::machine there{{.workers = 2, .reports = test::quiet()}};
};

TEST_F(two_machines, have_no_pid_and_no_reference_in_common) {
  std::promise<std::pair<kin::pid, kin::ref>> a;
  std::promise<std::pair<kin::pid, kin::ref>> b;
  here.run([&] { a.set_value({kin::self(), kin::make_ref()}); });
  there.run([&] { b.set_value({kin::self(), kin::make_ref()}); });
  const auto [pid_a, ref_a] = a.get_future().get();
  const auto [pid_b, ref_b] = b.get_future().get();
  EXPECT_EQ(pid_a.number(), pid_b.number());  // both count from 1
  EXPECT_NE(pid_a, pid_b);
  EXPECT_NE(std::hash<kin::pid>()(pid_a), std::hash<kin::pid>()(pid_b));
  EXPECT_NE(pid_a.machine(), pid_b.machine());
  EXPECT_NE(kin::to_string(pid_a), kin::to_string(pid_b));
  EXPECT_NE(ref_a, ref_b);
  EXPECT_NE(kin::to_string(ref_a), kin::to_string(ref_b));
}

TEST(a_machine, that_comes_later_takes_the_place_of_one_that_has_gone) {
  std::promise<kin::pid> first;
  std::promise<kin::pid> second;
  kin::machine({.workers = 1}).run([&] { first.set_value(kin::self()); });
  kin::machine({.workers = 1}).run([&] { second.set_value(kin::self()); });
  EXPECT_EQ(kin::to_string(first.get_future().get()), "<0.1.0>");
  EXPECT_EQ(kin::to_string(second.get_future().get()), "<0.1.0>");
}

TEST_F(two_machines, link_their_processes) {
  const kin::pid first_there = there.spawn([] { test::idle(); });
  run_here([p = first_there] {
    EXPECT_EQ(kin::self().number(), p.number());  // yet it is no link to itself
    kin::trap_exits();
    kin::link(p);
    EXPECT_THAT(kin::info(p)->links, testing::ElementsAre(kin::self()));
    kin::send(p, word{"end"});
    EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{p, kin::normal}));
    EXPECT_TRUE(kin::info(kin::self())->links.empty());
  });
}

TEST_F(two_machines, unlink_their_processes) {
  const kin::pid p = there.spawn([] { test::idle(); });
  run_here([p] {
    kin::trap_exits();
    kin::link(p);
    kin::unlink(p);
    EXPECT_TRUE(kin::info(p)->links.empty());
    kin::exit(p, kin::kill);
    EXPECT_EQ(test::await_exit(p), kin::noproc);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

TEST_F(two_machines, monitor_and_kill_their_processes) {
  const kin::pid p = there.spawn([] { test::idle(); });
  run_here([p] {
    EXPECT_TRUE(kin::is_alive(p));
    const kin::ref watch = kin::monitor(p);
    EXPECT_THAT(kin::info(p)->monitored_by, testing::ElementsAre(kin::self()));
    kin::exit(p, kin::kill);
    EXPECT_EQ(test::expect<kin::down>(), (kin::down{watch, p, kin::killed}));
    EXPECT_FALSE(kin::is_alive(p));
    EXPECT_EQ(test::await_exit(p), kin::noproc);
  });
}

TEST_F(two_machines, suspend_and_resume_their_processes) {
  const kin::pid p = there.spawn([] {
    for (;;) kin::receive([](kin::pid asks) { kin::send(asks, word{"here"}); });
  });
  run_here([p] {
    kin::suspend(p);
    kin::send(p, kin::self());
    EXPECT_EQ(kin::info(p)->status, kin::process_status::suspended);
    kin::resume(p);
    EXPECT_EQ(test::expect<word>(), word{"here"});
  });
}

TEST_F(two_machines, send_later_and_by_alias) {
  run_here([this] {
    there.spawn([alias = kin::alias(), me = kin::self()] {
      kin::send(alias, word{"by alias"});
      kin::send_after(1ms, me, number{1});
    });
    EXPECT_EQ(test::expect<word>(), word{"by alias"});
    EXPECT_EQ(test::expect<number>(), number{1});
  });
}

TEST_F(two_machines, keep_their_names_apart) {
  const kin::pid theirs = there.spawn([] { test::idle(); });
  {
    const kin::machine::enter inside(there);
    kin::register_name(shop, theirs);
    EXPECT_EQ(kin::whereis(shop), theirs);
  }
  run_here([theirs] {
    EXPECT_EQ(kin::whereis(shop), std::nullopt);
    try {
      kin::register_name(shop, theirs);
      ADD_FAILURE() << "it was registered";
    } catch (const kin::error& e) {
      EXPECT_EQ(std::string(e.what()),
                "kin: register_name: " + kin::to_string(theirs) + " is no process of this machine");
      EXPECT_EQ(e.reason(), kin::badarg);
    }
    EXPECT_EQ(kin::whereis(shop), std::nullopt);
    kin::register_name(shop, kin::self());
    EXPECT_EQ(kin::whereis(shop), kin::self());
  });
}

TEST_F(two_machines, tell_each_other_of_their_end) {
  const kin::pid watcher_linked = there.spawn([] { test::idle(); });
  kin::machine third({.workers = 1, .reports = test::quiet()});
  third.start();
  const kin::pid p = third.spawn([] { test::idle(); });
  std::promise<void> watching;
  std::thread stopper([&] {
    watching.get_future().wait();
    EXPECT_TRUE(third.stop().empty());
  });
  run_here([&watching, p, other = watcher_linked] {
    kin::trap_exits();
    kin::link(p);
    const kin::ref watch = kin::monitor(p);
    EXPECT_TRUE(kin::is_alive(p));  // has seen both
    watching.set_value();
    EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{p, kin::shutdown}));
    EXPECT_EQ(test::expect<kin::down>(), (kin::down{watch, p, kin::shutdown}));
    EXPECT_THROW(
        {
          kin::trap_exits(false);
          kin::link(p);
        },
        kin::error);
    EXPECT_EQ(test::await_exit(p), kin::noproc);
    EXPECT_TRUE(kin::is_alive(other));
  });
  stopper.join();
}

TEST_F(two_machines, cancel_each_others_timers_even_of_a_machine_that_goes) {
  for (int i = 0; i < test::times(50); ++i) {
    std::vector<kin::ref> timers;
    std::thread canceller;
    {
      kin::machine third({.workers = 1, .reports = test::quiet()});
      third.start();
      const kin::machine::enter inside(third);
      for (int j = 0; j < 100; ++j) timers.push_back(kin::send_after(1h, shop, number{j}));
      canceller = std::thread([&timers] {
        for (const kin::ref t : timers) kin::cancel_timer(t);
      });
    }
    canceller.join();
  }
}

TEST_F(two_machines, suffer_processes_that_die_together_across_them) {
  for (int i = 0; i < test::times(200); ++i) {
    const kin::pid p = there.spawn([] { test::idle(); });
    const kin::pid q = there.spawn([] { test::idle(); });
    run_here([p, q] {
      const auto child = kin::spawn_monitor([p, q] {
        kin::link(p);
        kin::trap_exits();
        kin::link(q);
        kin::trap_exits(false);
        kin::exit(q, "one");
        kin::exit(p, "two");
        test::idle();
      });
      const kin::ref of_p = kin::monitor(p);
      const kin::ref of_q = kin::monitor(q);
      test::expect_down(child.ref);
      test::expect_down(of_p);
      test::expect_down(of_q);
    });
  }
}

}  // namespace
