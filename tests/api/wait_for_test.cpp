// SPDX-License-Identifier: Apache-2.0
// The wait for an answer. A request may be answered before the wait for it begins; no door of the
// public face lies between the two, so here a process itself puts the answer into its inbox.
#include <kin/request.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "support/expect.hpp"

namespace kin::detail {
namespace {

using test::number;
using test::word;

/// What the head of a request would say; nobody is asked.
request_head a_question() {
  control_block& me = calling_process("a_question");
  return {me.name(), me.fresh_call()};
}

/// What is here, without any patience. The answer is taken, whatever it is.
signal_kind awaited(const request_head& question) {
  control_block& me = calling_process("awaited");
  EXPECT_TRUE(has_news(me)) << "the answer has not come before the wait";
  wait w;
  w.kind = wait_kind::reply;
  w.reply_number = question.number;
  EXPECT_TRUE(wait_for(me, w, duration::zero()));
  if (w.answer == nullptr) {
    ADD_FAILURE() << "the answer has vanished";
    return signal_kind::message;
  }
  const signal_kind kind = w.answer->kind;
  refuse(w.answer, noproc);
  return kind;
}

TEST(wait_for, takes_an_answer_that_came_before_it) {
  test::run([] {
    const auto question = a_question();
    answer(question, 42);
    EXPECT_EQ(awaited(question), signal_kind::reply);
  });
}

TEST(wait_for, takes_a_refusal_that_came_before_it) {
  test::run([] {
    const auto question = a_question();
    answer_failure(question, noproc);
    EXPECT_EQ(awaited(question), signal_kind::refusal);
  });
}

// A message that wakes a handler may lie in the inbox while it is in hand, below the answer.
TEST(wait_for, takes_an_answer_that_came_before_it_in_a_handler) {
  test::run([] {
    const pid me = self();
    const pid handler = spawn([me] {
      return loop([me](const word& /*in hand*/) {
        const bool in_place = calling_process("the test").is(flag_in_place);
        const auto question = a_question();
        answer(question, 42);
        EXPECT_EQ(awaited(question), signal_kind::reply);
        send(me, number{in_place ? 1 : 0});
      });
    });
    int in_place = 0;
    for (int i = 0; i < 1000 && in_place == 0; ++i) {
      send(handler, word{"wake up"});
      in_place = test::expect<number>().value;
    }
    EXPECT_EQ(in_place, 1) << "it was awake each time, or is no longer handled where it lies";
  });
}

TEST(wait_for, leaves_alone_what_answers_an_earlier_question) {
  test::run([] {
    const auto earlier = a_question();
    const auto question = a_question();
    answer(earlier, 41);
    answer(question, 42);
    EXPECT_EQ(awaited(question), signal_kind::reply);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

}  // namespace
}  // namespace kin::detail
