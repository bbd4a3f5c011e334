// SPDX-License-Identifier: Apache-2.0
// Aliases: otp-semantics 1.7.
#include <kin/alias.hpp>

#include "support/expect.hpp"

namespace {

using namespace kin::literals;
using test::number;
using test::word;

template <class T>
bool nothing_of() {
  return kin::receive([](T) { return false; }, kin::after(0s, [] { return true; }));
}

KIN_TEST(alias, reaches_its_process_in_order_with_what_is_sent_to_the_pid) {
  const kin::ref a = kin::alias();
  kin::spawn([a, me = kin::self()] {
    kin::send(me, number{1});
    kin::send(a, number{2});
    kin::send(me, number{3});
  });
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(test::expect<number>(), number{i});
}

KIN_TEST(alias, that_is_off_drops_what_comes_by_it) {
  const kin::ref a = kin::alias();
  EXPECT_TRUE(kin::unalias(a));
  EXPECT_FALSE(kin::unalias(a));
  kin::send(a, number{1});
  EXPECT_TRUE(nothing_of<number>());
}

KIN_TEST(alias, keeps_in_the_mailbox_what_came_before_it_was_switched_off) {
  const kin::ref a = kin::alias();
  kin::send(a, number{1});
  EXPECT_TRUE(kin::unalias(a));
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(alias, until_replied_takes_one_message) {
  const kin::ref a = kin::alias(kin::alias_until::replied);
  kin::send(a, number{1});
  kin::send(a, number{2});
  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_TRUE(nothing_of<number>());
  EXPECT_FALSE(kin::unalias(a));
}

KIN_TEST(alias, can_be_switched_off_by_its_process_alone) {
  const kin::ref a = kin::alias();
  test::await_exit(kin::spawn([a] { EXPECT_FALSE(kin::unalias(a)); }));
  kin::send(a, number{1});
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(alias, of_the_dead_drops) {
  const kin::pid p = kin::spawn([me = kin::self()] { kin::send(me, kin::alias()); });
  const auto a = test::expect<kin::ref>();
  test::await_exit(p);
  kin::send(a, number{1});
  kin::spawn([] {});  // the next user of the block
  kin::send(a, number{1});
}

KIN_TEST(alias, that_is_a_timer_or_nothing_drops) {
  const kin::ref timer = kin::send_after(1h, kin::self(), number{1});
  kin::send(timer, word{"by a timer"});
  kin::send(kin::ref(), word{"by nothing"});
  kin::send(kin::make_ref(), word{"by a plain reference"});
  EXPECT_TRUE(kin::cancel_timer(timer));
  EXPECT_TRUE(nothing_of<word>());
}

class alias_of_a_monitor : public testing::TestWithParam<kin::alias_until> {};
INSTANTIATE_TEST_SUITE_P(until, alias_of_a_monitor,
                         testing::Values(kin::alias_until::unaliased, kin::alias_until::demonitored,
                                         kin::alias_until::replied));

TEST_P(alias_of_a_monitor, lives_after_demonitor_only_if_it_was_to_be_unaliased) {
  test::play([] {
    const kin::pid p = kin::spawn([] { kin::sleep(1h); });
    const kin::ref watch = kin::monitor(p, {.alias = GetParam()});
    EXPECT_TRUE(kin::demonitor(watch));
    kin::send(watch, number{1});
    EXPECT_EQ(nothing_of<number>(), GetParam() != kin::alias_until::unaliased);
    kin::exit(p, kin::kill);
  });
}

TEST_P(alias_of_a_monitor, lives_after_the_down_only_if_it_was_to_be_unaliased) {
  test::play([] {
    const kin::pid p = kin::spawn([] { kin::sleep(1h); });
    const kin::ref watch = kin::monitor(p, {.alias = GetParam()});
    kin::exit(p, kin::kill);
    EXPECT_EQ(test::expect<kin::down>().ref, watch);
    kin::send(watch, number{1});
    EXPECT_EQ(nothing_of<number>(), GetParam() != kin::alias_until::unaliased);
  });
}

TEST_P(alias_of_a_monitor, ends_the_monitor_with_a_reply_only_if_it_was_for_one) {
  test::play([] {
    const kin::pid p = kin::spawn([] { kin::sleep(1h); });
    const kin::ref watch = kin::monitor(p, {.alias = GetParam()});
    kin::send(watch, number{1});
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_EQ(kin::demonitor(watch), GetParam() != kin::alias_until::replied);
    kin::exit(p, kin::kill);
  });
}

struct lost {
  int disk = 0;
  friend bool operator==(const lost&, const lost&) = default;
};

KIN_TEST(monitor_with_a_tag, sends_the_tag_with_the_down) {
  const kin::pid p = kin::spawn([] { kin::receive([](word) {}); });
  const kin::ref watch = kin::monitor(p, lost{3});
  kin::send(p, word{"end"});
  const auto told = test::expect<kin::tagged_down<lost>>();
  EXPECT_EQ(told.tag, lost{3});
  EXPECT_EQ(static_cast<const kin::down&>(told), (kin::down{watch, p, kin::normal}));
}

KIN_TEST(monitor_with_a_tag, of_the_dead_tells_noproc_with_the_tag) {
  const kin::pid p = kin::spawn([] {});
  test::await_exit(p);
  const kin::ref watch = kin::monitor(p, lost{4});
  const auto told = test::expect<kin::tagged_down<lost>>();
  EXPECT_EQ(told.tag, lost{4});
  EXPECT_EQ(static_cast<const kin::down&>(told), (kin::down{watch, p, kin::noproc}));
}

KIN_TEST(monitor_with_a_tag, is_flushed_as_others_are) {
  const kin::pid p = kin::spawn([] {});
  test::await_exit(p);
  const kin::ref watch = kin::monitor(p, lost{4});
  EXPECT_FALSE(kin::demonitor(watch, {.flush = true}));
  EXPECT_TRUE(nothing_of<kin::tagged_down<lost>>());
}

}  // namespace
