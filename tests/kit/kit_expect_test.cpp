// SPDX-License-Identifier: Apache-2.0
// What a test waits for, and what it is told when that does not come.
#include "support/expect.hpp"
#include "support/hears_failures.hpp"

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct order {
  std::string dish;
  int table = 0;
};

// Plays a body that fails, once simulated; what was said of it first.
std::string failure_of(const std::function<void()>& body) {
  test::hears_failures ears;
  test::play_simulated(body, {.seeds = 1, .leaves_processes = true, .leaves_messages = true});
  return ears.texts().empty() ? "it did not fail" : ears.texts().front();
}

KIN_TEST(expect, takes_the_oldest_of_its_type_and_leaves_the_others) {
  kin::send(kin::self(), word{"a"});
  kin::send(kin::self(), number{1});
  kin::send(kin::self(), number{2});

  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_THAT(test::drained(), ElementsAre("a", "2"));
}

KIN_TEST(expect, moves_what_cannot_be_copied) {
  kin::send(kin::self(), std::make_unique<int>(7));
  EXPECT_EQ(*test::expect<std::unique_ptr<int>>(), 7);
}

KIN_TEST(expect, takes_the_one_whose_members_are_pinned) {
  kin::send(kin::self(), order{"soup", 1});
  kin::send(kin::self(), order{"soup", 2});
  kin::send(kin::self(), order{"cake", 2});

  EXPECT_EQ(test::expect(test::when(&order::table, 2)).dish, "soup");
  EXPECT_EQ(test::expect(test::when(&order::dish, "cake", &order::table, 2)).table, 2);
  EXPECT_EQ(test::expect(test::when([](const order& o) { return o.table < 2; })).dish, "soup");
}

TEST(expect, says_what_the_mailbox_held_instead) {
  const std::string text = failure_of([] {
    kin::send(kin::self(), word{"soup"});
    kin::send(kin::self(), order{"cake", 2});
    test::expect<number>(3s);
  });
  EXPECT_THAT(text, HasSubstr("has waited 3s for kin::test::number; its mailbox holds\n"
                              "  kin::test::word soup\n"));
  EXPECT_THAT(text, HasSubstr("order{\"cake\", 2}"));
}

TEST(expect, says_which_members_were_wanted) {
  EXPECT_THAT(failure_of([] { test::expect(test::when(&order::table, 4), 1s); }),
              HasSubstr("order with a member that is 4; its mailbox holds nothing"));
  EXPECT_THAT(
      failure_of([] { test::expect(test::when(&order::dish, "tea", &order::table, 4), 1s); }),
      HasSubstr("order with members that are \"tea\" and 4"));
  EXPECT_THAT(
      failure_of([] { test::expect(test::when([](const order& o) { return o.table == 4; }), 1s); }),
      HasSubstr("order of which what was asked holds"));
}

TEST(expect, fails_where_it_was_asked) {
  test::hears_failures ears;
  int line = 0;
  test::play_simulated(
      [&line] {
        line = __LINE__ + 1;
        test::expect<number>(1s);
      },
      {.seeds = 1});
  EXPECT_EQ(ears.lines().at(0), line);
}

TEST(expect, ends_the_process_that_waits_in_vain) {
  bool came_back = false;
  failure_of([&] {
    test::expect<number>(1s);
    came_back = true;
  });
  EXPECT_FALSE(came_back);
}

KIN_TEST(expect_nothing, is_happy_with_an_empty_mailbox) {
  const kin::pid other = kin::spawn([] { test::idle(); });
  test::expect_nothing();
  test::expect_nothing(2ms);
  test::end_told_by(other, word{"end"});
}

TEST(expect_nothing, sees_what_is_under_way) {
  EXPECT_THAT(failure_of([] {
                kin::spawn([me = kin::self()] {
                  kin::yield();
                  kin::send(me, number{4});
                });
                test::expect_nothing();
              }),
              HasSubstr("but\n  kin::test::number 4"));
}

TEST(expect_nothing, sees_what_comes_in_time_and_nothing_later) {
  const auto alarm_in = [](kin::duration time) {
    return failure_of([time] {
      kin::send_after(time, kin::self(), number{4});
      test::expect_nothing(1s);
    });
  };
  EXPECT_THAT(alarm_in(900ms), HasSubstr("number 4"));
  EXPECT_EQ(alarm_in(1100ms), "it did not fail");
}

KIN_TEST(await_exit, gives_the_reason) {
  const kin::pid other = kin::spawn([] {
    test::expect<word>();
    kin::exit("enough");
  });
  EXPECT_EQ(test::end_told_by(other, word{"end"}), "enough");
  EXPECT_EQ(test::await_exit(other), kin::noproc);
}

TEST(await_exit, says_what_the_process_does_instead) {
  EXPECT_THAT(failure_of([] {
                const kin::pid other = kin::spawn([] {
                  kin::register_name(kin::name("lazy"), kin::self());
                  kin::send(kin::self(), number{1});
                  kin::sleep(1h);
                });
                test::await_exit(other, 2s);
              }),
              testing::AllOf(HasSubstr("has waited 2s for the end of"), HasSubstr("lazy"),
                             HasSubstr("waits in kin::sleep; 1 in its mailbox")));
}

}  // namespace
