// SPDX-License-Identifier: Apache-2.0
// sys with servers of all kinds: what they are doing is not disturbed. otp-semantics 3.3, 3.9, 8.
#include <kin/info.hpp>
#include <kin/supervisor.hpp>
#include <kin/sys.hpp>

#include "support/expect.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::IsEmpty;

struct get {};
struct put {
  int value = 0;
};
struct wait_for {
  kin::duration limit = {};
};
struct sleep_now {};

// Copyable, so that sys can take its state out and put it back.
class cell : public kin::gen_server {
 public:
  explicit cell(kin::pid test, bool traps = false) : test_(test) { kin::trap_exits(traps); }
  int handle_call(get /*request*/) const { return value_; }
  void handle_cast(put p) { value_ = p.value; }
  kin::next handle_cast(wait_for w) { return kin::timeout{w.limit}; }
  kin::next handle_cast(sleep_now /*message*/) { return kin::hibernate; }
  auto handle_info() {
    return kin::clauses{[this](kin::timeout) { kin::send(test_, word{"timed out"}); }};
  }
  void terminate(const kin::exit_reason& why) { kin::send(test_, why); }
  [[nodiscard]] int value() const { return value_; }

 private:
  kin::pid test_;
  int value_ = 0;
};

kin::server<cell> fresh() { return kin::start_link<cell>(kin::self()); }

// ---- the state ----------------------------------------------------------------------------------

KIN_TEST(inspect, gives_what_the_function_saw_and_sees_it_between_two_messages) {
  const auto server = fresh();
  kin::cast(server, put{5});
  const kin::pid me = kin::self();
  const auto seen = kin::sys::inspect(
      server, [me](const cell& c) { return std::pair(c.value(), kin::self() != me); });
  EXPECT_EQ(seen, std::pair(5, true));
}

KIN_TEST(inspect, carries_what_can_only_be_moved_both_ways) {
  const auto three =
      kin::sys::inspect(fresh(), [held = std::make_unique<int>(3)](const cell& c) mutable {
        *held += c.value();
        return std::move(held);
      });
  EXPECT_EQ(*three, 3);
}

KIN_TEST(inspect, that_fails_says_why_and_the_server_lives) {
  const auto server = fresh();
  const auto look = [](const cell& /*c*/) -> int { throw std::out_of_range("no such thing"); };
  const auto failed = kin::sys::try_inspect(server, look).error();
  const auto* why = failed.get_if<kin::sys::callback_failed>();
  ASSERT_NE(why, nullptr) << failed;
  EXPECT_NE(why->why.get_if<std::out_of_range>(), nullptr);
  EXPECT_THROW(kin::sys::inspect(server, look), kin::call_failed);
  EXPECT_EQ(kin::sys::inspect(server, [](const cell& c) { return c.value(); }), 0);
  const auto leaves = [](const cell& /*c*/) -> int { kin::exit("leaving"); };
  EXPECT_EQ(kin::sys::try_inspect(server, leaves).error(),
            kin::exit_reason(kin::sys::callback_failed{kin::exit_reason("leaving")}));
  EXPECT_EQ(kin::call(server, get{}), 0);
}

KIN_TEST(inspect, of_nobody_and_of_another_class_is_an_error) {
  const auto look = [](const cell& c) { return c.value(); };
  const kin::server<cell> gone{kin::spawn([] {})};
  test::await_exit(gone.pid);
  EXPECT_EQ(kin::sys::try_inspect(gone, look).error(), kin::noproc);
  class other : public kin::gen_server {};
  const kin::server<cell> not_a_cell{kin::start_link<other>().pid};
  EXPECT_THAT(kin::to_string(kin::sys::try_inspect(not_a_cell, look).error()),
              testing::HasSubstr("the server is a "));
}

KIN_TEST(change_code, is_for_the_suspended) {
  const auto server = fresh();
  const auto grow = [](cell c) {
    c.handle_cast(put{c.value() + 10});
    return c;
  };
  EXPECT_EQ(kin::sys::try_change_code(server, grow).error(), kin::sys::not_suspended);
  kin::sys::suspend(server);
  EXPECT_EQ(kin::sys::change_code(server, grow).value(), 10);
  kin::sys::resume(server);
  EXPECT_EQ(kin::call(server, get{}), 10);
}

// ---- what it was doing --------------------------------------------------------------------------

KIN_SIM_TEST(timeout, begins_anew_when_sys_has_asked) {
  const auto server = fresh();
  kin::cast(server, wait_for{30ms});
  const auto began = kin::clock::now();
  for (int i = 0; i < 5; ++i) {
    kin::sleep(10ms);
    kin::sys::get_status(server);
  }
  const auto last_asked = kin::clock::now();
  EXPECT_EQ(test::expect<word>(), word{"timed out"});
  EXPECT_GE(kin::clock::now() - began, 80ms);
  EXPECT_GE(kin::clock::now() - last_asked, 29ms);
}

KIN_SIM_TEST(timeout, does_not_fire_while_it_is_suspended) {
  const auto server = fresh();
  kin::cast(server, wait_for{5ms});
  kin::sys::suspend(server);
  kin::sleep(20ms);
  EXPECT_THAT(test::drained(), IsEmpty());
  kin::sys::resume(server);
  EXPECT_EQ(test::expect<word>(), word{"timed out"});
}

KIN_TEST(hibernation, goes_on_when_sys_has_asked) {
  const auto server = fresh();
  const auto hibernates = [&] {
    return kin::info(server.pid)->current_function == "kin::hibernate";
  };
  kin::cast(server, sleep_now{});
  while (!hibernates()) kin::yield();
  kin::sys::get_status(server);
  EXPECT_TRUE(hibernates());
  kin::sys::suspend(server);
  kin::sys::resume(server);
  EXPECT_TRUE(hibernates());
  EXPECT_EQ(kin::call(server, get{}), 0);
  EXPECT_FALSE(hibernates());
}

KIN_SIM_TEST(hibernate_after, makes_it_hibernate_when_nothing_has_come_for_so_long) {
  const auto server = kin::start_link<cell>({.hibernate_after = 5ms}, kin::self());
  const auto await_hibernation = [&] {
    while (kin::info(server.pid)->current_function != "kin::hibernate") kin::sleep(1ms);
  };
  await_hibernation();
  EXPECT_EQ(kin::call(server, get{}), 0);
  EXPECT_NE(kin::info(server.pid)->current_function, "kin::hibernate");
  await_hibernation();
  kin::sys::get_status(server);
  await_hibernation();
  kin::cast(server, wait_for{1ms});  // asks for a timeout itself, and gets that
  EXPECT_EQ(test::expect<word>(), word{"timed out"});
  await_hibernation();
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(suspended, serves_what_has_waited_in_its_order) {
  const auto server = fresh();
  kin::sys::suspend(server);
  for (int i = 1; i <= 100; ++i) kin::cast(server, put{i});
  kin::sys::get_status(server);
  EXPECT_EQ(kin::sys::inspect(server, [](const cell& c) { return c.value(); }), 0);
  kin::sys::install(server, "order", [last = 0](const kin::sys::event& e) mutable {
    if (e.what == kin::sys::event::kind::cast) {
      EXPECT_EQ(e.text, kin::to_string(put{++last}));
    }
    return true;
  });
  kin::sys::resume(server);
  EXPECT_EQ(kin::call(server, get{}), 100);
}

KIN_TEST(suspended, ends_when_it_is_stopped_and_when_its_parent_ends) {
  const auto server = kin::start<cell>(kin::self());
  kin::sys::suspend(server);
  kin::stop(server, kin::shutdown);
  EXPECT_EQ(test::expect<kin::exit_reason>(), kin::shutdown);

  const kin::pid me = kin::self();
  const auto parent = kin::spawn_monitor([me] {
    const auto child = kin::start_link<cell>(me, true);
    kin::sys::suspend(child);
    kin::exit("over");
  });
  EXPECT_EQ(test::expect_down(parent.ref).reason, "over");
  EXPECT_EQ(test::expect<kin::exit_reason>(), "over");
}

// ---- supervisors --------------------------------------------------------------------------------

kin::supervisor pair_of_cells(kin::pid me) {
  return {{.strategy = kin::one_for_one},
          kin::child<cell>({.id = "one"}, me),
          kin::child<cell>({.id = "two"}, me)};
}

KIN_TEST(supervisor, that_is_suspended_restarts_its_children_when_it_is_resumed) {
  const auto tree = kin::start_link(pair_of_cells(kin::self()));
  EXPECT_EQ(kin::sys::get_status(tree).state, "one_for_one");
  const kin::pid child = kin::which_children(tree).front().pid;
  kin::sys::suspend(tree);
  const kin::ref watch = kin::monitor(child);
  kin::exit(child, kin::kill);
  test::expect_down(watch);
  test::settle();  // the supervisor has heard of it, too
  kin::sys::resume(tree);
  EXPECT_EQ(kin::count_children(tree).active, 2U);
  EXPECT_NE(kin::which_children(tree).front().pid, child);
  kin::stop(tree);
}

// ---- debug options ------------------------------------------------------------------------------

KIN_TEST(debug, can_be_on_from_the_first_message) {
  const auto server =
      kin::start_link<cell>({.debug = {.log = 10, .statistics = true}}, kin::self());
  EXPECT_EQ(kin::call(server, get{}), 0);
  EXPECT_EQ(kin::sys::get_log(server).size(), 2U);
  EXPECT_EQ(kin::sys::get_statistics(server)->messages_in, 1U);
}

}  // namespace
