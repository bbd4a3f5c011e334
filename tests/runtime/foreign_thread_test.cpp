// SPDX-License-Identifier: Apache-2.0
// What a thread that runs no process may do beside calls, and what a machine says before it starts,
// while it stops and after it has. protocols 9.
#include <kin/alias.hpp>
#include <kin/info.hpp>

#include "support/expect.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::HasSubstr;

inline constexpr kin::name<> shop{"foreign_thread_test.shop"};

kin::machine_options small() { return {.workers = 2, .reports = test::quiet()}; }

std::string text_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const kin::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

// A machine that runs, entered by this thread; a process of its sends numbers on to this thread.
struct foreign_thread : testing::Test {
  void SetUp() override { machine.start(); }
  void TearDown() override { EXPECT_TRUE(machine.stop().empty()); }
  int next_number() {
    std::promise<int> told;
    machine.run([this, &told] {
      kin::send(clerk, kin::self());
      told.set_value(test::expect<number>().value);
    });
    return told.get_future().get();
  }

  kin::machine machine{small()};
  kin::machine::enter inside{machine};
  kin::pid clerk = machine.spawn([] {
    for (;;) {
      kin::receive(
          [](kin::pid reader) { kin::receive([reader](number n) { kin::send(reader, n); }); });
    }
  });
};

TEST_F(foreign_thread, spawns_on_the_machine_it_has_entered) {
  std::promise<kin::pid> ran;
  const kin::pid p = kin::spawn([&] {
    EXPECT_EQ(kin::parent(), kin::pid{});
    ran.set_value(kin::self());
  });
  EXPECT_EQ(ran.get_future().get(), p);
}

TEST_F(foreign_thread, spawns_with_options) {
  std::promise<kin::priority> ran;
  const auto p = kin::spawn(
      [&] {
        ran.set_value(kin::set_priority(kin::priority::low));
        kin::receive([](const word& /*end*/) {});
      },
      {.priority = kin::priority::high,
       .mailbox = {.limit = 1, .when_full = kin::when_full::fail}});
  EXPECT_EQ(ran.get_future().get(), kin::priority::high);
  EXPECT_FALSE(p.ref);
  kin::send(p.pid, number{1});
  EXPECT_EQ(kin::try_send(p.pid, number{2}).error(), kin::mailbox_full);
  EXPECT_THROW(kin::spawn([] {}, {.priority = {9}}), kin::error);
}

TEST_F(foreign_thread, waits_for_room_as_long_as_it_says_and_else_not_at_all) {
  const auto p = kin::spawn([] { kin::receive([](const word& /*end*/) {}); },
                            {.mailbox = {.limit = 1, .when_full = kin::when_full::block}});
  kin::send(p.pid, number{1});
  EXPECT_THAT(text_of([&] { kin::send(p.pid, number{2}); }), HasSubstr("is full"));
  EXPECT_EQ(kin::try_send(p.pid, number{2}).error(), kin::mailbox_full);
  EXPECT_EQ(kin::try_send(p.pid, number{2}, 1ms).error(), kin::mailbox_full);
  std::thread waits([&] { EXPECT_TRUE(kin::try_send(p.pid, number{3}, test::patience)); });
  kin::send_after(0s, p.pid, word{"end"});  // what timers send always gets in
  waits.join();                             // nobody there: as good as sent
}

TEST_F(foreign_thread, has_neither_links_nor_monitors) {
  EXPECT_THAT(text_of([] { kin::spawn_link([] {}); }),
              HasSubstr("kin::spawn with a link was called outside a process"));
  EXPECT_THAT(text_of([] { static_cast<void>(kin::spawn_monitor([] {})); }),
              HasSubstr("kin::spawn with a monitor was called outside a process"));
}

TEST_F(foreign_thread, asks_whether_a_process_lives_and_what_it_does) {
  EXPECT_TRUE(kin::is_alive(clerk));
  while (kin::info(clerk)->status != kin::process_status::waiting) std::this_thread::yield();
  const kin::pid p = kin::spawn([] { test::idle(); });
  kin::exit(p, kin::kill);
  EXPECT_FALSE(kin::is_alive(p));  // sees what it sent before
  EXPECT_FALSE(kin::info(p));
  EXPECT_THAT(kin::processes(), testing::Contains(clerk));
}

TEST_F(foreign_thread, registers_and_sends_by_name) {
  kin::register_name(shop, clerk);
  EXPECT_EQ(kin::whereis(shop), clerk);
  kin::send(shop, number{7});
  EXPECT_EQ(next_number(), 7);
  kin::unregister_name(shop);
  EXPECT_EQ(kin::whereis(shop), std::nullopt);
  EXPECT_THAT(text_of([] { kin::send(shop, number{8}); }), HasSubstr("nobody holds the name"));
}

TEST_F(foreign_thread, sends_later) {
  kin::send_after(0s, clerk, number{1});
  EXPECT_EQ(next_number(), 1);
  kin::register_name(shop, clerk);
  kin::send_after(1ms, shop, number{2});
  EXPECT_EQ(next_number(), 2);
  kin::send_at(kin::clock::now() + 1ms, clerk, number{3});
  EXPECT_EQ(next_number(), 3);
  EXPECT_THROW(kin::send_after(-1s, clerk, number{4}), kin::error);
}

TEST_F(foreign_thread, wakes_a_worker_for_its_timer) {
  std::promise<int> told;
  const kin::pid waits =
      kin::spawn([&] { kin::receive([&](number n) { told.set_value(n.value); }); });
  while (kin::info(waits)->status != kin::process_status::waiting) std::this_thread::yield();
  std::this_thread::sleep_for(5ms);  // leaves the workers a chance to sleep
  kin::send_after(1ms, waits, number{2});
  EXPECT_EQ(told.get_future().get(), 2);
}

TEST_F(foreign_thread, reads_and_cancels_timers_its_own_and_others) {
  const kin::ref mine = kin::send_after(1h, clerk, number{1});
  ASSERT_TRUE(kin::read_timer(mine));
  EXPECT_LE(*kin::read_timer(mine), 1h);
  EXPECT_GT(kin::cancel_timer(mine).value_or(0s), 59min);
  EXPECT_FALSE(kin::cancel_timer(mine));
  std::promise<kin::ref> told;
  machine.run([this, &told] { told.set_value(kin::send_after(1h, clerk, number{2})); });
  EXPECT_TRUE(kin::cancel_timer(told.get_future().get()));
}

TEST_F(foreign_thread, makes_references_that_differ) {
  const kin::ref one = kin::make_ref();
  EXPECT_NE(one, kin::make_ref());
  machine.run([one] { EXPECT_NE(one, kin::make_ref()); });
}

TEST(thread_of_no_machine, is_told_to_enter_one) {
  const std::string wanted = "on a thread that belongs to no machine; see kin::machine::enter";
  kin::machine machine(small());
  const kin::pid p = machine.spawn([] {});
  const std::vector<std::function<void()>> wrong{
      [] { kin::spawn([] {}); },
      [&] { kin::send_after(1s, p, number{1}); },
      [] { static_cast<void>(kin::make_ref()); },
      [] { static_cast<void>(kin::processes()); },
      [] { static_cast<void>(kin::registered()); },
      [] { static_cast<void>(kin::whereis(shop)); },
      [&] { kin::register_name(shop, p); },
      [] { kin::unregister_name(shop); },
      [] { kin::send(shop, number{1}); },
  };
  for (const auto& call : wrong) EXPECT_THAT(text_of(call), HasSubstr(wanted));
}

// ---- before, while, after -----------------------------------------------------------------------

TEST(machine_before_it_starts, keeps_what_comes_in_order) {
  kin::machine machine(small());
  const kin::machine::enter inside(machine);
  std::promise<std::vector<int>> got;
  const kin::pid p = kin::spawn([&] {
    std::vector<int> all;
    for (int i = 0; i < 3; ++i) all.push_back(test::expect<number>().value);
    got.set_value(all);
  });
  EXPECT_EQ(machine.process_count(), 1U);
  EXPECT_THAT(kin::processes(), testing::ElementsAre(p));
  kin::register_name(shop, p);
  kin::send(p, number{1});
  kin::send(shop, number{2});
  kin::send_after(1ms, shop, number{3});
  machine.start();
  EXPECT_THAT(got.get_future().get(), testing::ElementsAre(1, 2, 3));
  EXPECT_TRUE(machine.stop().empty());
}

TEST(machine_before_it_starts, tells_nothing_of_its_processes_and_lets_them_be_killed) {
  auto held = std::make_shared<int>(0);
  kin::machine machine(small());
  const kin::pid p = machine.spawn([held] { ADD_FAILURE() << "it ran"; });
  const auto about = kin::info(p, {.limit = 1ms});
  ASSERT_TRUE(about);
  EXPECT_EQ(about->status, kin::process_status::running);
  kin::exit(p, kin::kill);
  machine.start();
  EXPECT_FALSE(kin::is_alive(p));
  EXPECT_TRUE(machine.stop().empty());
  EXPECT_EQ(held.use_count(), 1);
}

TEST(machine_before_it_starts, can_be_stopped_for_good) {
  auto held = std::make_shared<int>(0);
  kin::machine empty(small());
  EXPECT_TRUE(empty.stop().empty());
  EXPECT_THROW(empty.spawn([] {}), kin::error);
  kin::machine machine(small());
  machine.spawn([held] { ADD_FAILURE() << "it ran"; });
  EXPECT_TRUE(machine.stop().empty());
  EXPECT_EQ(held.use_count(), 1);
  machine.start();
  EXPECT_THROW(machine.spawn([] {}), kin::error);
}

TEST(machine_that_has_stopped, answers_everything_at_once) {
  kin::machine machine(small());
  machine.start();
  const kin::machine::enter inside(machine);
  auto held = std::make_shared<int>(0);
  const kin::pid p = kin::spawn([] { test::idle(); });
  kin::register_name(shop, p);
  std::promise<kin::ref> told;
  machine.run([&told] { told.set_value(kin::alias()); });
  EXPECT_TRUE(machine.stop().empty());

  const std::string stopped = "kin: spawn: this machine has been stopped";
  EXPECT_EQ(text_of([&] { machine.spawn([held] {}); }), stopped);
  EXPECT_EQ(text_of([&] { machine.run([held] {}); }), stopped);
  EXPECT_EQ(text_of([&] { kin::spawn([held] {}); }), stopped);
  kin::send(p, held);
  EXPECT_TRUE(kin::try_send(p, held));
  kin::send(told.get_future().get(), held);
  kin::exit(p, kin::kill);
  EXPECT_FALSE(kin::is_alive(p));
  EXPECT_FALSE(kin::info(p));
  EXPECT_EQ(kin::whereis(shop), std::nullopt);
  EXPECT_THROW(kin::send(shop, held), kin::error);
  EXPECT_THROW(kin::register_name(shop, p), kin::error);
  EXPECT_THAT(kin::registered(), testing::IsEmpty());
  EXPECT_THAT(kin::processes(), testing::IsEmpty());
  EXPECT_FALSE(kin::cancel_timer(kin::send_after(1s, p, held)));
  EXPECT_EQ(machine.process_count(), 0U);
  EXPECT_EQ(machine.workers(), 2U);
  EXPECT_EQ(held.use_count(), 1);
  machine.start();
  EXPECT_TRUE(machine.stop().empty());
}

TEST(machine_that_has_stopped, destroys_what_a_timer_to_a_name_would_send) {
  auto held = std::make_shared<int>(0);
  {
    kin::machine machine(small());
    machine.start();
    machine.stop();
    const kin::machine::enter inside(machine);
    kin::send_after(1h, shop, held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(machine_that_stops, may_be_stopped_by_many_who_all_see_it_stopped) {
  for (int i = 0; i < test::times(20); ++i) {
    kin::machine machine(small());
    machine.start();
    for (int j = 0; j < 10; ++j) machine.spawn([] { test::idle(); });
    std::vector<std::thread> stoppers;
    for (int t = 0; t < 3; ++t) {
      stoppers.emplace_back([&] {
        EXPECT_TRUE(machine.stop().empty());
        EXPECT_EQ(machine.process_count(), 0U);
        EXPECT_THROW(machine.spawn([] {}), kin::error);
      });
    }
    for (auto& t : stoppers) t.join();
  }
}

TEST(machine_that_stops, may_be_started_at_the_same_time) {
  for (int i = 0; i < test::times(40); ++i) {
    kin::machine machine(small());
    machine.spawn([] { test::idle(); });
    std::thread starter([&] { machine.start(); });
    EXPECT_TRUE(machine.stop().empty());
    starter.join();
    EXPECT_EQ(machine.process_count(), 0U);
  }
}

TEST(machine_that_stops, goes_on_stopping_when_stop_is_called_again) {
  std::binary_semaphore hold(0);
  std::binary_semaphore ready(0);
  kin::machine machine({.workers = 1, .stop_limit = 50ms, .reports = test::quiet()});
  machine.start();
  const kin::pid p = machine.spawn([&] {
    kin::blocking([&] {
      ready.release();
      hold.acquire();
    });
  });
  ready.acquire();
  const auto left = machine.stop();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].pid, p);
  EXPECT_THROW(machine.spawn([] {}), kin::error);
  EXPECT_EQ(machine.process_count(), 1U);
  hold.release();
  while (!machine.stop().empty()) std::this_thread::yield();
  EXPECT_EQ(machine.process_count(), 0U);
}

TEST(machine_that_stops, may_be_spoken_to_meanwhile) {
  for (int i = 0; i < test::times(40); ++i) {
    kin::machine machine(small());
    machine.start();
    std::vector<kin::pid> targets;
    for (int j = 0; j < 5; ++j)
      targets.push_back(machine.spawn([] { return kin::loop([](number /*n*/) {}); }));
    std::atomic<bool> enough{false};
    std::atomic<int> rounds{0};
    std::vector<std::thread> speakers;
    for (int t = 0; t < 2; ++t) {
      speakers.emplace_back([&] {
        const kin::machine::enter inside(machine);
        while (!enough) {
          for (const kin::pid p : targets) {
            kin::send(p, number{1});
            static_cast<void>(kin::is_alive(p));
            static_cast<void>(kin::whereis(shop));
            kin::cancel_timer(kin::send_after(1ms, p, number{2}));
            kin::send_after(10us, p, number{3});
          }
          ++rounds;
        }
      });
    }
    while (rounds < 2) std::this_thread::yield();
    EXPECT_TRUE(machine.stop().empty());
    enough = true;
    for (auto& t : speakers) t.join();
    for (const kin::pid p : targets) EXPECT_FALSE(kin::is_alive(p));
  }
}

}  // namespace
