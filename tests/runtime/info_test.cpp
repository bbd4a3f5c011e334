// SPDX-License-Identifier: Apache-2.0
// Looking at processes, the values they keep, and stopping them: otp-semantics 1.11 to 1.13.
#include <kin/info.hpp>
#include <kin/values.hpp>

#include "support/expect.hpp"

#include <algorithm>
#include <memory>
#include <semaphore>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

inline constexpr kin::name<> server{"info_test.server"};

// ---- info ---------------------------------------------------------------------------------------

KIN_TEST(info, tells_what_a_process_is) {
  const kin::pid me = kin::self();
  const kin::pid p = kin::spawn_link([] {
    kin::trap_exits();
    kin::register_name(server, kin::self());
    kin::put("visits", 7);
    kin::receive([](word) {});
  });
  const kin::ref watch = kin::monitor(p);
  kin::send(p, number{1});
  kin::send(p, number{2});
  test::settle();
  const auto about = *kin::info(p, {.messages = true, .dictionary = true});
  EXPECT_EQ(about.pid, p);
  EXPECT_EQ(about.status, kin::process_status::waiting);
  EXPECT_EQ(about.registered_name, "info_test.server");
  EXPECT_EQ(about.parent, me);
  EXPECT_EQ(about.ancestors.front(), kin::to_string(me));
  EXPECT_EQ(about.priority, kin::priority::normal);
  EXPECT_TRUE(about.traps_exits);
  EXPECT_TRUE(about.holds_stack);
  EXPECT_EQ(about.message_queue_len, 2U);
  EXPECT_THAT(about.messages, ElementsAre("1", "2"));
  EXPECT_THAT(about.links, ElementsAre(me));
  EXPECT_THAT(about.monitors, IsEmpty());
  EXPECT_THAT(about.monitored_by, ElementsAre(me));
  EXPECT_THAT(about.dictionary, ElementsAre(std::pair<std::string, std::string>("visits", "7")));
  EXPECT_THAT(kin::info(me)->monitors, ElementsAre(p));
  EXPECT_EQ(kin::info(me)->status, kin::process_status::running);
  kin::demonitor(watch);
  kin::unlink(p);
  kin::send(p, word{"end"});
}

KIN_TEST(process_count, is_of_all_processes_that_live) {
  EXPECT_EQ(kin::process_count(), 1U);
  const kin::monitored other = kin::spawn_monitor([] { test::idle(); });
  EXPECT_EQ(kin::process_count(), 2U);
  kin::exit(other.pid, kin::kill);
  test::expect_down(other.ref);
  test::settle();
  EXPECT_EQ(kin::process_count(), 1U);
}

KIN_TEST(info, says_that_a_handler_waits_which_has_left_all_that_it_has_got) {
  const kin::pid p = kin::spawn_link([] { return kin::loop([](word) {}); });
  kin::send(p, number{1});
  kin::send(p, number{2});
  test::settle();
  EXPECT_EQ(kin::info(p)->status, kin::process_status::waiting);
  EXPECT_EQ(kin::info(p)->message_queue_len, 2U);
}

KIN_TEST(info, tells_what_a_process_waits_in) {
  const auto waits_in = [](auto body) {
    const kin::pid p = kin::spawn(body);
    while (kin::info(p)->status != kin::process_status::waiting) kin::yield();
    const std::string in = kin::info(p)->current_function;
    kin::exit(p, kin::kill);
    return in;
  };
  EXPECT_EQ(waits_in([] { test::idle(); }), "kin::receive");
  EXPECT_EQ(waits_in([] { kin::sleep(1h); }), "kin::sleep");
  EXPECT_EQ(waits_in([] { return kin::loop([](word) {}); }), "");
  EXPECT_EQ(kin::info(kin::self())->current_function, "");
}

KIN_TEST(info, counts_reductions_without_losing_any) {
  const kin::pid me = kin::self();
  const kin::pid h = kin::spawn([me] { return kin::loop([me](number n) { kin::send(me, n); }); });
  const std::uint64_t before = kin::info(h)->reductions;
  const std::uint64_t mine = kin::info(me)->reductions;
  constexpr int count = 10'000;
  for (int i = 0; i < count; ++i) {
    kin::send(h, number{i});
    test::expect<number>();
  }
  EXPECT_EQ(kin::info(h)->reductions, before + count);
  EXPECT_GE(kin::info(me)->reductions, mine + count);
  EXPECT_EQ(kin::info(h)->priority, kin::priority::normal);
  for (int i = 0; i < count; ++i) kin::send(h, number{i});  // that are queued, too
  for (int i = 0; i < count; ++i) test::expect<number>();
  EXPECT_EQ(kin::info(h)->reductions, before + 2 * count);
  kin::exit(h, kin::kill);
}

KIN_TEST(info, counts_reductions_beside_every_flag) {
  kin::trap_exits();
  kin::set_priority(kin::priority::max);
  kin::set_message_queue_data(kin::message_queue_data::off_heap);
  for (int i = 0; i < 3000; ++i) {
    kin::checkpoint();
    const auto about = *kin::info(kin::self());
    ASSERT_TRUE(about.traps_exits);
    ASSERT_EQ(about.priority, kin::priority::max);
    ASSERT_EQ(about.message_queue_data, kin::message_queue_data::off_heap);
    ASSERT_GE(about.reductions, static_cast<std::uint64_t>(i));
  }
}

KIN_TEST(message_queue_data, is_kept_and_told_and_returned) {
  using kin::message_queue_data;
  EXPECT_EQ(kin::set_message_queue_data(message_queue_data::off_heap), message_queue_data::on_heap);
  EXPECT_EQ(kin::set_message_queue_data(message_queue_data::on_heap), message_queue_data::off_heap);
  EXPECT_THROW(kin::set_message_queue_data(static_cast<message_queue_data>(7)), kin::error);
  const auto child =
      kin::spawn([] { test::idle(); }, {.message_queue_data = message_queue_data::off_heap});
  EXPECT_EQ(kin::info(child.pid)->message_queue_data, message_queue_data::off_heap);
  EXPECT_THROW(kin::spawn([] {}, {.message_queue_data = static_cast<message_queue_data>(7)}),
               kin::error);
  kin::exit(child.pid, kin::kill);
}

KIN_TEST(info, of_the_dead_is_nothing) {
  const kin::pid p = kin::spawn([] { kin::sleep(1h); });
  EXPECT_TRUE(kin::info(p));
  kin::exit(p, kin::kill);
  EXPECT_FALSE(kin::info(p));
  EXPECT_FALSE(kin::info(kin::pid{}));
}

TEST(info, of_one_in_a_long_callback_says_so_in_time) {
  test::run({.workers = 2}, [] {
    std::binary_semaphore go(0);
    const kin::pid p = kin::spawn([&, me = kin::self()] {
      kin::send(me, word{"busy"});
      go.acquire();
    });
    test::expect<word>();
    const auto about = kin::info(p, {.limit = 20ms});
    ASSERT_TRUE(about);
    EXPECT_EQ(about->pid, p);
    EXPECT_EQ(about->status, kin::process_status::running);
    go.release();
    test::await_exit(p);
  });
}

KIN_TEST(processes, are_those_that_live) {
  const kin::pid lives = kin::spawn([] { kin::sleep(1h); });
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);
  const auto all = kin::processes();
  EXPECT_THAT(all, Contains(lives));
  EXPECT_THAT(all, Contains(kin::self()));
  EXPECT_THAT(all, Not(Contains(dead)));
  kin::exit(lives, kin::kill);
}

// ---- values -------------------------------------------------------------------------------------

KIN_TEST(values, are_a_process_of_its_own) {
  EXPECT_EQ(kin::put("depth", 1), std::nullopt);
  EXPECT_EQ(kin::put("depth", 2), 1);
  ++*kin::get<int>("depth");
  EXPECT_EQ(*kin::get<int>("depth"), 3);
  EXPECT_EQ(kin::get<std::string>("depth"), nullptr);
  test::await_exit(kin::spawn([] { EXPECT_EQ(kin::get<int>("depth"), nullptr); }));
  kin::put("name", "kin"s);
  EXPECT_THAT(kin::keys(), ElementsAre("depth", "name"));
  EXPECT_EQ(kin::erase<int>("depth"), 3);
  EXPECT_EQ(kin::erase<int>("depth"), std::nullopt);
  EXPECT_THAT(kin::keys(), ElementsAre("name"));
}

KIN_TEST(values, die_with_their_process_before_its_links_hear_of_it) {
  const auto kept = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = kept;
  const kin::pid p = kin::spawn([held = kept]() mutable {
    kin::put("held", std::move(held));
    kin::receive([](word) {});
  });
  const kin::ref watch = kin::monitor(p);
  kin::send(p, word{"end"});
  EXPECT_EQ(test::expect<kin::down>().ref, watch);
  EXPECT_EQ(seen.use_count(), 1);
}

// ---- group leader -------------------------------------------------------------------------------

KIN_TEST(group_leader, is_inherited_by_children_that_come_after_it_was_set) {
  const kin::pid leader = kin::spawn([] { kin::sleep(1h); });
  const auto of_a_child = [] {
    kin::spawn([me = kin::self()] { kin::send(me, kin::group_leader()); });
    return test::expect<kin::pid>();
  };
  EXPECT_EQ(of_a_child(), kin::group_leader());
  kin::group_leader(leader, kin::self());
  EXPECT_EQ(kin::group_leader(), leader);
  EXPECT_EQ(of_a_child(), leader);
  kin::exit(leader, kin::kill);
}

KIN_TEST(group_leader, of_another_is_set_by_a_signal_in_order) {
  const kin::pid p = kin::spawn([me = kin::self()] {
    test::expect<word>();
    kin::send(me, kin::group_leader());
  });
  kin::group_leader(kin::self(), p);
  kin::send(p, word{"now"});
  EXPECT_EQ(test::expect<kin::pid>(), kin::self());
}

// ---- suspend ------------------------------------------------------------------------------------

class suspended : public testing::TestWithParam<bool> {
 protected:
  /// Echoes numbers: in a handler loop, or from the middle of a function.
  static kin::pid echo() {
    const kin::pid to = kin::self();
    if (GetParam())
      return kin::spawn([to] { return kin::loop([to](number n) { kin::send(to, n); }); });
    return kin::spawn([to] {
      for (;;) kin::receive([to](number n) { kin::send(to, n); });
    });
  }
};
INSTANTIATE_TEST_SUITE_P(holds_no_stack, suspended, testing::Bool());

TEST_P(suspended, runs_nothing_until_it_is_resumed_as_often) {
  test::run([] {
    const kin::pid p = echo();
    kin::suspend(p);
    kin::suspend(p);
    kin::send(p, number{1});
    EXPECT_EQ(kin::info(p)->status, kin::process_status::suspended);
    EXPECT_EQ(kin::info(p)->message_queue_len, 1U);
    kin::resume(p);
    EXPECT_EQ(kin::info(p)->status, kin::process_status::suspended);
    EXPECT_EQ(kin::info(p)->message_queue_len, 1U);
    kin::resume(p);
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_THROW(kin::resume(p), kin::error);
    kin::exit(p, kin::kill);
  });
}

TEST_P(suspended, can_be_killed) {
  test::run([] {
    const kin::pid p = echo();
    kin::suspend(p);
    const kin::ref watch = kin::monitor(p);
    kin::exit(p, "enough");
    EXPECT_EQ(test::expect<kin::down>(), (kin::down{watch, p, "enough"}));
  });
}

TEST_P(suspended, goes_on_when_who_suspended_it_dies) {
  test::run([] {
    const kin::pid p = echo();
    test::await_exit(kin::spawn([p] {
      kin::suspend(p);
      kin::suspend(p);
    }));
    kin::send(p, number{1});
    EXPECT_EQ(test::expect<number>(), number{1});
    kin::exit(p, kin::kill);
  });
}

TEST(suspended, before_its_first_line_does_not_begin) {
  test::run({.workers = 1}, [] {
    const auto began = std::make_shared<bool>(false);
    const kin::pid p = kin::spawn([began] { *began = true; });
    kin::suspend(p);
    kin::yield();
    EXPECT_FALSE(*began);
    kin::resume(p);
    test::await_exit(p);
    EXPECT_TRUE(*began);
  });
}

KIN_TEST(suspend, of_the_dead_and_of_oneself_is_an_error) {
  const kin::pid p = kin::spawn([] {});
  test::await_exit(p);
  EXPECT_THROW(kin::suspend(p), kin::error);
  EXPECT_THROW(kin::suspend(kin::self()), kin::error);
  EXPECT_THROW(kin::resume(p), kin::error);
}

// ---- priority -----------------------------------------------------------------------------------

KIN_TEST(priority, is_normal_at_first_and_not_inherited) {
  EXPECT_EQ(kin::set_priority(kin::priority::high), kin::priority::normal);
  EXPECT_EQ(kin::set_priority(kin::priority::max), kin::priority::high);
  const auto child = kin::spawn([] { kin::sleep(1h); }, {.monitor = true});
  EXPECT_EQ(kin::info(child.pid)->priority, kin::priority::normal);
  kin::exit(child.pid, kin::kill);
  EXPECT_EQ(test::expect<kin::down>().ref, child.ref);
}

KIN_TEST(priority, that_does_not_exist_is_an_error) {
  EXPECT_THROW(kin::set_priority(kin::priority{4}), kin::error);
  EXPECT_THROW(kin::spawn([] {}, {.priority = kin::priority{7}}), kin::error);
}

TEST(priority, decides_who_of_those_that_can_run_is_first) {
  test::run({.workers = 1}, [] {
    std::vector<std::string> order;
    const auto spawn_at = [&](kin::priority level, const char* name) {
      kin::spawn([&order, name] { order.emplace_back(name); }, {.priority = level});
    };
    spawn_at(kin::priority::low, "low");
    spawn_at(kin::priority::normal, "normal");
    spawn_at(kin::priority::high, "high");
    spawn_at(kin::priority::max, "max");
    spawn_at(kin::priority::high, "high");
    while (order.size() < 5) kin::yield();
    EXPECT_THAT(order, ElementsAre("max", "high", "high", "normal", "low"));
  });
}

TEST(priority, low_runs_once_for_eight_normal_turns) {
  test::run({.workers = 1}, [] {
    int low = 0;
    bool over = false;
    const kin::pid p = kin::spawn(
                           [&] {
                             while (!over) {  // which the other one sets
                               ++low;
                               kin::yield();
                             }
                           },
                           {.priority = kin::priority::low})
                           .pid;
    constexpr int turns = 800;
    for (int i = 0; i < turns; ++i) kin::yield();
    constexpr int eighth = turns / 8;
    EXPECT_NEAR(low, eighth, 20);
    over = true;
    test::await_exit(p);
  });
}

TEST(priority, low_keeps_no_signal_waiting_while_high_ones_run_all_the_time) {
  test::run({.workers = 1}, [] {
    const kin::pid low = kin::spawn(
                             [] {
                               for (;;) kin::yield();
                             },
                             {.priority = kin::priority::low})
                             .pid;
    bool over = false;
    const auto busy = kin::spawn(
        [&] {
          while (!over) kin::yield();
        },
        {.monitor = true, .priority = kin::priority::high});
    kin::set_priority(kin::priority::high);
    EXPECT_TRUE(kin::info(low));
    kin::exit(low, kin::kill);
    EXPECT_FALSE(kin::is_alive(low));
    over = true;
    EXPECT_EQ(test::expect<kin::down>().ref, busy.ref);
  });
}

}  // namespace
