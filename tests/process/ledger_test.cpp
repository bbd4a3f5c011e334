// SPDX-License-Identifier: Apache-2.0
// What becomes of messages: counted, and a test fails if one is lost or comes twice.
#include "process/ledger.hpp"

#include <kin/alias.hpp>
#include <kin/kin.hpp>
#include <kin/sim.hpp>

#include "process/mailbox.hpp"
#include "process/scheduling.hpp"
#include "support/expect.hpp"
#include "support/hears_failures.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace {

using test::number;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct where {
  const char* name;
  kin::mail_counts (*counts)(const std::function<void()>& body);
  test::plan plan;
  friend std::ostream& operator<<(std::ostream& out, const where& w) { return out << w.name; }
};
kin::mail_counts on_threads(const std::function<void()>& body) {
  kin::machine machine({.workers = 2, .reports = test::quiet(), .counts_mail = true});
  machine.run(body);
  machine.stop();
  return machine.mail();
}
kin::mail_counts simulated(const std::function<void()>& body) {
  return kin::sim::run({.machine = {.reports = test::quiet()}}, body).mail;
}

class mail : public testing::TestWithParam<where> {
 protected:
  static kin::mail_counts counts(const std::function<void()>& body) {
    return GetParam().counts(body);
  }
};
INSTANTIATE_TEST_SUITE_P(
    , mail,
    testing::Values(where{"on_threads", &on_threads, {.workers = {2}, .seeds = 0}},
                    where{"simulated", &simulated, {.workers = {}, .seeds = 1}}),
    [](const auto& of) { return of.param.name; });

TEST_P(mail, is_received_or_left_unread) {
  EXPECT_EQ(counts([] {
              for (int i = 0; i < 3; ++i) kin::send(kin::self(), number{i});
              test::expect<number>();
              test::expect<number>();
            }),
            (kin::mail_counts{.sent = 3, .received = 2, .unread = 1}));
}

struct get {};
class cell : public kin::gen_server {
 public:
  int handle_call(get /*request*/) const { return 1; }
  void handle_cast(number /*request*/) {}
};
TEST_P(mail, is_calls_and_casts_too_and_replies_are_none) {
  EXPECT_EQ(counts([] {
              const auto c = kin::start_link<cell>();
              kin::cast(c, number{1});
              kin::call(c, get{});
              kin::call(c, get{});
            }),
            (kin::mail_counts{.sent = 3, .received = 3}));
}

TEST_P(mail, by_an_alias_that_is_off_is_refused) {
  EXPECT_EQ(counts([] {
              const kin::ref alias = kin::alias();
              kin::send(alias, number{1});
              kin::send(alias, number{2});
              kin::unalias(alias);
              kin::send(alias, number{3});
              test::expect<number>();
              test::expect<number>();
            }),
            (kin::mail_counts{.sent = 3, .received = 2, .refused = 1}));
}

TEST_P(mail, that_a_full_mailbox_throws_out_is_dropped) {
  EXPECT_EQ(
      counts([] {
        const auto [p, end] = kin::spawn(
            [] {
              test::expect<word>();
              for (int i = 0; i < 2; ++i) test::expect<number>();
            },
            {.monitor = true, .mailbox = {.limit = 3, .when_full = kin::when_full::drop_oldest}});
        for (int i = 0; i < 3; ++i) {
          kin::send(p, number{i});
          static_cast<void>(kin::info(p));  // it has served what came so far
        }
        kin::send(p, word{"go"});
        test::expect_down(end);
      }),
      (kin::mail_counts{.sent = 4, .received = 3, .dropped = 1}));
}

TEST_P(mail, that_is_sent_on_is_sent_again) {
  EXPECT_EQ(counts([] {
              kin::send(kin::self(), number{1});
              kin::receive([](kin::message m) { kin::send(kin::self(), std::move(m)); });
              test::expect<number>();
            }),
            (kin::mail_counts{.sent = 2, .received = 2}));
}

TEST_P(mail, that_a_process_makes_for_itself_is_none) {
  EXPECT_EQ(counts([] { test::expect_down(kin::spawn_monitor([] {}).ref); }), kin::mail_counts{});
}

// ---- what fails ---------------------------------------------------------------------------------

// The first message of the caller's mailbox, taken off as if it had never come.
kin::detail::signal* stolen() {
  kin::detail::control_block& me = *kin::detail::current_process();
  while (me.queue_first == nullptr) kin::yield();
  kin::detail::signal* s = me.queue_first;
  kin::detail::unqueue(me, s, nullptr);
  return s;
}

std::vector<std::string> said_of(const std::function<void()>& body, const test::plan& how) {
  test::hears_failures ears;
  test::play(body, how);
  return ears.texts();
}

TEST_P(mail, that_is_lost_fails_the_test) {
  const auto said = said_of(
      [] {
        for (int i = 0; i < 5; ++i) kin::send(kin::self(), number{i});
        kin::detail::destroy_signal(stolen());
        for (int i = 1; i < 5; ++i) test::expect<number>();
      },
      GetParam().plan);
  ASSERT_THAT(said, testing::Not(IsEmpty()));
  EXPECT_THAT(said[0], HasSubstr("messages were lost or doubled: 5 sent, 4 received, 0 refused"));
}

TEST_P(mail, that_comes_twice_fails_the_test) {
  const auto said = said_of(
      [] {
        kin::send(kin::self(), number{1});
        kin::detail::signal* twin = kin::detail::box(number{1});
        kin::detail::signal* first = stolen();
        twin->flags = first->flags;
        kin::detail::enqueue(*kin::detail::current_process(), first);
        kin::detail::enqueue(*kin::detail::current_process(), twin);
        test::expect<number>();
        test::expect<number>();
      },
      GetParam().plan);
  ASSERT_THAT(said, testing::Not(IsEmpty()));
  EXPECT_THAT(said[0], HasSubstr("messages were lost or doubled: 1 sent, 2 received, 0 refused"));
}

TEST(mail_of_a_machine, is_not_counted_unless_it_is_told_to) {
  kin::machine machine({.workers = 1});
  machine.run([] { kin::send(kin::self(), number{1}); });
  machine.stop();
  EXPECT_EQ(machine.mail(), kin::mail_counts{});
}

TEST(mail_counts, are_told_in_words) {
  EXPECT_EQ(kin::to_string(kin::mail_counts{9, 4, 3, 1, 1, 2}),
            "9 sent, 4 received, 3 refused, 1 dropped, 1 unread, 2 under way");
}

KIN_THREAD_TEST(mail_from_a_thread, is_counted) {
  std::thread other([me = kin::self()] { kin::send(me, number{1}); });
  test::expect<number>();
  other.join();
}

}  // namespace
