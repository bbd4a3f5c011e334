// SPDX-License-Identifier: Apache-2.0
// A machine from outside: start, spawn, run, stop. protocols 8, 9 and 26.
#include "support/expect.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

inline constexpr kin::name<> server{"machine_test.server"};

kin::machine_options small() { return {.workers = 2, .reports = test::quiet()}; }

TEST(machine, runs_a_body_and_gives_the_reason_of_its_end) {
  kin::machine machine(small());
  EXPECT_EQ(machine.run([] {}), kin::normal);
  EXPECT_EQ(machine.run([] { kin::exit("again"); }), "again");
  EXPECT_TRUE(machine.run([] { throw std::runtime_error("no"); }).is_error());
}

TEST(machine, has_the_workers_it_was_asked_for) {
  EXPECT_EQ(kin::machine({.workers = 3}).workers(), 3U);
  EXPECT_GE(kin::machine().workers(), 1U);
}

TEST(machine, with_a_limit_has_no_more_processes_than_that) {
  kin::machine machine({.workers = 2, .reports = test::quiet(), .max_processes = 100});
  EXPECT_EQ(machine.run([] {
    std::vector<kin::pid> all;
    for (int i = 0; i < 99; ++i) all.push_back(kin::spawn_link([] { test::idle(); }));
    for (int i = 0; i < 3; ++i) {
      try {
        kin::spawn([] { ADD_FAILURE() << "it ran"; });
        ADD_FAILURE() << "it was spawned";
      } catch (const kin::error& e) {
        EXPECT_EQ(e.reason(), kin::system_limit);
      }
    }
    kin::trap_exits();
    // Who hears of an end finds its place free.
    for (int i = 0; i < 50; ++i) {
      kin::exit(all.back(), kin::kill);
      all.pop_back();
      EXPECT_EQ(test::expect<kin::exited>().reason, kin::killed);
      all.insert(all.begin(), kin::spawn_link([] { test::idle(); }));
      EXPECT_THROW(kin::spawn([] {}), kin::error);
    }
    kin::exit(kin::shutdown);
  }),
            kin::shutdown);
  EXPECT_TRUE(machine.stop().empty());
}

TEST(machine, whose_processes_all_want_the_last_place_gives_it_to_one) {
  constexpr int places = 50;
  kin::machine machine({.workers = 4, .reports = test::quiet(), .max_processes = places});
  std::atomic<int> living{0};
  std::atomic<int> most{0};
  machine.run([&] {
    const kin::pid me = kin::self();
    for (int i = 0; i < 4; ++i) {
      kin::spawn([&, me] {
        int refused = 0;
        for (int round = 0; round < test::times(2000); ++round) {
          try {
            kin::spawn([&] {
              const int now = ++living;
              for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
              }
              kin::yield();
              --living;
            });
          } catch (const kin::error&) {
            ++refused;
            kin::yield();
          }
        }
        kin::send(me, number{refused});
      });
    }
    for (int i = 0; i < 4; ++i) test::expect<number>();
  });
  machine.stop();
  EXPECT_LT(most, places) << "main has one too";
}

TEST(machine, keeps_what_is_spawned_before_it_starts) {
  std::atomic<int> ran{0};
  std::binary_semaphore done(0);
  kin::machine machine(small());
  for (int i = 0; i < 10; ++i) {
    machine.spawn([&] {
      if (++ran == 10) done.release();
    });
  }
  EXPECT_EQ(ran, 0);
  machine.start();
  done.acquire();
  EXPECT_EQ(ran, 10);
}

TEST(machine, that_never_started_destroys_what_was_spawned) {
  auto held = std::make_shared<int>(0);
  {
    kin::machine machine(small());
    machine.spawn([held] { ADD_FAILURE() << "it ran"; });
    kin::send(machine.spawn([held] { ADD_FAILURE() << "it ran"; }), held);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(machine, that_has_stopped_spawns_no_more) {
  kin::machine machine(small());
  machine.start();
  machine.stop();
  auto held = std::make_shared<int>(0);
  EXPECT_THROW(machine.spawn([held] {}), kin::error);
  EXPECT_THROW(machine.run([held] {}), kin::error);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(machine.stop().empty());
}

TEST(machine, runs_and_stops_not_from_inside) {
  kin::machine machine(small());
  machine.run([&] {
    EXPECT_THROW(machine.run([] {}), kin::error);
    EXPECT_THROW(machine.stop(), kin::error);
  });
}

TEST(machine, has_no_process_after_it_has_stopped) {
  kin::machine machine(small());
  machine.start();
  for (int i = 0; i < 100; ++i) {
    machine.spawn([] {
      kin::spawn([] { test::idle(); });
      test::idle();
    });
  }
  EXPECT_TRUE(machine.stop().empty());
  EXPECT_EQ(machine.process_count(), 0U);
}

TEST(machine, may_be_started_twice_and_by_many) {
  kin::machine machine(small());
  std::vector<std::thread> runners;
  std::atomic<int> ran{0};
  for (int i = 0; i < 4; ++i) {
    runners.emplace_back([&] { EXPECT_EQ(machine.run([&] { ++ran; }), kin::normal); });
  }
  for (auto& r : runners) r.join();
  machine.start();
  EXPECT_EQ(machine.run([&] { ++ran; }), kin::normal);
  EXPECT_EQ(ran, 5);
}

struct chain {
  static void link() {
    kin::spawn([] { link(); });
  }
};
TEST(machine, stops_processes_that_start_each_other_for_ever) {
  kin::machine machine({.workers = 2, .stop_limit = 2s, .reports = test::quiet()});
  machine.run([] {
    for (int i = 0; i < 3; ++i) chain::link();
  });
  EXPECT_TRUE(machine.stop().empty());
}

TEST(machine, counts_its_processes) {
  kin::machine machine(small());
  machine.run([&] {
    EXPECT_EQ(machine.process_count(), 1U);
    std::vector<kin::monitored> all;
    for (int i = 0; i < 10; ++i) all.push_back(kin::spawn_monitor([] { test::idle(); }));
    EXPECT_EQ(machine.process_count(), 11U);
    for (const auto& one : all) kin::send(one.pid, word{"end"});
    for (const auto& one : all) test::expect_down(one.ref);
  });
  machine.stop();
  EXPECT_EQ(machine.process_count(), 0U);
}

TEST(machine, stops_what_ignores_a_shutdown) {
  kin::machine machine({.workers = 2, .stop_limit = 200ms, .reports = test::quiet()});
  machine.run([] {
    kin::spawn([] {
      kin::trap_exits();
      for (;;) test::expect<kin::exited>(1h);
    });
  });
  EXPECT_TRUE(machine.stop().empty());
}

TEST(machine, shuts_roots_down_with_the_reason_shutdown) {
  std::vector<std::string> reasons;
  kin::machine machine(small());
  std::binary_semaphore ready(0);
  machine.start();
  machine.spawn([&] {
    kin::trap_exits();
    ready.release();
    reasons.push_back(kin::to_string(test::expect<kin::exited>(1h).reason));
  });
  ready.acquire();
  EXPECT_TRUE(machine.stop().empty());
  EXPECT_EQ(reasons, (std::vector<std::string>{"shutdown"}));
}

TEST(machine, lets_a_root_stop_its_children_before_others_are_told) {
  std::vector<std::string> order;  // the root's, then the child's: both in the root's hands
  kin::machine machine(small());
  std::binary_semaphore ready(0);
  machine.start();
  machine.spawn([&] {
    kin::trap_exits();
    const kin::pid child = kin::spawn_link([&] {
      kin::trap_exits();
      ready.release();
      order.push_back("child: " + kin::to_string(test::expect<kin::exited>(1h).reason));
    });
    kin::receive(
        [&](const kin::exited& e) { order.push_back("root: " + kin::to_string(e.reason)); });
    kin::exit(child, "my own words");
    test::await_exit(child);
  });
  ready.acquire();
  EXPECT_TRUE(machine.stop().empty());
  EXPECT_EQ(order, (std::vector<std::string>{"root: shutdown", "child: \"my own words\""}));
}

TEST(machine, stops_orphans_and_leaves_children_to_living_parents) {
  std::vector<std::string> order;  // in the hands of the parent, then of the child
  kin::machine machine(small());
  std::binary_semaphore ready(0);
  machine.start();
  machine.spawn([&] {
    kin::spawn([&] {  // an orphan soon
      kin::trap_exits();
      const kin::pid child = kin::spawn_link([&] {
        kin::trap_exits();
        ready.release();
        order.push_back("child: " + kin::to_string(test::expect<kin::exited>(1h).reason));
      });
      order.push_back("parent: " + kin::to_string(test::expect<kin::exited>(1h).reason));
      kin::sleep(20ms);  // by now the machine has told orphans several times
      kin::exit(child, "my own words");
      test::await_exit(child);
    });
  });
  ready.acquire();
  EXPECT_TRUE(machine.stop().empty());
  EXPECT_EQ(order, (std::vector<std::string>{"parent: shutdown", "child: \"my own words\""}));
}

TEST(machine, names_who_does_not_stop) {
  static std::binary_semaphore hold(0);  // static: the straggler outlives this test
  static std::binary_semaphore ready(0);
  static std::atomic<bool> over{false};
  kin::machine machine({.workers = 2, .stop_limit = 100ms, .reports = test::quiet()});
  machine.start();
  const kin::pid p = machine.spawn([] {
    kin::register_name(server, kin::self());
    kin::blocking([] {
      ready.release();
      hold.acquire();
    });
    over = true;
  });
  ready.acquire();
  const auto left = machine.stop();

  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].pid, p);
  EXPECT_EQ(left[0].name, "machine_test.server");
  EXPECT_THAT(left[0].doing, testing::HasSubstr("kin::blocking"));
  hold.release();
}

TEST(machine, lives_beside_others) {
  kin::machine a(small());
  kin::machine b(small());
  a.start();
  b.start();
  std::binary_semaphore named(0);
  const kin::pid echo = b.spawn([&] {
    kin::register_name(server, kin::self());
    named.release();
    for (;;)
      kin::receive([](const std::pair<kin::pid, int>& p) { kin::send(p.first, number{p.second}); });
  });
  named.acquire();
  const auto why = a.run([echo] {
    EXPECT_EQ(kin::whereis(server), std::nullopt);  // names are of one machine
    for (int i = 0; i < test::times(2000); ++i) {
      kin::send(echo, std::pair(kin::self(), i));
      ASSERT_EQ(test::expect<number>().value, i);
    }
  });
  EXPECT_EQ(why, kin::normal);
  EXPECT_TRUE(a.stop().empty());
  EXPECT_TRUE(b.stop().empty());
}

TEST(machine, many_come_and_go) {
  for (int i = 0; i < test::times(60); ++i) {
    test::run({.workers = 1U + static_cast<unsigned>(i) % 3}, [] {
      const kin::pid me = kin::self();
      for (int j = 0; j < 20; ++j) kin::spawn([=] { kin::send(me, number{j}); });
      for (int j = 0; j < 20; ++j) test::expect<number>();
    });
  }
}

TEST(machine, that_idles_stops_at_once) {
  for (int i = 0; i < test::times(40); ++i) {
    kin::machine machine(small());
    machine.start();
    if (i % 2 == 0) machine.spawn([] { test::idle(); });
    EXPECT_TRUE(machine.stop().empty());
  }
}

// ---- threads that are no workers ----------------------------------------------------------------

TEST(foreign_thread, may_send_and_exit_but_is_no_process) {
  kin::machine machine(small());
  machine.start();
  std::binary_semaphore got(0);
  const kin::pid p = machine.spawn([&] {
    EXPECT_EQ(test::expect<number>(), number{1});
    kin::trap_exits();
    got.release();
    EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{kin::pid{}, "from outside"}));
    got.release();
  });
  kin::send(p, number{1});
  got.acquire();
  kin::exit(p, "from outside");
  got.acquire();
  EXPECT_FALSE(kin::in_process());
  EXPECT_THROW(static_cast<void>(kin::self()), kin::error);
  EXPECT_THROW(static_cast<void>(kin::monitor(p)), kin::error);
  EXPECT_THROW(kin::link(p), kin::error);
  EXPECT_THROW(kin::sleep(1s), kin::error);
}

TEST(foreign_thread, keeps_the_order_of_what_it_sends) {
  test::run([] {
    const kin::pid me = kin::self();
    constexpr int threads = 3;
    const int each = test::times(4000);
    struct stamped {
      int thread;
      int count;
    };
    std::vector<std::thread> senders;
    for (int t = 0; t < threads; ++t) {
      senders.emplace_back([=] {
        for (int i = 0; i < each; ++i) kin::send(me, stamped{t, i});
      });
    }
    std::vector<int> next(threads, 0);
    for (int i = 0; i < threads * each; ++i) {
      const auto got = test::expect<stamped>();
      ASSERT_EQ(got.count, next[static_cast<std::size_t>(got.thread)]++);
    }
    kin::blocking([&] {
      for (auto& t : senders) t.join();
    });
  });
}

TEST(foreign_thread, may_go_on_sending_while_a_machine_stops) {
  for (int i = 0; i < test::times(20); ++i) {
    std::atomic<bool> enough{false};
    kin::machine machine(small());
    machine.start();
    std::vector<kin::pid> targets;
    for (int j = 0; j < 10; ++j) {
      targets.push_back(machine.spawn([] { return kin::loop([](number /*n*/) {}); }));
    }
    std::vector<std::thread> senders;
    for (int t = 0; t < 2; ++t) {
      senders.emplace_back([&] {
        while (!enough) {
          for (const kin::pid p : targets) kin::send(p, number{1});
        }
      });
    }
    std::this_thread::yield();
    EXPECT_TRUE(machine.stop().empty());
    enough = true;
    for (auto& t : senders) t.join();
  }
}

TEST(foreign_thread, may_be_waking_the_last_process_when_its_machine_goes) {
  for (int i = 0; i < test::times(400); ++i) {
    std::thread sender;
    {
      kin::machine machine(small());
      std::promise<kin::pid> target;
      sender =
          std::thread([told = target.get_future()]() mutable { kin::send(told.get(), number{1}); });
      machine.run([&] {
        target.set_value(kin::self());
        EXPECT_EQ(test::expect<number>(), number{1});
      });
    }
    sender.join();
  }
}

TEST(foreign_thread, that_spawns_while_a_machine_stops_gets_a_process_or_an_error) {
  for (int i = 0; i < test::times(100); ++i) {
    std::atomic<int> ended{0};
    std::atomic<int> made{0};
    struct counted {
      explicit counted(std::atomic<int>& n) : ended_(&n) {}
      counted(counted&& other) noexcept : ended_(std::exchange(other.ended_, nullptr)) {}
      counted& operator=(counted&&) = delete;
      counted(const counted&) = delete;
      counted& operator=(const counted&) = delete;
      ~counted() {
        if (ended_ != nullptr) ++*ended_;
      }

     private:
      std::atomic<int>* ended_;
    };
    std::atomic<bool> over{false};
    {
      kin::machine machine({.workers = 2, .stop_limit = 4s, .reports = test::quiet()});
      machine.start();
      std::thread spawner([&] {
        try {
          for (;;) {
            std::this_thread::sleep_for(10us);  // leaves the other thread a chance
            counted c(ended);
            ++made;
            machine.spawn([held = std::move(c)] { test::idle(); });
          }
        } catch (const kin::error&) {
          over = true;
        }
      });
      for (int j = 0; j < i % 7; ++j) std::this_thread::yield();
      EXPECT_TRUE(machine.stop().empty());
      spawner.join();
    }
    EXPECT_TRUE(over);
    ASSERT_EQ(made, ended);
  }
}

}  // namespace
