// SPDX-License-Identifier: Apache-2.0
// kin::blocking: a call on a thread that may block. protocols 11.
#include <kin/info.hpp>

#include "support/expect.hpp"

#include <atomic>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class blocking_on : public testing::TestWithParam<unsigned> {
 protected:
  static kin::machine_options world() { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(workers, blocking_on, testing::Values(1U, 2U, 4U));

TEST(blocking, returns_what_the_function_returns) {
  test::run([] {
    EXPECT_EQ(kin::blocking([] { return 3; }), 3);
    EXPECT_EQ(*kin::blocking([] { return std::make_unique<int>(4); }), 4);
    bool ran = false;
    kin::blocking([&] { ran = true; });
    EXPECT_TRUE(ran);
  });
}

TEST(blocking, throws_what_the_function_throws) {
  test::run([] {
    EXPECT_THROW(kin::blocking([] { throw std::out_of_range("no"); }), std::out_of_range);
    EXPECT_THROW(kin::blocking([]() -> int { throw 3; }), int);
  });
}

TEST(blocking, runs_elsewhere_where_there_is_no_process) {
  test::run([] {
    const auto here = std::this_thread::get_id();
    kin::blocking([&] {
      EXPECT_NE(std::this_thread::get_id(), here);
      EXPECT_FALSE(kin::in_process());
      EXPECT_THROW(static_cast<void>(kin::self()), kin::error);
    });
    EXPECT_TRUE(kin::in_process());
  });
}

TEST(blocking, outside_a_process_just_calls) {
  EXPECT_EQ(kin::blocking([] { return 3; }), 3);
}

TEST(blocking, may_send) {
  test::run([] {
    const kin::pid me = kin::self();
    kin::blocking([me] { kin::send(me, number{1}); });
    EXPECT_EQ(test::expect<number>(), number{1});
  });
}

TEST(blocking, may_send_to_a_name_of_its_machine) {
  static constexpr kin::name<> caller{"blocking_test.caller"};
  test::run([] {
    kin::register_name(caller, kin::self());
    kin::blocking([] { kin::send(caller, number{1}); });
    EXPECT_EQ(test::expect<number>(), number{1});
  });
}

TEST(blocking, lets_the_worker_run_others) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    std::binary_semaphore go(0);
    kin::spawn([&, me] {
      kin::blocking([&] { go.acquire(); });
      kin::send(me, word{"done"});
    });
    kin::yield();
    kin::spawn([&] { go.release(); });
    EXPECT_EQ(test::expect<word>(), word{"done"});
  });
}

TEST(blocking, runs_many_at_the_same_time) {
  test::run([] {
    const kin::pid me = kin::self();
    constexpr int count = 16;
    std::atomic<int> inside{0};
    for (int i = 0; i < count; ++i) {
      kin::spawn([&, me] {
        kin::blocking([&] {
          ++inside;
          while (inside < count) std::this_thread::yield();  // all must be in at once
        });
        kin::send(me, number{1});
      });
    }
    for (int i = 0; i < count; ++i) test::expect<number>();
  });
}

TEST(blocking, more_than_there_are_threads_wait_their_turn) {
  test::run({.workers = 2, .blocking_threads = 2}, [] {
    const kin::pid me = kin::self();
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    for (int i = 0; i < 50; ++i) {
      kin::spawn([&, me] {
        kin::blocking([&] {
          const int now = ++inside;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          std::this_thread::yield();
          --inside;
        });
        kin::send(me, number{1});
      });
    }
    for (int i = 0; i < 50; ++i) test::expect<number>();
    EXPECT_LE(most, 2);
  });
}

TEST_P(blocking_on, a_thousand_short_calls_all_return) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    const int count = test::times(400);
    for (int i = 0; i < 8; ++i) {
      kin::spawn([=] {
        int sum = 0;
        for (int j = 0; j < count; ++j) sum += kin::blocking([&] { return j; });
        kin::send(me, number{sum});
      });
    }
    for (int i = 0; i < 8; ++i) EXPECT_EQ(test::expect<number>().value, count * (count - 1) / 2);
  });
}

TEST(blocking, keeps_messages_and_times_for_afterwards) {
  test::run([] {
    const kin::pid me = kin::self();
    std::binary_semaphore go(0);
    const kin::pid p = kin::spawn([&, me] {
      kin::send_after(1ms, kin::self(), word{"timer"});
      kin::blocking([&] { go.acquire(); });
      kin::send(me, test::expect<number>());
      kin::send(me, test::expect<word>());
    });
    kin::send(p, number{1});
    EXPECT_TRUE(kin::is_alive(p));  // it answers meanwhile
    kin::sleep(5ms);
    go.release();
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_EQ(test::expect<word>(), word{"timer"});
  });
}

TEST(blocking, of_one_that_is_killed_ends_first) {
  test::run([] {
    std::binary_semaphore started(0);
    std::binary_semaphore go(0);
    std::atomic<bool> over{false};
    const auto p = kin::spawn_monitor([&] {
      const std::string on_the_stack = "a text that the call refers to";
      kin::blocking([&] {
        started.release();
        go.acquire();
        EXPECT_EQ(on_the_stack.size(), 30U);
        over = true;
      });
      ADD_FAILURE() << "it went on after it was killed";
    });
    kin::blocking([&] { started.acquire(); });
    kin::exit(p.pid, kin::kill);
    EXPECT_FALSE(kin::is_alive(p.pid));
    EXPECT_FALSE(over);
    go.release();

    EXPECT_EQ(test::expect_down(p.ref).reason, kin::killed);
    EXPECT_TRUE(over);
  });
}

// ---- stop tokens --------------------------------------------------------------------------------

TEST(blocking, returns_what_a_function_that_takes_a_stop_token_returns) {
  test::run([] {
    EXPECT_EQ(kin::blocking([](std::stop_token stop) { return stop.stop_requested() ? 1 : 2; }), 2);
    EXPECT_EQ(*kin::blocking([](const std::stop_token& /*s*/) { return std::make_unique<int>(4); }),
              4);
    EXPECT_THROW(kin::blocking([](std::stop_token) { throw 3; }), int);
  });
  EXPECT_FALSE(kin::blocking([](const std::stop_token& s) { return s.stop_requested(); }));
}

// Runs until it is asked to stop; then tells `up`.
void run_until_stopped(kin::pid up) {
  kin::blocking([up](const std::stop_token& stop) {
    std::binary_semaphore asked(0);
    const std::stop_callback ask(stop, [&] { asked.release(); });
    kin::send(up, word{"begun"});
    asked.acquire();
    kin::send(up, word{"stopped"});
  });
  ADD_FAILURE() << "its caller went on";
}

TEST_P(blocking_on, is_asked_to_stop_when_an_exit_signal_ends_its_process) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    for (const kin::exit_reason& why : {kin::exit_reason(kin::kill), kin::exit_reason("enough")}) {
      const auto p = kin::spawn_monitor([me] { run_until_stopped(me); });
      EXPECT_EQ(test::expect<word>(), word{"begun"});
      kin::exit(p.pid, why);
      EXPECT_EQ(test::expect<word>(), word{"stopped"});
      EXPECT_EQ(test::expect_down(p.ref).reason, why == kin::kill ? kin::killed : why);
    }
  });
}

TEST(blocking, is_asked_to_stop_when_a_link_ends_its_process) {
  test::run([] {
    const kin::pid me = kin::self();
    const kin::pid other = kin::spawn([] { kin::exit(test::expect<word>().text); });
    const auto p = kin::spawn_monitor([=] {
      kin::link(other);
      run_until_stopped(me);
    });
    EXPECT_EQ(test::expect<word>(), word{"begun"});
    kin::send(other, word{"over"});
    EXPECT_EQ(test::expect<word>(), word{"stopped"});
    EXPECT_EQ(test::expect_down(p.ref).reason, "over");
  });
}

TEST(blocking, is_not_asked_to_stop_by_what_does_not_end_its_process) {
  test::run([] {
    const kin::pid me = kin::self();
    std::binary_semaphore go(0);
    const auto p = kin::spawn_monitor([&, me] {
      kin::trap_exits();
      const bool stopped = kin::blocking([&](const std::stop_token& stop) {
        kin::send(me, word{"begun"});
        go.acquire();
        return stop.stop_requested();
      });
      EXPECT_FALSE(stopped);
    });
    EXPECT_EQ(test::expect<word>(), word{"begun"});
    kin::send(p.pid, word{"a message"});
    kin::exit(p.pid, "trapped");
    EXPECT_TRUE(kin::is_alive(p.pid));
    go.release();
    EXPECT_EQ(test::expect_down(p.ref).reason, kin::normal);
  });
}

TEST(blocking, is_asked_to_stop_while_it_waits_for_a_thread) {
  test::run({.workers = 2, .blocking_threads = 1}, [] {
    std::binary_semaphore go(0);
    const auto first = kin::spawn_monitor([&] { kin::blocking([&] { go.acquire(); }); });
    while (kin::info(first.pid)->current_function != "kin::blocking") kin::yield();
    std::atomic<bool> stopped{false};
    const auto second = kin::spawn_monitor([&] {
      kin::blocking([&](const std::stop_token& stop) { stopped = stop.stop_requested(); });
    });
    while (kin::info(second.pid)->current_function != "kin::blocking") kin::yield();
    kin::exit(second.pid, kin::kill);
    EXPECT_FALSE(kin::is_alive(second.pid));
    go.release();
    EXPECT_EQ(test::expect_down(second.ref).reason, kin::killed);
    EXPECT_TRUE(stopped);
    test::expect_down(first.ref);
  });
}

TEST(blocking, is_asked_to_stop_when_its_machine_stops) {
  kin::machine machine({.workers = 2, .reports = test::quiet()});
  machine.start();
  std::binary_semaphore begun(0);
  machine.spawn([&] {
    kin::blocking([&](const std::stop_token& stop) {
      std::binary_semaphore asked(0);
      const std::stop_callback ask(stop, [&] { asked.release(); });
      begun.release();
      asked.acquire();
    });
  });
  begun.acquire();
  EXPECT_TRUE(machine.stop().empty());
}

TEST_P(blocking_on, asked_to_stop_at_any_moment_it_always_ends) {
  test::run(world(), [] {
    for (int i = 0; i < test::times(500); ++i) {
      const auto p = kin::spawn_monitor([] {
        for (;;) {
          std::string text = "on the stack of a process that is killed";
          kin::blocking([&](const std::stop_token& stop) {
            const std::stop_callback ask(stop, [&] { text += "?"; });
          });
        }
      });
      for (int j = 0; j < i % 5; ++j) kin::yield();
      kin::exit(p.pid, kin::kill);
      ASSERT_EQ(test::expect_down(p.ref).reason, kin::killed);
    }
  });
}

TEST_P(blocking_on, killed_at_any_moment_it_is_never_in_use_afterwards) {
  test::run(world(), [] {
    for (int i = 0; i < test::times(500); ++i) {
      const auto p = kin::spawn_monitor([] {
        for (;;) {
          std::string text = "on the stack of a process that is killed";
          kin::blocking([&] { text += "!"; });
        }
      });
      for (int j = 0; j < i % 5; ++j) kin::yield();
      kin::exit(p.pid, kin::kill);
      ASSERT_EQ(test::expect_down(p.ref).reason, kin::killed);
    }
  });
}

TEST(blocking, in_a_handler_in_the_middle_of_its_only_message) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    std::binary_semaphore go(0);
    const kin::pid h = kin::spawn([&, me] {
      return kin::loop([&, me](number n) {
        kin::blocking([&] { go.acquire(); });
        kin::send(me, n);
      });
    });
    EXPECT_TRUE(kin::is_alive(h));
    kin::send(h, number{1});
    kin::yield();
    kin::yield();
    go.release();
    EXPECT_EQ(test::expect<number>(), number{1});
  });
}

}  // namespace
