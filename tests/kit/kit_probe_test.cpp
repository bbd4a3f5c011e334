// SPDX-License-Identifier: Apache-2.0
// Probes: processes in the hands of a test.
#include <kin/kin.hpp>

#include "support/expect.hpp"
#include "support/hears_failures.hpp"

#include <memory>
#include <string>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;

struct withdraw {
  int sum = 0;
};
struct audit {};
class account : public kin::gen_server {
 public:
  int handle_call(withdraw request) { return balance_ -= request.sum; }
  void handle_call(audit) {}
  void handle_cast(word) {}

 private:
  int balance_ = 100;
};
inline constexpr kin::name<account> vault{"kit_probe_test.vault"};

std::string failure_of(const std::function<void()>& body) {
  test::hears_failures ears;
  test::play_simulated(body, {.seeds = 1, .leaves_processes = true, .leaves_messages = true});
  return ears.texts().empty() ? "it did not fail" : ears.texts().front();
}

KIN_TEST(probe, gets_what_is_sent_to_it) {
  const test::probe clerk;
  kin::send(clerk, word{"a"});
  kin::send(clerk, number{1});
  kin::send(clerk, number{2});

  EXPECT_EQ(clerk.expect<number>(), number{1});
  EXPECT_EQ(clerk.expect(test::when(&number::value, 2)), number{2});
  EXPECT_THAT(clerk.drained(), ElementsAre("a"));
  clerk.expect_nothing();
}

KIN_TEST(probe, does_what_it_is_told_as_itself) {
  const test::probe clerk;
  EXPECT_EQ(clerk.as([] { return kin::self(); }), clerk.pid());
  EXPECT_EQ(*clerk.as([] { return std::make_unique<int>(4); }), 4);
  clerk.as([me = kin::self()] { kin::send(me, number{3}); });
  EXPECT_EQ(test::expect<number>(), number{3});
}

KIN_TEST(probe, holds_a_name) {
  const test::probe clerk(vault);
  EXPECT_EQ(kin::whereis(vault), clerk.pid());
}

KIN_TEST(probe, ends_for_the_reason_it_is_told) {
  const test::probe clerk;
  const kin::ref watch = kin::monitor(clerk);
  clerk.end("tired");
  EXPECT_EQ(test::expect_down(watch).reason, "tired");
}

KIN_TEST(probe, whose_work_ends_it_ends_the_test) {
  const kin::monitored other = kin::spawn_monitor([] {
    const test::probe clerk;
    clerk.as([] { kin::exit("no more"); });
  });
  EXPECT_THAT(kin::to_string(test::expect_down(other.ref).reason),
              HasSubstr("has ended: \"no more\""));
}

TEST(probe, says_what_it_has_got_instead) {
  EXPECT_THAT(failure_of([] {
                const test::probe clerk;
                kin::send(clerk, word{"hello"});
                clerk.expect<number>(2s);
              }),
              HasSubstr("for kin::test::number; its mailbox holds\n  kin::test::word hello"));
}

KIN_TEST(stand_in, answers_as_the_test_says) {
  const test::stand_in<account> bank(vault);
  const kin::monitored customer =
      kin::spawn_monitor([] { EXPECT_EQ(kin::call(vault, withdraw{30}), 12); });

  auto [request, caller] = bank.expect_call<withdraw>();
  EXPECT_EQ(request.sum, 30);
  EXPECT_EQ(caller.pid(), customer.pid);
  kin::reply(std::move(caller), 12);
  EXPECT_EQ(test::expect_down(customer.ref).reason, kin::normal);
}

KIN_TEST(stand_in, takes_calls_and_casts_in_the_order_of_the_test) {
  const test::stand_in<account> bank;
  kin::cast(bank.handle(), word{"wake up"});
  kin::cast(bank.handle(), word{"now"});
  const kin::monitored customer =
      kin::spawn_monitor([to = bank.handle()] { kin::call(to, audit{}); });

  kin::reply(bank.expect_call<audit>().caller);
  EXPECT_EQ(bank.expect_cast<word>(), word{"wake up"});
  EXPECT_EQ(bank.expect_cast<word>(), word{"now"});
  EXPECT_EQ(test::expect_down(customer.ref).reason, kin::normal);
}

KIN_TEST(stand_in, lets_a_call_fail) {
  const test::stand_in<account> bank;
  const test::probe customer;
  kin::spawn([to = bank.handle(), customer] {
    kin::send(customer, kin::try_call(to, withdraw{1}).error());
  });
  bank.expect_call<withdraw>().caller.fail("no money");
  EXPECT_EQ(customer.expect<kin::exit_reason>(), "no money");
}

KIN_TEST(stand_in, that_ends_fails_the_calls_it_has) {
  const test::stand_in<account> bank;
  const test::probe customer;
  for (int i = 0; i < 2; ++i) {
    kin::spawn([to = bank.handle(), customer] {
      kin::send(customer, kin::try_call(to, withdraw{1}).error());
    });
  }
  const auto call = bank.expect_call<withdraw>();
  test::settle();  // the other one is in its mailbox
  bank.end("robbed");
  EXPECT_EQ(customer.expect<kin::exit_reason>(), "robbed");
  EXPECT_EQ(customer.expect<kin::exit_reason>(), "robbed");
}

TEST(stand_in, says_which_call_did_not_come) {
  const std::string text = failure_of([] {
    const test::stand_in<account> bank;
    kin::cast(bank.handle(), word{"hello"});
    bank.expect_call<withdraw>(2s);
  });
  EXPECT_THAT(text, HasSubstr("for a call of withdraw to account; its mailbox holds\n"
                              "  kin::test::word hello"));
}

}  // namespace
