// SPDX-License-Identifier: Apache-2.0
// Processes that are made to change workers at each step: behind a callback that waits until they have
// run elsewhere, in the middle of a function, with timers of other workers, sent to from everywhere.
// What the models of tests/model say of the parts, for all of them at once, and for TSan to watch.
#include "support/expect.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin;
using kin::test::number;
using kin::test::word;

machine_options world() { return {.workers = 4}; }

// Its worker is stuck in a callback until somebody else has run what is queued there: it is robbed.
void have_it_robbed() {
  std::atomic<bool> has_run{false};
  const auto behind = spawn_monitor([&] { has_run = true; });
  while (!has_run) std::this_thread::yield();
  test::expect_down(behind.ref);
}

TEST(migration, of_what_is_woken_by_a_stuck_callback_happens_each_time) {
  test::run(world(), [] {
    for (int i = 0; i < test::times(100); ++i) have_it_robbed();
  });
}

// All workers are stuck, so an extra one must come; and the same one again when it has retired.
TEST(migration, to_an_extra_worker_happens_each_time_too) {
  test::run({.workers = 1}, [] {
    for (int i = 0; i < 4; ++i) have_it_robbed();
  });
}

// In the middle of a receive: the wake puts it into the slot of the stuck worker.
TEST(migration, of_a_process_that_waits_takes_all_of_it_along) {
  test::run(world(), [] {
    std::atomic<int> seen{0};
    const auto traveller = spawn_monitor([&] {
      int sum = 0;
      for (int i = 1; i <= test::times(100); ++i) {
        sum += test::expect<number>().value;
        EXPECT_EQ(sum, i * (i + 1) / 2);
        seen = i;
      }
    });
    for (int i = 1; i <= test::times(100); ++i) {
      send(traveller.pid, number{i});
      while (seen != i) std::this_thread::yield();  // until another worker has run it
    }
    EXPECT_EQ(test::expect_down(traveller.ref).reason, normal);
  });
}

// Fires here, or is cancelled by a process that may be elsewhere: one of both.
void have_a_timer_cancelled(duration limit) {
  const pid me = self();
  const ref timer = send_after(limit, me, word{"late"});
  spawn([=] { send(me, word{cancel_timer(timer) ? "cancelled" : "fired"}); });
  const std::string first = test::expect<word>().text;
  if (first == "cancelled") return;
  const std::string second = test::expect<word>().text;
  EXPECT_THAT((std::vector{first, second}), testing::UnorderedElementsAre("late", "fired"));
}

// A ring of neighbours: each numbers what it sends to the next, and counts what comes from the one
// before; in between it does all that may move it.
void go_round(pid up, int rounds, bool robbed) {
  const pid next = test::expect<pid>();
  for (int i = 0; i < rounds; ++i) {
    send(next, number{i});
    switch (i % 6) {
      case 0:
        yield();
        break;
      case 1:
        sleep(std::chrono::microseconds(50));
        break;
      case 2:
        if (robbed) have_it_robbed();
        break;
      case 3:
        test::await_exit(spawn([next] { static_cast<void>(is_alive(next)); }));
        break;
      case 4:
        have_a_timer_cancelled(std::chrono::microseconds(i % 12 == 4 ? 0 : 80));
        break;
      default:
        break;
    }
    ASSERT_EQ(test::expect<number>().value, i);
  }
  send(up, word{"done"});
}

TEST(migration, by_all_ways_at_once_loses_doubles_and_reorders_nothing) {
  test::run(world(), [] {
    constexpr int count = 12;
    const int rounds = test::times(120);
    const pid up = self();
    std::vector<pid> ring;
    // One of them at a time is stuck, else all others wait for extra workers.
    for (int i = 0; i < count; ++i)
      ring.push_back(spawn_link([=] { go_round(up, rounds, i == 0); }));
    for (std::size_t i = 0; i < ring.size(); ++i) send(ring[i], ring[(i + 1) % ring.size()]);
    for (int i = 0; i < count; ++i) test::expect<word>(6 * test::patience);
  });
}

// Threads that are no workers make handlers runnable, which are injected, stolen and parked for.
TEST(migration, of_handlers_that_other_threads_wake_loses_nothing) {
  kin::machine machine({.workers = 3, .reports = test::quiet()});
  const int each = test::times(4000);
  constexpr int senders = 3;
  std::atomic<int> handled{0};
  const auto why = machine.run([&] {
    std::vector<pid> handlers;
    for (int i = 0; i < 8; ++i)
      handlers.push_back(spawn([&] { return loop([&](number /*n*/) { ++handled; }); }));
    blocking([&] {
      std::vector<std::thread> threads;
      for (int s = 0; s < senders; ++s) {
        threads.emplace_back([&, s] {
          for (int i = 0; i < each; ++i) {
            send(handlers[static_cast<std::size_t>(i + s) % handlers.size()], number{i});
            if (i % 16 == 0) std::this_thread::yield();  // so that workers park
          }
        });
      }
      for (auto& t : threads) t.join();
    });
    for (const pid p : handlers) EXPECT_TRUE(is_alive(p));  // has handled what came before
    while (handled != senders * each) yield();
  });
  EXPECT_EQ(why, normal);
  EXPECT_TRUE(machine.stop().empty());
}

}  // namespace
