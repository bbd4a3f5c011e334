// SPDX-License-Identifier: Apache-2.0
// Who runs when: fairness, long callbacks, idleness, many workers. protocols 5, 12, 13 and 22.
#include "support/expect.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using steady = std::chrono::steady_clock;

class scheduler_on : public testing::TestWithParam<unsigned> {
 protected:
  static kin::machine_options world() { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(workers, scheduler_on, testing::Values(1U, 2U, 4U, 16U));

kin::duration used_cpu() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto as_duration = [](timeval t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return as_duration(used.ru_utime) + as_duration(used.ru_stime);
}

void compute_for(kin::duration time) {
  const auto end = steady::now() + time;
  while (steady::now() < end) {
  }
}

// ---- fairness -----------------------------------------------------------------------------------

TEST(yield, lets_each_have_its_turn) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    for (int who = 0; who < 3; ++who) {
      kin::spawn([=] {
        for (int i = 0; i < 5; ++i) {
          kin::send(me, number{who});
          kin::yield();
        }
      });
    }
    std::vector<int> turns;
    for (int i = 0; i < 15; ++i) turns.push_back(test::expect<number>().value);
    // Whoever has run runs again only after the two others.
    for (std::size_t i = 3; i < turns.size(); ++i) EXPECT_EQ(turns[i], turns[i - 3]) << i;
  });
}

TEST(budget, of_a_busy_handler_lets_others_run) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    const kin::pid busy =
        kin::spawn([] { return kin::loop([](number n) { kin::send(kin::self(), n); }); });
    kin::send(busy, number{1});
    kin::send(busy, number{2});
    kin::spawn([me] { kin::send(me, word{"me too"}); });
    EXPECT_EQ(test::expect<word>(), word{"me too"});
    kin::exit(busy, kin::kill);
  });
}

TEST(budget, of_a_busy_receive_loop_lets_others_run) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    const kin::pid busy = kin::spawn([] {
      kin::send(kin::self(), number{1});
      for (;;) kin::receive([](number n) { kin::send(kin::self(), n); });
    });
    kin::yield();
    kin::spawn([me] { kin::send(me, word{"me too"}); });
    EXPECT_EQ(test::expect<word>(), word{"me too"});
    kin::exit(busy, kin::kill);
  });
}

TEST(budget, of_two_that_play_ping_pong_lets_a_third_run) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    struct ball {
      kin::pid back;
    };
    const auto player = [] {
      return kin::loop([](ball b) { kin::send(b.back, ball{kin::self()}); });
    };
    const kin::pid a = kin::spawn(player);
    const kin::pid b = kin::spawn(player);
    kin::send(a, ball{b});
    kin::spawn([me] { kin::send(me, word{"me too"}); });
    EXPECT_EQ(test::expect<word>(), word{"me too"});
    kin::exit(a, kin::kill);
    kin::exit(b, kin::kill);
  });
}

TEST(budget, of_two_that_play_ping_pong_lets_timers_fire) {
  test::run({.workers = 1}, [] {
    struct ball {
      kin::pid back;
    };
    const auto player = [] {
      return kin::loop([](ball b) { kin::send(b.back, ball{kin::self()}); });
    };
    const kin::pid a = kin::spawn(player);
    const kin::pid b = kin::spawn(player);
    kin::send(a, ball{b});
    kin::send_after(5ms, kin::self(), word{"time"});
    EXPECT_EQ(test::expect<word>(), word{"time"});
    kin::exit(a, kin::kill);
    kin::exit(b, kin::kill);
  });
}

TEST(checkpoint, in_a_long_loop_lets_others_run) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    const kin::pid busy = kin::spawn([] {
      for (;;) kin::checkpoint();
    });
    kin::yield();
    kin::spawn([me] { kin::send(me, word{"me too"}); });
    EXPECT_EQ(test::expect<word>(), word{"me too"});
    kin::exit(busy, kin::kill);
  });
}

// ---- long callbacks -----------------------------------------------------------------------------

TEST_P(scheduler_on, a_process_that_spins_stops_neither_others_nor_timers) {
  test::run(world(), [] {
    std::atomic<bool> go_on{true};
    const kin::pid me = kin::self();
    std::vector<kin::monitored> spinners;
    // Behind each spinner lies what it has just woken.
    for (int i = 0; i < 2; ++i) {
      spinners.push_back(kin::spawn_monitor([&] {
        kin::send(kin::spawn([&, me] { kin::send(me, word{"woken"}); }), word{"go"});
        while (go_on) {
        }
      }));
    }
    kin::send_after(1ms, me, word{"time"});
    for (int i = 0; i < 3; ++i) test::expect<word>();  // two that were woken, and the time
    for (int i = 0; i < 20; ++i) {
      kin::spawn([=] { kin::send(me, number{i}); });
    }
    for (int i = 0; i < 20; ++i) test::expect<number>();
    kin::sleep(2ms);
    go_on = false;
    for (const auto& one : spinners) test::expect_down(one.ref);
  });
}

TEST(long_schedule, is_reported_with_the_process_that_spins) {
  kin::pid spinner;
  test::run({.workers = 2}, [&] {
    const auto p = kin::spawn_monitor([] { compute_for(250ms); });
    spinner = p.pid;
    test::expect_down(p.ref);
  });
  std::string text;
  for (const auto& r : test::reports()) {
    if (r.title == "LONG SCHEDULE") text += r.text;
  }
  EXPECT_THAT(text, testing::HasSubstr(kin::to_string(spinner)));
}

TEST(long_schedule, is_not_reported_of_those_who_wait) {
  test::run({.workers = 2}, [] {
    const kin::pid p = kin::spawn([] { test::idle(); });
    kin::blocking([] { std::this_thread::sleep_for(150ms); });
    kin::sleep(50ms);
    kin::exit(p, kin::kill);
  });
  EXPECT_EQ(test::reports().size(), 0U);
}

// ---- idleness -----------------------------------------------------------------------------------

TEST_P(scheduler_on, an_idle_machine_uses_no_cpu) {
  kin::machine machine(world());
  machine.start();
  for (int i = 0; i < 100; ++i) machine.spawn([] { test::idle(); });
  machine.run([] {
    kin::duration least = 1h;  // a few goes: starting takes its time, the more so with a sanitizer
    for (int i = 0; i < 20 && least >= 10ms; ++i) {
      const kin::duration before = used_cpu();
      kin::sleep(200ms);
      least = std::min(least, used_cpu() - before);
    }
    EXPECT_LT(least, 10ms);
  });
}

TEST_P(scheduler_on, a_machine_that_wakes_now_and_then_loses_no_wake_up) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    const kin::pid echo =
        kin::spawn([me] { return kin::loop([me](number n) { kin::send(me, n); }); });
    for (int i = 0; i < test::times(200); ++i) {
      kin::sleep(std::chrono::microseconds(i * 7 % 300));
      kin::send(echo, number{i});
      ASSERT_EQ(test::expect<number>().value, i);
    }
  });
}

TEST_P(scheduler_on, what_comes_from_outside_wakes_a_sleeping_machine) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    std::thread outside([me] {
      for (int i = 0; i < test::times(300); ++i) {
        kin::send(me, number{i});
        if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i));
      }
    });
    for (int i = 0; i < test::times(300); ++i) ASSERT_EQ(test::expect<number>().value, i);
    kin::blocking([&] { outside.join(); });
  });
}

// ---- many ---------------------------------------------------------------------------------------

TEST_P(scheduler_on, work_spreads_and_all_of_it_is_done) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    const int count = test::times(4000);
    for (int i = 0; i < count; ++i) {
      kin::spawn([=] {
        compute_for(5us);
        kin::yield();
        kin::send(me, number{i});
      });
    }
    long sum = 0;
    for (int i = 0; i < count; ++i) sum += test::expect<number>().value;
    EXPECT_EQ(sum, static_cast<long>(count) * (count - 1) / 2);
  });
}

TEST(work, that_waits_behind_a_callback_without_a_wait_is_given_to_who_has_none) {
  test::run({.workers = 2}, [] {
    const auto me = std::this_thread::get_id();
    const auto elsewhere = std::make_shared<std::atomic<bool>>(false);
    for (int i = 0; !*elsewhere && i < 1'000'000; ++i) {
      kin::spawn([=] {
        if (std::this_thread::get_id() != me) *elsewhere = true;
      });
    }
    EXPECT_TRUE(*elsewhere);
  });
}

TEST_P(scheduler_on, processes_that_wait_in_the_middle_are_resumed_on_other_workers) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    const int rounds = test::times(200);
    constexpr int count = 100;
    for (int i = 0; i < count; ++i) {
      kin::spawn([=] {
        std::string mine = "stack of " + std::to_string(i);
        for (int j = 0; j < rounds; ++j) {
          if ((i + j) % 10 == 0) {
            kin::sleep(10us);
          } else {
            kin::yield();
          }
          if (mine != "stack of " + std::to_string(i)) kin::exit("another stack");
        }
        kin::send(me, number{i});
      });
    }
    for (int i = 0; i < count; ++i) test::expect<number>();
  });
}

// Rings of processes, each hop with a wait in the middle of a function.
TEST_P(scheduler_on, rings_go_round) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    for (int r = 0; r < 4; ++r) {
      kin::spawn([=] {
        const kin::pid first = kin::self();
        kin::pid next = first;
        for (int i = 0; i < 20; ++i) {
          next = kin::spawn([next] {
            for (;;) kin::receive([next](number n) { kin::send(next, number{n.value - 1}); });
          });
        }
        kin::send(next, number{test::times(4000)});
        for (;;) {
          const int left = test::expect<number>().value;
          if (left <= 0) break;
          kin::send(next, number{left});
        }
        kin::send(me, word{"round"});
      });
    }
    for (int r = 0; r < 4; ++r) test::expect<word>();
  });
}

// ---- exceptions and switches, limits 7 ----------------------------------------------------------

TEST_P(scheduler_on, a_rethrow_after_a_wait_in_a_catch_block_gives_the_own_exception) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    constexpr int count = 20;
    for (int i = 0; i < count; ++i) {
      kin::spawn([=] {
        for (int j = 0; j < test::times(100); ++j) {
          const std::string mine = std::to_string(i) + "." + std::to_string(j);
          try {
            try {
              throw std::runtime_error(mine);
            } catch (const std::runtime_error& e) {
              if (j % 3 == 0) {
                kin::sleep(1us);
              } else {
                kin::yield();
              }
              if (e.what() != mine) kin::exit("another exception is caught");
              throw;
            }
          } catch (const std::runtime_error& again) {
            if (again.what() != mine) kin::exit("another exception was thrown again");
          }
          if (std::uncaught_exceptions() != 0) kin::exit("there are exceptions in flight");
          if (std::current_exception() != nullptr) kin::exit("there is still an exception");
        }
        kin::send(me, number{i});
      });
    }
    for (int i = 0; i < count; ++i) test::expect<number>();
  });
}

TEST_P(scheduler_on, others_do_not_see_an_exception_of_one_that_waits_in_its_catch_block) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    kin::spawn([me] {
      try {
        throw std::runtime_error("mine");
      } catch (...) {
        kin::send(me, word{"caught"});
        test::idle();
      }
    });
    test::expect<word>();
    for (int i = 0; i < 20; ++i) {
      kin::spawn([me] {
        EXPECT_EQ(std::current_exception(), nullptr);
        EXPECT_EQ(std::uncaught_exceptions(), 0);
        kin::send(me, number{1});
      });
      test::expect<number>();
    }
  });
}

TEST_P(scheduler_on, a_kill_in_a_catch_block_unwinds_it) {
  test::run(world(), [] {
    for (int i = 0; i < test::times(200); ++i) {
      const auto p = kin::spawn_monitor([] {
        try {
          throw std::runtime_error("mine");
        } catch (const std::runtime_error&) {
          test::idle();
        }
      });
      if (i % 2 == 0) kin::yield();
      kin::exit(p.pid, kin::kill);
      ASSERT_EQ(test::expect_down(p.ref).reason, kin::killed);
    }
  });
}

}  // namespace
