// SPDX-License-Identifier: Apache-2.0
// Bounded mailboxes: what each policy does with what comes too much. protocols 14.
#include <kin/alias.hpp>
#include <kin/info.hpp>

#include "support/expect.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using kin::when_full;
using test::number;
using test::word;
using testing::ElementsAre;

struct all_so_far {};

/// Takes numbers only after a word has come; then reports them, and goes on.
void collect(kin::pid to) {
  kin::receive([](word) {});
  for (;;) {
    std::vector<int> all;
    bool more = true;
    while (more) {
      kin::receive([&](number n) { all.push_back(n.value); },
                   kin::after(0s, [&] { more = false; }));
    }
    kin::send(to, all);
    kin::receive([](word) {});
  }
}
kin::pid collector(std::size_t limit, when_full policy) {
  return kin::spawn([me = kin::self()] { collect(me); },
                    {.link = true, .mailbox = {.limit = limit, .when_full = policy}})
      .pid;
}
std::vector<int> collected(kin::pid p) {
  kin::send_after(0s, p, word{"now"});  // what timers send always gets in
  return test::expect<std::vector<int>>();
}
void end(kin::pid p) {
  kin::unlink(p);
  kin::exit(p, kin::kill);
  test::await_exit(p);
}

KIN_TEST(bounded_mailbox, that_drops_the_newest_keeps_the_first) {
  const kin::pid p = collector(3, when_full::drop_newest);
  for (int i = 1; i <= 5; ++i) kin::send(p, number{i});
  EXPECT_EQ(kin::info(p)->dropped, 2U);
  EXPECT_EQ(kin::info(p)->message_queue_len, 3U);
  EXPECT_THAT(collected(p), ElementsAre(1, 2, 3));
  kin::send(p, number{6});
  EXPECT_THAT(collected(p), ElementsAre(6));
  end(p);
}

KIN_TEST(bounded_mailbox, that_drops_the_oldest_keeps_the_last) {
  const kin::pid p = collector(3, when_full::drop_oldest);
  for (int i = 1; i <= 5; ++i) {
    kin::send(p, number{i});
    EXPECT_TRUE(kin::info(p));  // it has served what came so far
  }
  EXPECT_THAT(collected(p), ElementsAre(3, 4, 5));
  EXPECT_EQ(kin::info(p)->dropped, 2U);
  end(p);
}

// It was sent, so it is counted, and is a DOWN all the same.
KIN_TEST(bounded_mailbox, has_room_when_a_down_was_flushed) {
  const auto [p, end] = kin::spawn(
      [] {
        const auto [dead, watch] = kin::spawn_monitor([] {});
        kin::receive([](kin::message m) { kin::send(kin::self(), std::move(m)); });
        kin::demonitor(watch, {.flush = true});
        EXPECT_TRUE(kin::try_send(kin::self(), number{1}));
        test::expect<number>();
      },
      {.monitor = true, .mailbox = {.limit = 1, .when_full = when_full::fail}});
  EXPECT_EQ(test::expect_down(end).reason, kin::normal);
}

KIN_TEST(bounded_mailbox, that_fails_tells_the_sender) {
  const kin::pid p = collector(2, when_full::fail);
  kin::send(p, number{1});
  EXPECT_TRUE(kin::try_send(p, number{2}));
  EXPECT_EQ(kin::try_send(p, number{3}).error(), kin::mailbox_full);
  try {
    kin::send(p, number{3});
    ADD_FAILURE() << "it was sent";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::mailbox_full);
  }
  EXPECT_THAT(collected(p), ElementsAre(1, 2));
  end(p);
}

KIN_TEST(bounded_mailbox, that_blocks_makes_senders_wait_for_room) {
  const kin::pid p = collector(4, when_full::block);
  const kin::pid sender = kin::spawn_link([p] {
    for (int i = 1; i <= 10; ++i) kin::send(p, number{i});
  });
  const kin::ref watch = kin::monitor(sender);
  while (kin::info(p)->message_queue_len < 4) kin::yield();
  EXPECT_FALSE(kin::try_send(p, number{0}, 1ms));
  std::vector<int> all;
  while (all.size() < 10) {
    for (const int n : collected(p)) all.push_back(n);
  }
  EXPECT_THAT(all, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(test::expect_down(watch).reason, kin::normal);
  EXPECT_EQ(kin::info(p)->dropped, 0U);
  end(p);
}

KIN_TEST(bounded_mailbox, that_is_nearly_full_of_what_is_left_lets_a_sender_in) {
  const auto p = kin::spawn(
      [me = kin::self()] {
        kin::receive([](word) {});
        kin::receive(kin::when(&number::value, 4, [](number /*n*/) {}));
        kin::receive(kin::when(&number::value, 5, [](number /*n*/) {}));  // 1, 2 and 3 are left
        kin::send(me, word{"got it"});
      },
      {.link = true, .mailbox = {.limit = 4}});
  kin::spawn_link([to = p.pid] {
    for (int i = 1; i <= 5; ++i) kin::send(to, number{i});
  });
  while (kin::info(p.pid)->message_queue_len < 4) kin::yield();
  kin::send_after(0s, p.pid, word{"now"});
  EXPECT_EQ(test::expect<word>(), word{"got it"});
}

KIN_TEST(bounded_mailbox, that_blocks_loses_nothing_of_many_senders, {.workers = {4}}) {
  constexpr int senders = 20;
  const int each = test::times(400);
  const kin::pid me = kin::self();
  const auto sum = kin::spawn(
      [me, each] {
        long total = 0;
        for (int i = 0; i < senders * each; ++i) kin::receive([&](number n) { total += n.value; });
        kin::send(me, total);
      },
      {.mailbox = {.limit = 7}});
  for (int s = 0; s < senders; ++s) {
    kin::spawn([=, to = sum.pid] {
      for (int i = 0; i < each; ++i) kin::send(to, number{s});
    });
  }
  EXPECT_EQ(test::expect<long>(), static_cast<long>(each) * senders * (senders - 1) / 2);
}

KIN_TEST(bounded_mailbox, whose_process_ends_lets_go_of_who_waits_for_room) {
  const kin::pid p = collector(1, when_full::block);
  const kin::pid sender = kin::spawn([p] {
    kin::send(p, number{1});
    kin::send(p, number{2});
  });
  const kin::ref watch = kin::monitor(sender);
  while (kin::info(sender)->status != kin::process_status::waiting) kin::yield();
  end(p);
  EXPECT_EQ(test::expect_down(watch).reason, kin::normal);
}

KIN_TEST(bounded_mailbox, lets_a_waiting_sender_be_killed) {
  const kin::pid p = collector(1, when_full::block);
  const kin::pid sender = kin::spawn([p] {
    for (int i = 1;; ++i) kin::send(p, number{i});
  });
  while (kin::info(sender)->status != kin::process_status::waiting) kin::yield();
  kin::exit(sender, kin::kill);
  EXPECT_EQ(test::await_exit(sender), kin::noproc);
  EXPECT_THAT(collected(p), ElementsAre(1));
  end(p);
}

KIN_THREAD_TEST(bounded_mailbox, that_blocks_fails_where_nobody_can_wait) {
  const auto me = kin::spawn(
      [to = kin::self()] {
        kin::send(kin::self(), number{1});
        EXPECT_THROW(kin::send(kin::self(), number{2}), kin::error);  // for itself
        kin::blocking([p = kin::self()] {
          EXPECT_THROW(kin::send(p, number{2}), kin::error);  // on a foreign thread
        });
        kin::send(to, word{"done"});
      },
      {.link = true, .mailbox = {.limit = 1}});
  EXPECT_EQ(test::expect<word>(), word{"done"});
  EXPECT_NE(me.pid, kin::self());
}

KIN_TEST(bounded_mailbox, lets_exits_downs_replies_and_aliases_in) {
  const auto p = kin::spawn(
      [to = kin::self()] {
        kin::trap_exits();
        kin::send(kin::self(), number{1});  // full
        const kin::pid child = kin::spawn_link([] { kin::exit("bye"); });
        const kin::ref watch = kin::monitor(child);
        EXPECT_EQ(test::expect<kin::exited>().reason, "bye");
        test::expect_down(watch);
        EXPECT_TRUE(kin::is_alive(to));
        kin::send(kin::alias(), word{"by an alias"});
        EXPECT_EQ(test::expect<word>(), word{"by an alias"});
        kin::send(to, word{"done"});
      },
      {.link = true, .mailbox = {.limit = 1, .when_full = when_full::fail}});
  EXPECT_EQ(test::expect<word>(), word{"done"});
  EXPECT_NE(p.ref, kin::self() == p.pid ? p.ref : kin::make_ref());
}

KIN_TEST(bounded_mailbox, of_a_handler_loop_counts_what_it_leaves) {
  const kin::pid me = kin::self();
  const auto p =
      kin::spawn([me] { return kin::loop([me](word w) { kin::send(me, w); }); },
                 {.link = true, .mailbox = {.limit = 2, .when_full = when_full::drop_newest}});
  kin::send(p.pid, number{1});  // which it never takes
  EXPECT_TRUE(kin::info(p.pid));
  for (int i = 0; i < 10; ++i) {
    kin::send(p.pid, word{"ping"});
    EXPECT_EQ(test::expect<word>(), word{"ping"});
  }
  kin::send(p.pid, number{2});
  EXPECT_TRUE(kin::info(p.pid));
  kin::send(p.pid, word{"one too many"});
  EXPECT_EQ(kin::info(p.pid)->dropped, 1U);
  end(p.pid);
}

KIN_TEST(bounded_mailbox, is_the_same_process_by_any_name) {
  const auto p = kin::spawn(
      [me = kin::self()] {
        kin::send(me, kin::self());
        test::idle();
      },
      {.monitor = true, .mailbox = {.limit = 5}});
  EXPECT_EQ(test::expect<kin::pid>(), p.pid);
  EXPECT_TRUE(kin::is_alive(p.pid));
  kin::exit(p.pid, kin::kill);
  EXPECT_EQ(test::expect<kin::down>(), (kin::down{p.ref, p.pid, kin::killed}));
  kin::send(p.pid, number{1});  // to the dead
  EXPECT_FALSE(kin::is_alive(p.pid));
}

KIN_TEST(bounded_mailbox, that_kills_ends_its_owner_with_the_first_message_too_many) {
  const auto p =
      kin::spawn([] { kin::sleep(1h); },
                 {.monitor = true, .mailbox = {.limit = 3, .when_full = when_full::kill_owner}});
  for (int i = 0; i < 3; ++i) kin::send(p.pid, number{i});
  EXPECT_TRUE(kin::is_alive(p.pid));
  kin::send(p.pid, number{3});
  kin::send(p.pid, number{4});
  EXPECT_EQ(test::expect_down(p.ref).reason, kin::killed);
  std::vector<std::string> told;
  for (const auto& r : test::reports()) {
    if (r.title == "MAILBOX LIMIT") told.push_back(r.text);
  }
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told.front(), testing::HasSubstr(kin::to_string(p.pid)));
}

KIN_TEST(mailbox_alarm, is_over_only_below_half_of_the_threshold) {
  const kin::pid me = kin::self();
  const auto p = kin::spawn(
      [me] {
        kin::receive([](word /*all is there*/) {});
        for (int left = 4; left > 0; --left) {
          kin::receive([](number) {});
          kin::send(me, number{static_cast<int>(test::reports().size())});
        }
      },
      {.link = true, .mailbox = {.alarm_at = 4}});
  for (int i = 0; i < 4; ++i) kin::send(p.pid, number{i});
  kin::send(p.pid, word{"all"});
  for (const int reports : {1, 1, 2, 2}) EXPECT_EQ(test::expect<number>(), number{reports});
}

KIN_TEST(mailbox_alarm, is_told_once_over_the_threshold_and_once_below_half_of_it) {
  const auto p =
      kin::spawn([me = kin::self()] { collect(me); }, {.link = true, .mailbox = {.alarm_at = 4}});
  for (int i = 0; i < 8; ++i) kin::send(p.pid, number{i});
  EXPECT_EQ(collected(p.pid).size(), 8U);
  std::vector<kin::severity> told;
  for (const auto& r : test::reports()) {
    if (r.title == "MAILBOX ALARM") told.push_back(r.severity);
  }
  EXPECT_THAT(told, ElementsAre(kin::severity::warning, kin::severity::notice));
  end(p.pid);
}

}  // namespace
