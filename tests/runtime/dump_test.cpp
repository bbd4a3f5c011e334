// SPDX-License-Identifier: Apache-2.0
// kin::dump, and the stack that kin::info tells of.
#include <kin/dump.hpp>
#include <kin/info.hpp>
#include <kin/with_stack.hpp>

#include "support/expect.hpp"

#include <atomic>
#include <sstream>
#include <string>

namespace {

using testing::ContainsRegex;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using test::number;
using test::word;

// What follows a call keeps it from being a jump.
std::atomic<int> seen{0};
[[gnu::noinline]] void wait_deep_inside() {
  seen += kin::receive([](number n) { return n.value; });
}
[[gnu::noinline]] void wait_in_between() {
  wait_deep_inside();
  ++seen;
}

// Waits in wait_deep_inside until it is sent a number.
kin::pid waiter() {
  const kin::pid p = kin::spawn([] { wait_in_between(); });
  while (kin::info(p)->current_function != "kin::receive") kin::yield();
  return p;
}

std::string dumped(const kin::dump_options& options = {}) {
  std::ostringstream out;
  kin::dump(out, options);
  return std::move(out).str();
}

TEST(dump, tells_of_each_process_what_it_does_and_where_it_waits) {
  test::run([] {
    kin::register_name(kin::name<>("main"), kin::self());
    const kin::pid p = waiter();
    kin::send(p, word{"of no use"});
    const std::string text = dumped();
    EXPECT_THAT(text, ContainsRegex("<0\\.1\\.0> registered as main, .*: running\n"));
    EXPECT_THAT(text, ContainsRegex("<0\\.2\\.0>, .*: waiting in kin::receive; 1 in its mailbox\n"
                                    "      .*wait_deep_inside\\(\\).*\n"
                                    "      .*wait_in_between\\(\\).*\n"));
    EXPECT_THAT(text, ContainsRegex("events, oldest first:\nworker 0\n"));
    EXPECT_THAT(text, ContainsRegex("<0\\.2\\.0> starts as"));
    test::end_told_by(p, number{1});
  });
}

TEST(dump, leaves_out_what_is_not_wanted) {
  test::run([] {
    const kin::pid p = waiter();
    const std::string text = dumped({.stacks = false, .events = false});
    EXPECT_THAT(text, HasSubstr("<0.2.0>"));
    EXPECT_THAT(text, Not(HasSubstr("wait_deep_inside")));
    EXPECT_THAT(text, Not(HasSubstr("worker 0")));
    test::end_told_by(p, number{1});
  });
}

TEST(dump, is_for_threads_too) {
  kin::machine m({.workers = 2, .reports = test::quiet()});
  m.start();
  const kin::pid p = m.spawn([] { wait_in_between(); });
  {
    const kin::machine::enter scope(m);
    while (kin::info(p)->current_function != "kin::receive") {
    }
    EXPECT_THAT(dumped(), HasSubstr("wait_deep_inside"));
  }
  EXPECT_THROW(dumped(), kin::error);
  kin::send(p, number{1});
}

TEST(dump, does_not_wait_for_a_process_that_runs_for_longer_than_its_limit) {
  test::run([] {
    std::atomic<bool> runs{false};
    std::atomic<bool> enough{false};
    const auto busy = kin::spawn_monitor([&] {
      runs = true;
      while (!enough) {
      }
    });
    while (!runs) kin::yield();
    EXPECT_THAT(dumped({.limit = kin::duration(0)}), HasSubstr("<0.2.0>: running\n"));
    enough = true;
    test::expect_down(busy.ref);
  });
}

TEST(info, tells_no_stack_of_who_runs_or_was_not_asked_for_it) {
  test::run([] {
    EXPECT_THAT(kin::info(kin::self(), {.stack = true})->stack, IsEmpty());
    const kin::pid p = waiter();
    EXPECT_THAT(kin::info(p)->stack, IsEmpty());
    test::end_told_by(p, number{1});
  });
}

TEST(info, tells_the_stack_innermost_first_without_kins_own_functions) {
  test::run([] {
    const kin::pid p = waiter();
    for (int i = 0; i < test::times(100); ++i) {
      const auto stack = kin::info(p, {.stack = true})->stack;
      ASSERT_GE(stack.size(), 2U);
      EXPECT_THAT(stack[0], HasSubstr("wait_deep_inside"));
      EXPECT_THAT(stack[1], HasSubstr("wait_in_between"));
      EXPECT_THAT(stack, Each(Not(HasSubstr("kin::detail"))));
    }
    EXPECT_EQ(test::end_told_by(p, number{1}), kin::normal);  // it goes on as if nobody had looked
  });
}

TEST(info, tells_where_in_a_call_of_with_stack_a_process_waits) {
  test::run([] {
    const kin::pid p =
        kin::spawn([] { kin::with_stack(std::size_t{1} << 20U, [] { wait_in_between(); }); });
    while (kin::info(p)->current_function != "kin::receive") kin::yield();
    EXPECT_THAT(kin::info(p, {.stack = true})->stack.at(0), HasSubstr("wait_deep_inside"));
    EXPECT_EQ(test::end_told_by(p, number{1}), kin::normal);
  });
}

// A kill unwinds the stack that was looked at.
TEST(info, leaves_a_stack_that_can_be_unwound) {
  test::run([] {
    const kin::pid p = waiter();
    ASSERT_FALSE(kin::info(p, {.stack = true})->stack.empty());
    const kin::ref watch = kin::monitor(p);
    kin::exit(p, kin::kill);
    EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
  });
}

}  // namespace
