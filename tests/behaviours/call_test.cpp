// SPDX-License-Identifier: Apache-2.0
// call, cast, and the answer another day: otp-semantics 3.5, 3.6 and 3.3.
#include <kin/info.hpp>

#include "behaviours/counter.hpp"

#include <future>
#include <memory>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using namespace kin::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Waits where it is destroyed.
class clinging {
 public:
  clinging() = default;
  clinging(clinging&& other) noexcept : lives_(std::exchange(other.lives_, false)) {}
  clinging& operator=(clinging&&) = delete;
  clinging(const clinging&) = delete;
  clinging& operator=(const clinging&) = delete;
  ~clinging() {
    if (!lives_ || !kin::in_process()) return;
    kin::yield();
    kin::sleep(1ms);
    kin::receive([](number) {}, kin::after(1h, [] {}));
    EXPECT_FALSE(kin::is_alive(kin::parent()));
    ++destroyed;
  }
  static inline int destroyed = 0;

 private:
  bool lives_ = true;
};
struct keep {
  std::shared_ptr<int> what;
};
class keeper : public kin::gen_server {
 public:
  void handle_call(const keep& /*request*/) {}
};

struct ask_late {};
struct answer_the_late {};
class late_server : public kin::gen_server {
 public:
  kin::replies<clinging> handle_call(ask_late /*request*/, kin::from<clinging> who) {
    asked_.push_back(std::move(who));
    return kin::noreply;
  }
  int handle_call(answer_the_late /*request*/) {
    for (auto& who : asked_) who.answer(clinging());
    asked_.clear();
    return 7;
  }
  void handle_cast(answer_the_late request) { handle_call(request); }

 private:
  std::vector<kin::from<clinging>> asked_;
};

// ---- call ---------------------------------------------------------------------------------------

KIN_TEST(call, gives_what_the_server_answers, {.leaves_processes = true}) {
  auto c = fresh();
  EXPECT_EQ(kin::call(c, add{40}), 40);
  EXPECT_EQ(kin::call(c, add{2}), 42);
  EXPECT_EQ(kin::try_call(c, get{}).value(), 42);
  static_assert(std::is_same_v<kin::reply_of<counter, end_and_reply>, std::string>);
}

KIN_TEST(call, of_a_handler_that_returns_a_reference_gives_a_copy, {.leaves_processes = true}) {
  struct label : kin::gen_server {
    const std::string& handle_call(get /*request*/) const { return text; }
    std::string text = "longer than a small string can be";
  };
  const auto server = kin::start<label>();
  static_assert(std::is_same_v<decltype(kin::call(server, get{})), std::string>);
  EXPECT_EQ(kin::call(server, get{}), "longer than a small string can be");
  EXPECT_EQ(*kin::try_call(server, get{}), "longer than a small string can be");
}

KIN_TEST(call, carries_what_can_only_be_moved, {.leaves_processes = true}) {
  auto c = fresh();
  EXPECT_EQ(*kin::call(c, box{std::make_unique<int>(6)}), 7);
}

KIN_TEST(call, of_a_handler_without_a_value_waits_for_its_end, {.leaves_processes = true}) {
  auto c = fresh();
  kin::cast(c, say{{"first"}});
  kin::call(c, nothing_to_say{});
  EXPECT_THAT(test::drained(), ElementsAre("first"));
}

TEST(call, drops_a_late_answer_whose_destructor_waits_without_a_wait) {
  clinging::destroyed = 0;
  test::run([] {
    auto server = kin::start<late_server>();
    EXPECT_EQ(kin::try_call(server, ask_late{}, 1ms).error(), kin::timed_out);
    EXPECT_EQ(kin::call(server, answer_the_late{}), 7);  // the late one comes first
    kin::stop(server);
  });
  EXPECT_EQ(clinging::destroyed, 1);
}

KIN_TEST(call, takes_no_late_answer_to_another_one_for_its_own) {
  auto server = kin::start<late_server>();
  EXPECT_EQ(kin::try_call(server, ask_late{}, 1ms).error(), kin::timed_out);
  kin::cast(server, answer_the_late{});
  EXPECT_EQ(kin::try_call(server, ask_late{}, 20ms).error(), kin::timed_out);
  kin::stop(server);
}

// Answers some at once, others another day, with one handler.
struct take {
  bool now = false;
};
class shelf : public kin::gen_server {
 public:
  kin::replies<int> handle_call(take request, kin::from<int> caller) {
    if (request.now) return 1;
    if (!waiting_.empty()) {
      waiting_.front().answer(2);
      waiting_.clear();
      caller.answer(3);
      return kin::noreply;
    }
    waiting_.push_back(std::move(caller));
    return kin::noreply;
  }

 private:
  std::vector<kin::from<int>> waiting_;
};

KIN_TEST(call, may_be_answered_at_once_by_a_handler_that_could_answer_later) {
  auto s = kin::start<shelf>();
  EXPECT_EQ(kin::call(s, take{true}), 1);
  kin::spawn_link([s, me = kin::self()] { kin::send(me, number{kin::call(s, take{})}); });
  while (kin::info(s)->monitored_by.empty()) kin::yield();
  EXPECT_EQ(kin::call(s, take{}), 3);
  EXPECT_EQ(test::expect<number>(), number{2});
  kin::stop(s);
}

KIN_TEST(call, tells_the_server_who_asks, {.leaves_processes = true}) {
  auto c = fresh();
  EXPECT_EQ(kin::call(c, who{}), kin::self());
}

KIN_TEST(call, leaves_other_messages_where_they_are, {.leaves_processes = true}) {
  auto c = fresh();
  kin::send(kin::self(), word{"before"});
  kin::cast(c, say{{"meanwhile"}});
  kin::call(c, get{});
  EXPECT_THAT(test::drained(), ElementsAre("before", "meanwhile"));
}

KIN_TEST(call, fails_with_noproc_when_nobody_is_there, {.leaves_messages = true}) {
  auto c = fresh();
  kin::stop(c);
  EXPECT_EQ(kin::try_call(c, get{}).error(), kin::noproc);
  EXPECT_EQ(kin::try_call(visits, get{}).error(), kin::noproc);
  try {
    kin::call(visits, get{});
    FAIL() << "somebody has answered";
  } catch (const kin::call_failed& e) {
    EXPECT_EQ(e.reason(), kin::noproc);
    EXPECT_THAT(e.where(), AllOf(HasSubstr("counter"), HasSubstr("get")));
  }
}

KIN_TEST(call, of_oneself_fails_instead_of_waiting, {.leaves_processes = true}) {
  auto c = fresh();
  EXPECT_EQ(kin::call(c, ask_yourself{}), kin::calling_self);
}

KIN_TEST(call, that_fails_uncaught_ends_the_caller_with_reason_and_place) {
  const auto caller = kin::spawn_monitor([] { kin::call(visits, get{}); });
  const kin::exit_reason why = test::expect_down(caller.ref).reason;
  EXPECT_NE(why, kin::noproc);
  EXPECT_THAT(kin::to_string(why), AllOf(HasSubstr("{noproc, "), HasSubstr("counter")));
}

KIN_TEST(call, gives_up_at_its_limit_and_the_late_reply_reaches_nobody,
         {.leaves_processes = true}) {
  auto c = fresh();
  EXPECT_EQ(kin::try_call(c, later{}, 1ms).error(), kin::timed_out);

  kin::cast(c, release{});

  EXPECT_EQ(kin::call(c, get{}), 1);  // the stale request was served
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(call, without_any_patience_gives_up_at_once, {.leaves_processes = true}) {
  auto c = fresh();
  EXPECT_EQ(kin::try_call(c, later{}, 0s).error(), kin::timed_out);
}

/// While it lives, this thread and those it starts share one core.
class on_one_core {
 public:
  on_one_core() {
    CPU_ZERO(&before_);
    EXPECT_EQ(::sched_getaffinity(0, sizeof before_, &before_), 0);
    int first = 0;
    while (!CPU_ISSET(first, &before_)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  }
  ~on_one_core() { ::sched_setaffinity(0, sizeof before_, &before_); }
  on_one_core(const on_one_core&) = delete;
  on_one_core& operator=(const on_one_core&) = delete;

 private:
  cpu_set_t before_{};
};

// A request to another machine wakes its worker; on a shared core that mostly runs at once, and has
// answered before the caller gets to wait.
TEST(call, takes_an_answer_that_comes_before_the_wait) {
  const on_one_core guard;
  kin::machine here({.workers = 1, .reports = quiet()});
  kin::machine elsewhere({.workers = 1, .reports = quiet()});
  elsewhere.start();
  std::promise<kin::server<counter>> started;
  elsewhere.spawn([&started] {
    started.set_value(fresh());
    test::idle();
  });

  const auto why = here.run([c = started.get_future().get()] {
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(kin::call(c, get{}, test::patience), 0);
  });

  EXPECT_EQ(why, kin::normal);
  EXPECT_TRUE(here.stop().empty());
  EXPECT_TRUE(elsewhere.stop().empty());
}

// ---- a server that ends while it is called ------------------------------------------------------

KIN_TEST(call, hears_why_the_server_died_that_had_the_request_in_hand, {.leaves_messages = true}) {
  auto c = fresh();
  const kin::exit_reason why = kin::try_call(c, fail{}).error();
  EXPECT_TRUE(why.is_error());
  ASSERT_NE(why.get_if<std::out_of_range>(), nullptr);
  EXPECT_STREQ(why.get_if<std::out_of_range>()->what(), "too far");
}

KIN_TEST(call, hears_why_the_server_died_that_had_put_the_request_aside,
         {.leaves_messages = true}) {
  for (const bool is_killed : {false, true}) {
    auto c = fresh();
    kin::spawn([c, me = kin::self()] {
      kin::send(me, kin::try_call(c, later{.say = true}, kin::infinity).error());
    });
    EXPECT_EQ(test::expect<word>(), word{"put aside"});
    if (is_killed) {
      kin::exit(c, kin::kill);
    } else {
      kin::cast(c, stop_now{bad});
    }
    EXPECT_EQ(test::expect<kin::exit_reason>(), is_killed ? kin::exit_reason(kin::killed) : bad);
  }
}

TEST(call, hears_why_the_server_died_whose_mailbox_held_the_request) {
  test::run({.workers = 1},
            [] {  // of one worker: the server runs when this process waits, and not before
              auto c = fresh();
              kin::cast(c, stop_now{bad});
              EXPECT_EQ(kin::try_call(c, get{}).error(), bad);
            });
}

KIN_TEST(call, hears_what_a_server_stopped_for_that_gave_no_reply) {
  for (const kin::exit_reason& why :
       {kin::exit_reason(kin::normal), kin::exit_reason(kin::shutdown), bad}) {
    auto c = fresh();
    EXPECT_EQ(kin::try_call(c, end_silently{why}).error(), why);
    EXPECT_EQ(test::expect<ended>(), ended{why});
  }
}

KIN_TEST(call, hears_that_its_request_was_thrown_away, {.leaves_processes = true}) {
  auto c = fresh();
  EXPECT_EQ(kin::try_call(c, swallow{}).error(), kin::dropped);
}

// ---- from: an answer another day ----------------------------------------------------------------

KIN_TEST(from, lets_the_answer_come_later, {.leaves_processes = true}) {
  auto c = fresh();
  const auto ask = [c, me = kin::self()] {
    kin::send(me, number{kin::call(c, later{.say = true})});
  };
  kin::spawn(ask);
  kin::spawn(ask);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(test::expect<word>(), word{"put aside"});
  EXPECT_EQ(kin::call(c, get{}), 0);

  kin::cast(c, release{});

  const std::vector<int> answers{test::expect<number>().value, test::expect<number>().value};
  EXPECT_THAT(answers, testing::UnorderedElementsAre(1, 2));
}

KIN_TEST(from, is_answered_by_another_process, {.leaves_processes = true}) {
  auto c = fresh();
  const kin::pid clerk =
      kin::spawn([] { kin::receive([](duty d) { kin::reply(std::move(d.to), 99); }); });
  EXPECT_EQ(kin::call(c, hand_over{clerk}), 99);
}

KIN_THREAD_TEST(from, is_answered_by_a_thread_that_is_no_process, {.leaves_processes = true}) {
  auto c = fresh();
  const kin::pid clerk = kin::spawn([] {
    kin::receive([](duty d) {
      std::thread outside([to = std::move(d.to)]() mutable { to.answer(77); });
      kin::blocking([&outside] { outside.join(); });
    });
  });
  EXPECT_EQ(kin::call(c, hand_over{clerk}), 77);
}

KIN_TEST(from, that_is_lost_answers_dropped, {.leaves_processes = true}) {
  auto c = fresh();
  const kin::pid clerk = kin::spawn([] { kin::receive([](duty /*lost*/) {}); });
  EXPECT_EQ(kin::try_call(c, hand_over{clerk}).error(), kin::dropped);
}

KIN_TEST(from, answers_with_the_end_of_the_server_that_got_the_request_wherever_it_is,
         {.leaves_messages = true}) {
  auto c = fresh();
  const kin::pid me = kin::self();
  kin::spawn([c, me] { kin::send(me, kin::try_call(c, hand_over{me}, kin::infinity).error()); });
  auto held = test::expect<duty>();
  kin::cast(c, stop_now{bad});
  EXPECT_EQ(test::expect<kin::exit_reason>(), bad);
}

KIN_TEST(from, answers_once, {.leaves_processes = true}) {
  auto c = fresh();
  const kin::pid me = kin::self();
  kin::spawn([c, me] {
    kin::send(me, number{kin::call(c, hand_over{me})});
    kin::receive([me](const kin::message& second) { kin::send(me, word{kin::to_string(second)}); },
                 kin::after(0s, [me] { kin::send(me, word{"nothing"}); }));
  });
  auto held = test::expect<duty>();
  held.to.answer(1);
  EXPECT_FALSE(held.to.owed());
  held.to.answer(2);
  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_EQ(test::expect<word>(), word{"nothing"});
}

// ---- cast ---------------------------------------------------------------------------------------

KIN_TEST(cast, goes_in_order_with_calls, {.leaves_processes = true}) {
  auto c = fresh();
  kin::cast(c, add{1});
  kin::cast(c, add{1});
  EXPECT_EQ(kin::call(c, get{}), 2);
}

KIN_TEST(cast, does_not_mind_that_nobody_is_there, {.leaves_messages = true}) {
  auto c = fresh();
  kin::stop(c);
  kin::cast(c, add{1});
  kin::cast(visits, add{1});
}

KIN_TEST(request, for_another_class_of_server_is_refused, {.leaves_processes = true}) {
  class other : public kin::gen_server {
   public:
    int handle_call(get /*request*/) { return 0; }
  };
  auto c = fresh();
  const auto refused = kin::try_call(kin::server<other>{c.pid}, get{});
  EXPECT_THAT(kin::to_string(refused.error()), HasSubstr("counter, not a"));
  EXPECT_EQ(kin::call(c, get{}), 0);  // it lives
}

KIN_TEST(call, in_a_process_that_has_to_end_destroys_its_request) {
  const auto server = kin::start_link<keeper>();
  const auto held = std::make_shared<int>(0);
  const auto p = kin::spawn_monitor([server, held] {
    try {
      kin::exit("over");
    } catch (...) {  // NOLINT(bugprone-empty-catch): comes again at the next wait
    }
    kin::call(server, keep{held});
    ADD_FAILURE() << "it went on";
  });
  EXPECT_EQ(test::expect_down(p.ref).reason, "over");
  EXPECT_EQ(held.use_count(), 1);
  kin::stop(server);
}

}  // namespace
