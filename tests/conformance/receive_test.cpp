// SPDX-License-Identifier: Apache-2.0
// Receives that pin a reference: quick however long the queue, and right whatever happens in
// between. otp-semantics 1.10.
#include "conformance/support.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class receive : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, receive, test::worlds(), test::name_of_world);

struct ask {
  kin::pid from;
  kin::ref ref;
};
struct reply {
  kin::ref ref;
  int value = 0;
};

// Answers each question.
kin::pid echo() {
  return kin::spawn(
      [] { return kin::loop([](const ask& a) { kin::send(a.from, reply{a.ref}); }); });
}

int reply_to(kin::ref r, kin::duration limit = test::patience) {
  return kin::receive(kin::when(&reply::ref, r, [](reply got) { return got.value; }),
                      kin::after(limit, []() -> int {
                        ADD_FAILURE() << "no reply has come";
                        kin::exit("no reply");
                      }));
}

bool reply_is_there(kin::ref r) {
  return kin::receive(kin::when(&reply::ref, r, [](reply /*r*/) { return true; }),
                      kin::after(0s, [] { return false; }));
}

// ---- a long queue -------------------------------------------------------------------------------

// A call that waits for its own reference takes, with half a million messages in the mailbox, less
// than ten times as long as with none.
TEST(receive, call_with_huge_message_queue) {
  test::run([] {
    const kin::pid server = echo();
    const auto best_of_calls = [&] {
      kin::duration best = kin::infinity;
      for (int round = 0; round < 5; ++round) {
        const auto began = kin::clock::now();
        for (int i = 0; i < 1000; ++i) {
          const kin::ref r = kin::make_ref();
          kin::send(server, ask{kin::self(), r});
          reply_to(r);
        }
        best = std::min(best, kin::clock::now() - began);
      }
      return best;
    };
    const kin::duration empty = best_of_calls();
    const int count = test::sanitized ? 50'000 : 500'000;
    for (int i = 0; i < count; ++i) kin::send(kin::self(), reply{{}, i});
    const kin::duration full = best_of_calls();

    EXPECT_LT(full, 10 * empty);
    for (int i = 0; i < count; ++i) ASSERT_EQ(test::expect<reply>().value, i);
  });
}

// ---- other receives in between ------------------------------------------------------------------

// Between the making of a reference and the receive for it, others take messages: the oldest, the
// newest, all. The reply is found, and what was not taken stays in order.
TEST_P(receive, receive_in_between) {
  play([] {
    const kin::pid server = echo();
    for (int taken = 0; taken < 4; ++taken) {
      for (int i = 0; i < 3; ++i) kin::send(kin::self(), number{i});
      const kin::ref r = kin::make_ref();
      std::vector<std::string> left{"0", "1", "2"};
      if (taken < 3) {
        kin::receive(kin::when(&number::value, taken, [](number /*n*/) {}));
        left.erase(left.begin() + taken);
      } else {
        for (int i = 2; i >= 0; --i)
          kin::receive(kin::when(&number::value, i, [](number /*n*/) {}));
        left.clear();
      }
      kin::send(server, ask{kin::self(), r});
      reply_to(r);
      EXPECT_EQ(test::drained(), left);
    }
  });
}

// A receive for a reference that an exception has left hides nothing from those that come later.
TEST_P(receive, receive_opt_exception) {
  play([] {
    kin::send(kin::self(), word{"before"});
    const kin::ref r = kin::make_ref();
    kin::send(kin::self(), reply{r, 1});
    kin::send(kin::self(), reply{r, 2});
    EXPECT_THROW(kin::receive(kin::when(
                     &reply::ref, r, [](reply /*r*/) { throw std::runtime_error("in a clause"); })),
                 std::runtime_error);
    EXPECT_THROW(kin::receive(kin::when(
                     [](const reply& /*r*/) -> bool { throw std::runtime_error("in a guard"); },
                     [](reply /*r*/) {})),
                 std::runtime_error);

    EXPECT_EQ(test::expect<word>(), word{"before"});
    EXPECT_EQ(reply_to(r), 2);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// A function that makes a reference and receives for it, called between another's making and its
// receive, hides nothing from it; at any depth.
TEST_P(receive, receive_opt_recursion) {
  struct nested {
    static void call(kin::pid server, int depth) {
      const kin::ref r = kin::make_ref();
      kin::send(kin::self(), number{depth});  // after the reference, before its reply
      kin::send(server, ask{kin::self(), r});
      if (depth > 0) call(server, depth - 1);
      reply_to(r);
    }
  };
  play([] {
    const kin::pid server = echo();
    nested::call(server, 100);
    for (int depth = 100; depth >= 0; --depth) EXPECT_EQ(test::expect<number>().value, depth);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// A reference is made while messages are still on their way in: what comes of them after it, before
// it, and the reply, are all found.
TEST_P(receive, receive_opt_deferred_save) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid server = echo();
    constexpr int senders = 4;
    const int each = test::times(2000);
    for (int who = 0; who < senders; ++who) {
      kin::spawn([=] {
        for (int i = 0; i < each; ++i) kin::send(me, number{who * each + i});
      });
    }
    std::vector<int> next(senders, 0);
    for (int taken = 0; taken < senders * each; ++taken) {
      const kin::ref r = kin::make_ref();
      kin::send(server, ask{me, r});
      reply_to(r);
      const auto n = test::expect<number>().value;
      ASSERT_EQ(n % each, next[static_cast<std::size_t>(n / each)]++) << "of sender " << n / each;
    }
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// ---- several references -------------------------------------------------------------------------

// Many references are out at once; their replies are taken in any order.
TEST_P(receive, multi_recv_opt) {
  play([] {
    const kin::pid server = echo();
    for (const int step : {1, 7, 13, 29}) {  // each without a common divisor with 30
      kin::send(kin::self(), word{"before"});
      std::vector<kin::ref> out;
      for (int i = 0; i < 30; ++i) {
        out.push_back(kin::make_ref());
        kin::send(server, ask{kin::self(), out.back()});
      }
      for (int i = 0; i < 30; ++i) reply_to(out[static_cast<std::size_t>(i * step % 30)]);
      EXPECT_EQ(test::drained(), std::vector<std::string>{"before"});
    }
  });
}

// References that were made and never waited for, or no longer, hide nothing.
TEST_P(receive, multi_recv_opt_clear) {
  play([] {
    const kin::pid server = echo();
    for (int i = 0; i < 100; ++i) {
      kin::send(kin::self(), number{i});
      const kin::ref wanted = kin::make_ref();
      kin::send(server, ask{kin::self(), wanted});
      const kin::ref never_sent = kin::make_ref();
      EXPECT_FALSE(reply_is_there(never_sent));
      static_cast<void>(kin::make_ref());
      reply_to(wanted);
      EXPECT_FALSE(reply_is_there(wanted));
      EXPECT_EQ(test::expect<number>().value, i);
    }
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// ---- after a timeout ----------------------------------------------------------------------------

// After a receive has timed out, the next one looks from the start of the mailbox.
TEST_P(receive, gh_5235_missing_save_reset) {
  play([] {
    kin::send(kin::self(), number{1});
    kin::send(kin::self(), word{"second"});
    for (const kin::duration limit : {0ms, 1ms, 0ms}) {
      kin::receive(kin::when(&number::value, 2, [](number /*n*/) { FAIL() << "none was sent"; }),
                   kin::after(limit, [] {}));
    }
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_EQ(test::expect<word>(), word{"second"});
  });
}

// A receive for a reference may time out, again and again: the reply that comes then is found, and
// what came before is there.
TEST_P(receive, gh_5235_recv_mark) {
  play([] {
    const kin::pid me = kin::self();
    kin::send(me, word{"before"});
    const kin::ref r = kin::make_ref();
    kin::send(me, word{"after"});
    for (int i = 0; i < 5; ++i) {
      EXPECT_FALSE(reply_is_there(r));
      kin::receive(kin::when(&reply::ref, r, [](reply /*r*/) { FAIL() << "none was sent"; }),
                   kin::after(1ms, [] {}));
    }
    kin::spawn([=] { kin::send(me, reply{r, 7}); });
    EXPECT_EQ(reply_to(r), 7);
    EXPECT_THAT(test::drained(), testing::ElementsAre("before", "after"));
  });
}

}  // namespace
