// SPDX-License-Identifier: Apache-2.0
#include "process/state.hpp"

#include "support/run.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

using state::pushed;

struct mail : signal {
  int value = 0;
};
mail a_mail(int value = 0) {
  mail m{};
  m.kind = signal_kind::message;
  m.value = value;
  return m;
}

class state_word : public testing::Test {
 public:
  state::word word{0};
  std::uint64_t tag = state::revive(word);
};

std::vector<int> values(signal* oldest) {
  std::vector<int> all;
  for (; oldest != nullptr; oldest = oldest->next) all.push_back(static_cast<mail*>(oldest)->value);
  return all;
}

TEST_F(state_word, of_zero_is_dead_and_takes_nothing) {
  state::word fresh{0};
  mail m = a_mail();
  EXPECT_EQ(state::push(fresh, 0, &m), pushed::no);
  EXPECT_EQ(state::push(fresh, tag, &m), pushed::no);
}

TEST_F(state_word, is_awake_for_a_new_user_and_its_tag_is_not_zero) {
  EXPECT_NE(tag, 0U);
  EXPECT_EQ(state::content(word), state::awake);
  EXPECT_EQ(state::take_all(word), nullptr);
}

TEST_F(state_word, gives_what_was_pushed_oldest_first) {
  mail a = a_mail(1);
  mail b = a_mail(2);
  mail c = a_mail(3);
  for (mail* m : {&a, &b, &c}) EXPECT_EQ(state::push(word, tag, m), pushed::queued);
  EXPECT_EQ(values(reversed(state::take_all(word))), (std::vector{1, 2, 3}));
  EXPECT_EQ(state::take_all(word), nullptr);
}

TEST_F(state_word, tells_the_one_who_wakes_the_owner) {
  mail a = a_mail();
  mail b = a_mail();
  ASSERT_TRUE(state::go_idle(word));
  EXPECT_EQ(state::push(word, tag, &a), pushed::woke);
  EXPECT_EQ(state::push(word, tag, &b), pushed::queued);
}

TEST_F(state_word, does_not_go_idle_when_something_has_come) {
  mail a = a_mail();
  static_cast<void>(state::push(word, tag, &a));
  EXPECT_FALSE(state::go_idle(word));
  state::take_all(word);
  EXPECT_TRUE(state::go_idle(word));
}

TEST_F(state_word, refuses_a_push_for_an_earlier_user) {
  mail a = a_mail();
  state::die(word);
  const auto next = state::revive(word);
  EXPECT_NE(next, tag);
  EXPECT_EQ(state::push(word, tag, &a), pushed::no);
  EXPECT_EQ(state::content(word), state::awake);
  EXPECT_EQ(state::push(word, next, &a), pushed::queued);
}

TEST_F(state_word, gives_the_last_chain_when_it_dies_and_takes_nothing_more) {
  mail a = a_mail(1);
  mail b = a_mail(2);
  static_cast<void>(state::push(word, tag, &a));
  EXPECT_EQ(values(state::die(word)), (std::vector{1}));
  EXPECT_EQ(state::push(word, tag, &b), pushed::no);
}

TEST_F(state_word, changes_its_tag_for_65535_users_before_one_comes_again) {
  std::vector<bool> seen(1U << 16U);
  for (int i = 0; i < 65534; ++i) {
    state::die(word);
    const auto next = state::revive(word) >> 48U;
    ASSERT_NE(next, 0U);
    ASSERT_FALSE(seen[next]);
    seen[next] = true;
  }
}

TEST_F(state_word, shows_a_single_mail_and_nothing_else) {
  mail a = a_mail();
  mail b = a_mail();
  EXPECT_EQ(state::single_mail(word), nullptr);
  static_cast<void>(state::push(word, tag, &a));
  EXPECT_EQ(state::single_mail(word), &a);
  static_cast<void>(state::push(word, tag, &b));
  EXPECT_EQ(state::single_mail(word), nullptr);
  state::take_all(word);
  a.kind = signal_kind::exit;
  static_cast<void>(state::push(word, tag, &a));
  EXPECT_EQ(state::single_mail(word), nullptr);
}

TEST_F(state_word, goes_idle_after_a_mail_that_was_handled_where_it_lay) {
  mail a = a_mail();
  mail b = a_mail();
  static_cast<void>(state::push(word, tag, &a));
  EXPECT_FALSE(state::changed(word, &a));
  EXPECT_TRUE(state::go_idle_after(word, &a));
  EXPECT_EQ(state::push(word, tag, &b), pushed::woke);
  EXPECT_FALSE(state::go_idle_after(word, &a));
}

TEST_F(state_word, does_not_go_idle_when_a_second_mail_lies_on_the_one_in_hand) {
  mail a = a_mail(1);
  mail b = a_mail(2);
  static_cast<void>(state::push(word, tag, &a));
  static_cast<void>(state::push(word, tag, &b));
  EXPECT_TRUE(state::changed(word, &a));
  EXPECT_FALSE(state::go_idle_after(word, &a));
  EXPECT_EQ(values(reversed(state::take_all(word))), (std::vector{1, 2}));
}

// ---- with threads -------------------------------------------------------------------------------

// Senders push, one at a time owns: whoever wakes it hands it to the runner, as a run queue would.
class state_word_with : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(senders, state_word_with, testing::Values(1, 2, 4));

TEST_P(state_word_with, loses_no_wake_up_no_signal_and_no_order) {
  const int senders = GetParam();
  const int each = test::times(60'000);
  struct stamped : signal {
    int sender = 0;
    int count = 0;
  };
  state::word word{0};
  const auto tag = state::revive(word);
  ASSERT_TRUE(state::go_idle(word));
  std::atomic<int> tokens{0};
  std::vector<std::vector<stamped>> mails(static_cast<std::size_t>(senders));
  for (auto& m : mails) m.resize(static_cast<std::size_t>(each));
  std::vector<std::thread> threads;
  for (int s = 0; s < senders; ++s) {
    threads.emplace_back([&, s] {
      for (int i = 0; i < each; ++i) {
        stamped& m = mails[static_cast<std::size_t>(s)][static_cast<std::size_t>(i)];
        m.kind = signal_kind::message;
        m.sender = s;
        m.count = i;
        const auto done = state::push(word, tag, &m);
        ASSERT_NE(done, pushed::no);
        if (done == pushed::woke) {
          ASSERT_EQ(tokens.fetch_add(1), 0);
        }
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  std::vector<int> next(static_cast<std::size_t>(senders));
  int got = 0;
  const auto take = [&](signal* s) {
    const auto& m = *static_cast<stamped*>(s);
    ASSERT_EQ(m.count, next[static_cast<std::size_t>(m.sender)]++);
    ++got;
  };
  while (got < senders * each) {
    if (tokens.load() == 0) {
      std::this_thread::yield();
      continue;
    }
    tokens = 0;  // ours now, until idle
    for (;;) {
      if (signal* one = state::single_mail(word)) {
        take(one);
        if (state::go_idle_after(word, one)) break;
        signal* newest = state::take_all(word);
        std::vector<signal*> newer;
        for (; newest != one; newest = newest->next) newer.push_back(newest);
        std::reverse(newer.begin(), newer.end());
        for (signal* s : newer) take(s);
      } else {
        signal* s = reversed(state::take_all(word));
        while (s != nullptr) {
          signal* rest = s->next;
          take(s);
          s = rest;
        }
      }
      if (state::go_idle(word)) break;
    }
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(got, senders * each);
  EXPECT_EQ(tokens, 0);
}

}  // namespace
}  // namespace kin::detail
