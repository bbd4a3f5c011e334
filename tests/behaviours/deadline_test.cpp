// SPDX-License-Identifier: Apache-2.0
// A call carries its deadline: who serves it asks for it, hands on what is left, and may drop what
// has expired.
#include <kin/deadline.hpp>
#include <kin/gen_statem.hpp>
#include <kin/send_request.hpp>
#include <kin/sys.hpp>

#include "support/expect.hpp"

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using namespace kin::test;
using testing::AllOf;
using testing::Eq;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using time_point = kin::clock::time_point;
using deadline = std::optional<time_point>;

// ---- what a handler sees ------------------------------------------------------------------------

struct when_late {};
struct when_late_by_from {};
struct when_late_after_answer {};
struct when_late_of_kept {};
class clerk : public kin::gen_server {
 public:
  deadline handle_call(when_late /*request*/) { return kin::request_deadline(); }
  kin::replies<deadline> handle_call(when_late_by_from /*request*/, kin::from<deadline> who) {
    const auto at_once = who.deadline();
    kin::from<deadline> kept = std::move(who);
    EXPECT_EQ(kept.deadline(), at_once);
    EXPECT_EQ(kin::request_deadline(), at_once);
    kept.answer(at_once);
    return kin::noreply;
  }
  kin::replies<int> handle_call(when_late_after_answer /*request*/, kin::from<int> who) {
    who.answer(1);
    EXPECT_EQ(kin::request_deadline(), std::nullopt);
    EXPECT_EQ(kin::inherit(7s), kin::duration(7s));
    return kin::noreply;
  }
  void handle_cast(kin::pid tells) { kin::send(tells, kin::request_deadline()); }
};

// A long deadline may be late by 20 ms.
auto is_in(kin::duration limit, time_point before) {
  return AllOf(Ge(before + limit), Le(kin::clock::now() + limit + 20ms));
}

KIN_TEST(a_call, tells_its_server_when_it_gives_up) {
  const auto server = kin::start_link<clerk>();
  const auto before = kin::clock::now();
  EXPECT_THAT(kin::call(server, when_late{}).value(), is_in(5s, before));
  EXPECT_THAT(kin::call(server, when_late{}, 300ms).value(), is_in(300ms, before));
  EXPECT_THAT(kin::call(server, when_late_by_from{}, 1h).value(), is_in(1h, before));
  EXPECT_EQ(kin::call(server, when_late{}, kin::infinity), std::nullopt);
  EXPECT_EQ(kin::call(server, when_late_by_from{}, kin::infinity), std::nullopt);
}

KIN_TEST(request_deadline, is_nothing_where_no_answer_is_owed) {
  const auto server = kin::start_link<clerk>();
  EXPECT_EQ(kin::request_deadline(), std::nullopt);
  EXPECT_EQ(kin::inherit(), kin::duration(5s));
  kin::cast(server, kin::self());
  EXPECT_EQ(expect<deadline>(), std::nullopt);
  EXPECT_EQ(kin::call(server, when_late_after_answer{}), 1);
}

TEST(a_call_of_a_thread, tells_its_server_when_it_gives_up) {
  kin::machine machine;
  machine.start();
  const kin::machine::enter here{machine};
  EXPECT_EQ(kin::request_deadline(), std::nullopt);
  const auto server = kin::start<clerk>();
  const auto before = kin::clock::now();
  EXPECT_THAT(kin::call(server, when_late{}, 1h).value(), is_in(1h, before));
  EXPECT_EQ(kin::call(server, when_late{}, kin::infinity), std::nullopt);
  kin::stop(server);
  EXPECT_TRUE(machine.stop().empty());
}

// ---- what is left -------------------------------------------------------------------------------

struct take_time {
  kin::duration here = {};
};
// Takes its time, and asks the next for what is left.
class stage : public kin::gen_server {
 public:
  explicit stage(std::optional<kin::server<stage>> next, kin::duration own)
      : next_(next), own_(own) {}
  deadline handle_call(take_time request) {
    if (!next_) return kin::request_deadline();
    kin::sleep(request.here);
    return kin::call(*next_, request, kin::inherit(own_));
  }

 private:
  std::optional<kin::server<stage>> next_;
  kin::duration own_;
};
kin::server<stage> stages(kin::duration own) {
  const auto last = kin::start_link<stage>(std::nullopt, own);
  const auto middle = kin::start_link<stage>(std::optional(last), own);
  return kin::start_link<stage>(std::optional(middle), own);
}

KIN_TEST(inherit, gives_the_deadline_to_the_third_server) {
  const auto first = stages(2h);
  const auto before = kin::clock::now();
  const auto seen = kin::call(first, take_time{1ms}, 1h);
  // Each adds what a long deadline may be late by.
  EXPECT_THAT(seen.value(), AllOf(Ge(before + 1h), Le(kin::clock::now() + 1h + 60ms)));
}

KIN_TEST(inherit, is_no_longer_than_its_own_time) {
  const auto first = stages(10s);
  const auto before = kin::clock::now();
  EXPECT_THAT(kin::call(first, take_time{}, 1h).value(),
              AllOf(Ge(before + 10s), Le(kin::clock::now() + 11s)));
  EXPECT_THAT(kin::call(first, take_time{}, kin::infinity).value(),
              AllOf(Ge(before + 10s), Le(kin::clock::now() + 11s)));
}

struct left {};
class plain : public kin::gen_server {
 public:
  kin::duration handle_call(left /*request*/) {
    kin::sleep(20ms);
    return kin::inherit;
  }
};
KIN_TEST(inherit, is_zero_when_the_caller_has_given_up) {
  const auto server = kin::start_link<plain>();
  const auto id = kin::clock::now();
  EXPECT_EQ(kin::try_call(server, left{}, 1ms).error(), kin::timed_out);
  EXPECT_LE(id, kin::clock::now());
  EXPECT_GT(kin::call(server, left{}, 1h), 4s);
}

struct ask {};
class silent : public kin::gen_server {
 public:
  kin::replies<int> handle_call(ask /*request*/, kin::from<int> caller) {
    kept_.push_back(std::move(caller));
    return kin::noreply;
  }

 private:
  std::vector<kin::from<int>> kept_;
};
struct gave_up {
  kin::exit_reason why = {};
  kin::duration after = {};
};
class asks_the_silent : public kin::gen_server {
 public:
  asks_the_silent(kin::server<silent> other, kin::pid test) : other_(other), test_(test) {}
  int handle_call(ask request) const {
    const auto start = kin::clock::now();
    const auto said = kin::try_call(other_, request, kin::inherit);
    kin::send(test_, gave_up{said.error(), kin::clock::now() - start});
    return 0;
  }

 private:
  kin::server<silent> other_;
  kin::pid test_;
};
KIN_SIM_TEST(inherit, ends_the_call_behind_when_the_caller_in_front_gives_up) {
  const auto last = kin::start_link<silent>();
  const auto first = kin::start_link<asks_the_silent>(last, kin::self());
  // Both are over at the same moment: what the one behind has heard may still be answered in time.
  static_cast<void>(kin::try_call(first, ask{}, 300ms));
  const auto behind = expect<gave_up>();
  EXPECT_EQ(behind.why, kin::timed_out);
  EXPECT_THAT(behind.after, AllOf(Ge(290ms), Le(350ms)));
}

// ---- what has expired ---------------------------------------------------------------------------

struct work {};
struct nap {
  kin::duration time = {};
};
struct done {};
template <bool Drops>
class worker : public kin::gen_server {
 public:
  static constexpr bool drops_expired = Drops;
  int handle_call(work /*request*/) { return ++done_; }
  void handle_call(nap request) { kin::sleep(request.time); }
  int handle_call(done /*request*/) const { return done_; }
  void handle_cast(nap request) { kin::sleep(request.time); }

 private:
  int done_ = 0;
};

// Five calls give up while the server sleeps.
template <class Server>
void give_up_five_times(Server server) {
  kin::cast(server, nap{20ms});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(kin::try_call(server, work{}, 1ms).error(), kin::timed_out);
}

KIN_TEST(a_server_that_drops, does_not_handle_what_has_expired_and_counts_it) {
  const auto server = kin::start_link<worker<true>>();
  EXPECT_EQ(kin::call(server, work{}), 1);
  EXPECT_EQ(kin::call(server, work{}, kin::infinity), 2);
  give_up_five_times(server);
  EXPECT_EQ(kin::call(server, done{}, kin::infinity), 2);
  EXPECT_EQ(kin::sys::get_status(server).expired, 5U);

  kin::sys::statistics(server, true);
  give_up_five_times(server);
  EXPECT_EQ(kin::call(server, done{}, kin::infinity), 2);
  EXPECT_EQ(kin::sys::get_statistics(server)->expired, 5U);
  EXPECT_EQ(kin::sys::get_status(server).expired, 10U);
}

KIN_TEST(a_server, handles_what_has_expired_unless_it_says_otherwise) {
  const auto server = kin::start_link<worker<false>>();
  give_up_five_times(server);
  EXPECT_EQ(kin::call(server, done{}, kin::infinity), 5);
  EXPECT_EQ(kin::sys::get_status(server).expired, 0U);
}

// It has no deadline: whoever asks so may look for the response as long as it likes.
KIN_TEST(a_server_that_drops, handles_a_request_that_nobody_stands_and_waits_for) {
  const auto server = kin::start_link<worker<true>>();
  kin::cast(server, nap{5ms});
  const auto id = kin::send_request(server, work{});
  EXPECT_EQ(kin::receive_response(id, 1h), 1);
}

struct closed {};
struct open {};
struct knock {};
struct unlock {};
class gate : public kin::gen_statem<gate, closed, open> {
 public:
  static constexpr bool drops_expired = true;
  replies<int> handle_call(closed& /*now*/, knock& /*request*/) { return kin::postpone; }
  replies<int> handle_call(open& /*now*/, knock& /*request*/) { return ++knocks_; }
  transition handle_event(closed& /*now*/, unlock& /*event*/) { return kin::next_state(open{}); }
  void handle_event(open& /*now*/, unlock& /*event*/) { kin::sleep(5ms); }

 private:
  int knocks_ = 0;
};

KIN_TEST(a_machine_that_drops, does_not_handle_what_has_expired_postponed_or_not) {
  const auto machine = kin::start_link<gate>();
  EXPECT_EQ(kin::try_call(machine, knock{}, 1ms).error(), kin::timed_out);
  kin::cast(machine, unlock{});
  EXPECT_EQ(kin::call(machine, knock{}), 1);
  EXPECT_EQ(kin::sys::get_status(machine).expired, 1U);

  kin::cast(machine, unlock{});
  EXPECT_EQ(kin::try_call(machine, knock{}, 1ms).error(), kin::timed_out);
  EXPECT_EQ(kin::call(machine, knock{}), 2);
  EXPECT_EQ(kin::sys::get_status(machine).expired, 2U);
}

}  // namespace
