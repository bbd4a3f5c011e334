// SPDX-License-Identifier: Apache-2.0
// Tasks, alone and under a supervisor, and streams of them. otp-semantics 9.5.
#include <kin/async_stream.hpp>
#include <kin/info.hpp>
#include <kin/task.hpp>
#include <kin/task_supervisor.hpp>

#include "support/expect.hpp"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using kin::brutal_kill;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

inline constexpr kin::name<kin::task_supervisor> jobs{"task_test.jobs"};

void wait_for_ever() { kin::sleep(kin::infinity); }
int ends_with(const kin::exit_reason& why) { kin::exit(why); }
/// Says that it has begun, and then waits for a number to return.
auto returns_what_it_gets() {
  return [to = kin::self()] {
    kin::send(to, word{"begun"});
    return kin::receive([](int n) { return n; });
  };
}

// ---- async and await ----------------------------------------------------------------------------

KIN_TEST(async, runs_beside_its_owner_linked_and_hands_back_what_it_returns) {
  auto sum = kin::async([] { return kin::self(); });
  const kin::pid task = sum.pid();
  EXPECT_EQ(sum.owner(), kin::self());
  EXPECT_NE(task, kin::self());
  EXPECT_EQ(kin::await(std::move(sum)), task);
  kin::await(kin::async([] {}));
  EXPECT_EQ(*kin::await(kin::async([] { return std::make_unique<int>(7); })), 7);
  test::await_exit(task);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(async, that_nobody_awaits_leaves_its_reply_and_its_end) {
  const auto t = kin::async([] { return 42; });
  EXPECT_EQ(test::expect(test::when(&kin::task_reply<int>::ref, t.ref())).value, 42);
  EXPECT_EQ(test::expect_down(t.ref()).reason, kin::normal);
}

KIN_TEST(async, tells_a_trapping_owner_of_its_normal_end) {
  kin::trap_exits();
  auto t = kin::async([] { return 1; });
  const kin::pid task = t.pid();
  EXPECT_EQ(kin::await(std::move(t)), 1);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{task, kin::normal}));
}

KIN_TEST(async, that_fails_ends_its_owner_by_the_link) {
  const auto owner = kin::spawn_monitor([] {
    [[maybe_unused]] const auto t = kin::async([] { kin::exit("no good"); });
    wait_for_ever();
  });
  EXPECT_EQ(test::expect_down(owner.ref).reason, "no good");
}

KIN_TEST(async, dies_with_its_owner) {
  const auto owner = kin::spawn_monitor([test = kin::self()] {
    const auto t = kin::async(wait_for_ever);
    kin::send(test, t.pid());
    kin::exit("over");
  });
  const auto task = test::expect<kin::pid>();
  test::expect_down(owner.ref);
  test::await_exit(task);
}

KIN_TEST(await, of_a_task_that_failed_fails_with_its_reason_and_says_where) {
  kin::trap_exits();
  auto t = kin::async([] { return ends_with("no good"); });
  const std::string task = kin::to_string(t.pid());
  try {
    kin::await(std::move(t));
    ADD_FAILURE() << "it has a value";
  } catch (const kin::call_failed& e) {
    EXPECT_EQ(e.reason(), "no good");
    EXPECT_EQ(e.where(), "await of " + task);
  }
  EXPECT_EQ(test::expect<kin::exited>().reason, "no good");
}

KIN_TEST(await, of_a_task_that_ended_normally_without_a_value_fails) {
  EXPECT_EQ(kin::try_await(kin::async([] { return ends_with(kin::normal); })).error(), kin::normal);
}

KIN_TEST(await, that_is_too_long_fails_and_the_task_works_on_and_its_reply_is_dropped) {
  auto t = kin::async(returns_what_it_gets());
  const kin::pid task = t.pid();
  test::expect<word>();
  EXPECT_EQ(kin::try_await(std::move(t), 1ms).error(), kin::timed_out);
  EXPECT_TRUE(kin::is_alive(task));
  EXPECT_EQ(test::end_told_by(task, 5), kin::normal);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(await, is_for_the_owner_alone_and_once) {
  auto t = kin::async([] { return 1; });
  EXPECT_TRUE(kin::yield(t));
  EXPECT_THROW(kin::await(std::move(t)), kin::error);

  auto mine = kin::async([] { return 2; });
  kin::await(kin::async([&] {
    EXPECT_THROW(static_cast<void>(kin::yield(mine, 0s)), kin::error);
    EXPECT_THROW(kin::ignore(std::move(mine)), kin::error);
  }));
  EXPECT_EQ(kin::await(std::move(mine)), 2);
}

KIN_TEST(await, takes_no_message_of_another_task) {
  auto first = kin::async([] { return 1; });
  auto second = kin::async([] { return 2; });
  EXPECT_EQ(kin::await(std::move(second)), 2);
  EXPECT_EQ(kin::await(std::move(first)), 1);
}

KIN_TEST(callers, are_the_owner_and_its_callers) {
  EXPECT_THAT(kin::callers(), IsEmpty());
  const kin::pid me = kin::self();
  kin::await(kin::async([me] {
    EXPECT_THAT(kin::callers(), ElementsAre(me));
    const kin::pid task = kin::self();
    EXPECT_THAT(kin::await(kin::async(kin::callers)), ElementsAre(task, me));
  }));
}

KIN_TEST(start_task, runs_alone_and_start_task_link_is_linked) {
  const kin::pid me = kin::self();
  kin::start_task([me] {
    kin::send(me, word{"done"});
    kin::exit("nobody minds");
  });
  test::expect<word>();
  kin::trap_exits();
  const kin::pid linked = kin::start_task_link([] { return ends_with("tied"); });
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{linked, "tied"}));
}

KIN_TEST(task, that_throws_is_reported_once_with_its_owner) {
  kin::trap_exits();
  auto t = kin::async([]() -> int { throw std::out_of_range("too far"); });
  const auto why = kin::try_await(std::move(t)).error();
  EXPECT_NE(why.get_if<std::out_of_range>(), nullptr) << why;
  test::expect<kin::exited>();
  const auto all = test::reports();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].title, "CRASH REPORT");
  EXPECT_THAT(all[0].text, HasSubstr("too far"));
  EXPECT_THAT(all[0].text, HasSubstr("task of " + kin::to_string(kin::self())));
}

// ---- yield, shut_down, ignore -------------------------------------------------------------------

KIN_TEST(yield, gives_nothing_yet_then_the_value) {
  auto t = kin::async(returns_what_it_gets());
  test::expect<word>();
  EXPECT_FALSE(kin::yield(t, 0s));
  EXPECT_FALSE(kin::yield(t, 1ms));
  kin::send(t.pid(), 5);
  EXPECT_EQ(kin::yield(t)->value(), 5);
  EXPECT_THROW(static_cast<void>(kin::yield(t)), kin::error);
}

KIN_TEST(yield, gives_the_reason_of_a_task_that_failed) {
  kin::trap_exits();
  auto t = kin::async([] { return ends_with("no good"); });
  EXPECT_EQ(kin::yield(t)->error(), "no good");
  test::expect<kin::exited>();
}

KIN_TEST(shut_down, ends_a_task_that_heeds_and_has_nothing) {
  auto t = kin::async(wait_for_ever);
  const kin::pid task = t.pid();
  EXPECT_FALSE(kin::shut_down(std::move(t)));
  EXPECT_FALSE(kin::is_alive(task));
  EXPECT_FALSE(kin::shut_down(kin::async(wait_for_ever), brutal_kill));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(shut_down, gives_the_value_that_has_come) {
  auto t = kin::async([] { return 42; });
  test::await_exit(t.pid());
  EXPECT_EQ(kin::shut_down(std::move(t))->value(), 42);
  auto late = kin::async([to = kin::self()] {
    kin::trap_exits();
    kin::send(to, word{"begun"});
    test::expect<kin::exited>();
    return 7;
  });
  test::expect<word>();
  EXPECT_EQ(kin::shut_down(std::move(late))->value(), 7);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(shut_down, says_that_a_task_did_not_heed_and_was_killed) {
  auto t = kin::async([to = kin::self()] {
    kin::trap_exits();
    kin::send(to, word{"begun"});
    wait_for_ever();
  });
  test::expect<word>();
  EXPECT_EQ(kin::shut_down(std::move(t), 1ms)->error(), kin::killed);
}

KIN_TEST(shut_down, gives_another_reason_than_it_was_told) {
  auto t = kin::async([to = kin::self()] {
    kin::trap_exits();
    kin::send(to, word{"begun"});
    test::expect<kin::exited>();
    kin::exit("my own");
  });
  test::expect<word>();
  EXPECT_EQ(kin::shut_down(std::move(t))->error(), "my own");
}

KIN_TEST(ignore, unlinks_and_drops_the_reply) {
  auto t = kin::async(returns_what_it_gets());
  const kin::pid task = t.pid();
  test::expect<word>();
  EXPECT_FALSE(kin::ignore(std::move(t)));
  EXPECT_THAT(kin::info(task)->links, IsEmpty());
  EXPECT_EQ(test::end_told_by(task, 5), kin::normal);
  EXPECT_THAT(test::drained(), IsEmpty());
  auto done = kin::async([] { return 3; });
  test::await_exit(done.pid());
  EXPECT_EQ(kin::ignore(std::move(done))->value(), 3);
}

// ---- many ---------------------------------------------------------------------------------------

std::vector<kin::task<int>> squares(int count) {
  std::vector<kin::task<int>> all;
  for (int i = 0; i < count; ++i) all.push_back(kin::async([i] { return i * i; }));
  return all;
}

KIN_TEST(await_many, gives_the_values_in_the_order_of_the_tasks) {
  EXPECT_THAT(kin::await_many(squares(5)), ElementsAre(0, 1, 4, 9, 16));
  EXPECT_THAT(kin::await_many(std::vector<kin::task<int>>()), IsEmpty());
  std::vector<kin::task<void>> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(kin::async([] {}));
  kin::await_many(std::move(silent));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(await_many, fails_with_the_first_that_fails_and_forgets_the_others) {
  kin::trap_exits();
  auto all = squares(2);
  all.push_back(kin::async(returns_what_it_gets()));
  test::expect<word>();
  const kin::pid slow = all.back().pid();
  all.push_back(kin::async([] { return ends_with("no good"); }));
  EXPECT_EQ(kin::try_await_many(std::move(all)).error(), "no good");
  EXPECT_TRUE(kin::is_alive(slow));
  EXPECT_EQ(test::end_told_by(slow, 1), kin::normal);
  for (int i = 0; i < 4; ++i) test::expect<kin::exited>();
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(await_many, has_one_time_limit_for_all) {
  auto all = squares(2);
  all.push_back(kin::async(returns_what_it_gets()));
  test::expect<word>();
  const kin::pid slow = all.back().pid();
  EXPECT_THROW(kin::await_many(std::move(all), 1ms), kin::call_failed);
  EXPECT_EQ(test::end_told_by(slow, 1), kin::normal);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(yield_many, gives_of_each_what_has_come_and_treats_the_late_as_it_is_told) {
  for (const auto what :
       {kin::task_timeout::nothing, kin::task_timeout::ignore, kin::task_timeout::kill_task}) {
    auto all = squares(2);
    all.push_back(kin::async(returns_what_it_gets()));
    test::expect<word>();
    const kin::pid slow = all.back().pid();
    test::await_exit(all[0].pid());
    test::await_exit(all[1].pid());
    auto seen = kin::yield_many(all, {.timeout = 1ms, .on_timeout = what});
    EXPECT_EQ(seen[0]->value(), 0);
    EXPECT_EQ(seen[1]->value(), 1);
    EXPECT_FALSE(seen[2]);
    EXPECT_EQ(kin::is_alive(slow), what != kin::task_timeout::kill_task);
    EXPECT_EQ(static_cast<bool>(all[2].ref()), what == kin::task_timeout::nothing);
    if (what == kin::task_timeout::ignore) {
      EXPECT_EQ(test::end_told_by(slow, 1), kin::normal);
    }
    if (what == kin::task_timeout::nothing) {
      kin::send(slow, 9);
      EXPECT_EQ(kin::await(std::move(all[2])), 9);
    }
    EXPECT_THAT(test::drained(), IsEmpty());
  }
}

KIN_TEST(yield_many, comes_back_when_enough_have_ended) {
  auto all = squares(1);
  all.push_back(kin::async(returns_what_it_gets()));
  test::expect<word>();
  const auto seen = kin::yield_many(
      all, {.timeout = kin::infinity, .on_timeout = kin::task_timeout::kill_task, .limit = 1});
  EXPECT_TRUE(seen[0]);
  EXPECT_FALSE(seen[1]);
  EXPECT_FALSE(kin::shut_down(std::move(all[1]), brutal_kill));
}

// ---- under a supervisor -------------------------------------------------------------------------

KIN_TEST(task_supervisor, has_its_tasks_as_children_until_they_end) {
  kin::start_link(kin::task_supervisor({.name = jobs}));
  auto t = kin::async(jobs, returns_what_it_gets());
  test::expect<word>();
  ASSERT_EQ(kin::which_children(jobs).size(), 1U);
  EXPECT_EQ(kin::which_children(jobs)[0].pid, t.pid());
  EXPECT_THAT(kin::info(t.pid())->links, testing::Contains(kin::self()));
  kin::send(t.pid(), 3);
  EXPECT_EQ(kin::await(std::move(t)), 3);
}

KIN_TEST(async_nolink, that_fails_is_a_reason_and_no_end) {
  kin::start_link(kin::task_supervisor({.name = jobs}));
  auto bad = kin::async_nolink(jobs, [] { return ends_with("no good"); });
  EXPECT_EQ(kin::try_await(std::move(bad)).error(), "no good");
  auto good = kin::async_nolink(jobs, [] { return kin::callers(); });
  EXPECT_THAT(kin::await(std::move(good)), ElementsAre(kin::self()));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(async_nolink, works_on_when_its_owner_has_ended) {
  kin::start_link(kin::task_supervisor({.name = jobs}));
  const auto owner = kin::spawn_monitor([test = kin::self()] {
    [[maybe_unused]] const auto t = kin::async_nolink(jobs, [test] {
      kin::send(test, kin::self());
      kin::receive([](int /*end*/) {});
    });
    kin::receive([](const word& /*over*/) {});
    kin::exit("over");
  });
  const auto task = test::expect<kin::pid>();
  kin::send(owner.pid, word{"over"});
  EXPECT_EQ(test::expect_down(owner.ref).reason, "over");
  EXPECT_TRUE(kin::is_alive(task));
  EXPECT_EQ(test::end_told_by(task, 1), kin::normal);
}

KIN_TEST(start_task, under_a_supervisor_is_its_child) {
  kin::start_link(kin::task_supervisor({.name = jobs}));
  const kin::pid task = kin::start_task(jobs, wait_for_ever);
  EXPECT_EQ(kin::count_children(jobs).active, 1U);
  const kin::ref watch = kin::monitor(task);
  EXPECT_TRUE(kin::is_alive(task));  // and watched
  kin::terminate_child(jobs, task);
  EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown);
  EXPECT_EQ(kin::count_children(jobs).active, 0U);
}

KIN_TEST(task_supervisor, has_no_more_tasks_than_it_may) {
  const auto few = kin::start_link(kin::task_supervisor({.max_children = 1}));
  const kin::pid one = kin::start_task(few, wait_for_ever);
  EXPECT_EQ(kin::try_start_task(few, wait_for_ever).error(), kin::max_children);
  EXPECT_THROW(static_cast<void>(kin::async(few, wait_for_ever)), kin::call_failed);
  EXPECT_THROW(static_cast<void>(kin::async_nolink(few, wait_for_ever)), kin::call_failed);
  kin::terminate_child(few, one);
  EXPECT_TRUE(kin::try_start_task(few, wait_for_ever));
}

KIN_TEST(task_supervisor, ends_its_tasks_with_itself) {
  const auto few = kin::start_link(kin::task_supervisor());
  const kin::pid task = kin::start_task(few, wait_for_ever);
  const kin::ref watch = kin::monitor(task);
  EXPECT_TRUE(kin::is_alive(task));  // and watched
  kin::stop(few);
  EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown);
  EXPECT_EQ(kin::try_async(few, [] { return 1; }).error(), kin::noproc);
}

// ---- streams ------------------------------------------------------------------------------------

template <class Stream>
std::vector<std::string> all_of(Stream&& stream) {
  std::vector<std::string> all;
  for (auto& r : stream) {
    if (!r) {
      all.push_back("failed: " + kin::to_string(r.error()));
    } else if constexpr (requires { *r; }) {
      all.push_back(kin::to_string(*r));
    } else {
      all.emplace_back();
    }
  }
  return all;
}
const std::vector<int> one_to_five{1, 2, 3, 4, 5};
int twice(int n) { return 2 * n; }

KIN_TEST(async_stream, gives_all_results_in_order) {
  EXPECT_THAT(all_of(kin::async_stream(one_to_five, twice)), ElementsAre("2", "4", "6", "8", "10"));
  EXPECT_THAT(all_of(kin::async_stream(one_to_five, twice, {.max_concurrency = 1})),
              ElementsAre("2", "4", "6", "8", "10"));
  EXPECT_THAT(all_of(kin::async_stream(std::vector<int>(), twice)), IsEmpty());
  EXPECT_THAT(all_of(kin::async_stream(std::array{"a"s}, [](std::string s) { return s + "b"; })),
              ElementsAre("\"ab\""));
  int silent = 0;
  for (auto& r : kin::async_stream(one_to_five, [](int) {})) silent += r.has_value() ? 1 : 0;
  EXPECT_EQ(silent, 5);
  EXPECT_THAT(test::drained(), IsEmpty());
}

struct at_work {
  int element = 0;
  kin::pid task = {};
};
struct came {
  kin::result<int> what;
};
/// A process that hands on what the stream of tasks gives it which say that they have begun, and
/// return when they get a word.
kin::monitored consumer(const std::vector<int>& elements, kin::stream_options how) {
  return kin::spawn_monitor([=, test = kin::self()] {
    auto work = [test](int n) {
      kin::send(test, at_work{n, kin::self()});
      kin::receive([](word /*go*/) {});
      return n;
    };
    for (auto& r : kin::async_stream(elements, work, how)) kin::send(test, came{r});
  });
}
kin::pid task_of(int element) { return test::expect(test::when(&at_work::element, element)).task; }

KIN_TEST(async_stream, has_no_more_tasks_than_it_may_and_keeps_the_order) {
  const auto all = consumer({1, 2, 3}, {.max_concurrency = 2, .timeout = kin::infinity});
  const kin::pid one = task_of(1);
  const kin::pid two = task_of(2);
  test::expect_nothing();
  kin::send(two, word{"go"});
  const kin::pid three = task_of(3);  // a slot is free when its task has ended, not when it is told
  test::expect_nothing();
  kin::send(one, word{"go"});
  EXPECT_EQ(*test::expect<came>().what, 1);
  EXPECT_EQ(*test::expect<came>().what, 2);
  kin::send(three, word{"go"});
  EXPECT_EQ(*test::expect<came>().what, 3);
  EXPECT_EQ(test::expect_down(all.ref).reason, kin::normal);
}

// A simulated machine has one.
KIN_SIM_TEST(async_stream, has_a_task_for_each_worker_unless_it_is_told) {
  ASSERT_EQ(kin::workers(), 1U);
  const auto all = consumer({1, 2}, {.timeout = kin::infinity});
  const kin::pid one = task_of(1);
  test::expect_nothing();
  kin::send(one, word{"go"});
  kin::send(task_of(2), word{"go"});
  EXPECT_EQ(*test::expect<came>().what, 1);
  EXPECT_EQ(*test::expect<came>().what, 2);
  EXPECT_EQ(test::expect_down(all.ref).reason, kin::normal);
}

KIN_TEST(async_stream, without_order_gives_what_has_come) {
  const auto all =
      consumer({1, 2}, {.max_concurrency = 2, .ordered = false, .timeout = kin::infinity});
  const kin::pid one = task_of(1);
  kin::send(task_of(2), word{"go"});
  EXPECT_EQ(*test::expect<came>().what, 2);
  kin::send(one, word{"go"});
  EXPECT_EQ(*test::expect<came>().what, 1);
  EXPECT_EQ(test::expect_down(all.ref).reason, kin::normal);
}

KIN_TEST(async_stream, takes_an_element_only_when_a_task_can_have_it) {
  struct counted {
    const int* at;
    int* taken;
    int operator*() const { return ++*taken, *at; }
    counted& operator++() { return ++at, *this; }
    bool operator!=(const counted& other) const { return at != other.at; }
  };
  struct counting {
    const std::vector<int>& all;
    int& taken;
    [[nodiscard]] counted begin() const { return {all.data(), &taken}; }
    [[nodiscard]] counted end() const { return {all.data() + all.size(), &taken}; }
  };
  int taken = 0;
  auto stream = kin::async_stream(counting{one_to_five, taken}, twice, {.max_concurrency = 1});
  EXPECT_EQ(taken, 0);
  EXPECT_EQ(stream.next()->value(), 2);
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(stream.next()->value(), 4);
  EXPECT_EQ(taken, 2);
}

int fails_at_two(int n) { return n == 2 ? ends_with("no good") : n; }

KIN_TEST(async_stream, whose_task_fails_ends_an_owner_that_traps_no_exits) {
  const auto owner =
      kin::spawn_monitor([] { all_of(kin::async_stream(one_to_five, fails_at_two)); });
  const auto why = test::expect_down(owner.ref).reason;
  EXPECT_THAT(kin::to_string(why), HasSubstr("no good"));
}

KIN_TEST(async_stream, gives_a_failure_in_its_place_to_one_that_does_and_nothing_else) {
  kin::trap_exits();
  EXPECT_THAT(all_of(kin::async_stream(one_to_five, fails_at_two)),
              ElementsAre("1", R"(failed: "no good")", "3", "4", "5"));
  auto stream = kin::async_stream(one_to_five, fails_at_two, {.zip_input_on_exit = true});
  EXPECT_EQ(stream.next()->value(), 1);
  EXPECT_EQ(stream.next()->error(), kin::exit_reason(kin::failed_input<int>{2, "no good"}));
  stream.close();
  EXPECT_FALSE(stream.next());
  EXPECT_THAT(test::drained(), IsEmpty());
}

void sleeps_at_two(int n) {
  if (n == 2) wait_for_ever();
}

KIN_SIM_TEST(async_stream, kills_a_task_that_is_late_if_it_is_told) {
  std::vector<bool> seen;
  const kin::stream_options how{.timeout = 50ms, .on_timeout = kin::stream_timeout::kill_task};
  for (auto& r : kin::async_stream(one_to_five, sleeps_at_two, how)) {
    seen.push_back(r.has_value());
    EXPECT_TRUE(r || r.error() == kin::timed_out);
  }
  EXPECT_THAT(seen, ElementsAre(true, false, true, true, true));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_SIM_TEST(async_stream, fails_altogether_when_a_task_is_late_if_it_is_not) {
  auto stream = kin::async_stream(one_to_five, sleeps_at_two, {.timeout = 50ms});
  EXPECT_TRUE(stream.next());
  try {
    static_cast<void>(stream.next());
    ADD_FAILURE() << "the late one has come";
  } catch (const kin::call_failed& e) {
    EXPECT_EQ(e.reason(), kin::timed_out);
  }
  EXPECT_FALSE(stream.next());
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(async_stream, that_is_left_early_kills_its_tasks) {
  std::vector<kin::pid> tasks;
  {
    auto stream = kin::async_stream(one_to_five,
                                    [test = kin::self()](int n) {
                                      if (n == 1) return;
                                      kin::send(test, at_work{n, kin::self()});
                                      wait_for_ever();
                                    },
                                    {.max_concurrency = 3});
    EXPECT_TRUE(stream.next());
    tasks = {task_of(2), task_of(3)};
  }
  for (const kin::pid t : tasks) test::await_exit(t);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(async_stream, that_is_closed_has_no_tasks_left) {
  auto stream = kin::async_stream(one_to_five,
                                  [test = kin::self()](int n) {
                                    if (n == 1) return;
                                    kin::send(test, at_work{n, kin::self()});
                                    wait_for_ever();
                                  },
                                  {.max_concurrency = 2});
  EXPECT_TRUE(stream.next());
  const kin::pid two = task_of(2);
  stream.close();
  EXPECT_FALSE(kin::is_alive(two));
  EXPECT_FALSE(stream.next());
}

KIN_TEST(async_stream, ends_with_its_owner) {
  for (const kin::exit_reason& why : {kin::exit_reason(kin::normal), kin::exit_reason("over")}) {
    const auto all = consumer({1, 2, 3}, {.max_concurrency = 1, .timeout = kin::infinity});
    const kin::pid one = task_of(1);
    kin::exit(all.pid, why == kin::normal ? kin::exit_reason(kin::kill) : why);
    test::expect_down(all.ref);
    test::await_exit(one);
  }
}

KIN_TEST(async_stream, under_a_supervisor_has_its_tasks_there) {
  kin::start_link(kin::task_supervisor({.name = jobs}));
  const auto siblings = [](int) { return kin::count_children(jobs).active; };
  EXPECT_THAT(all_of(kin::async_stream(jobs, std::vector{1}, siblings)), ElementsAre("1"));
  EXPECT_THAT(all_of(kin::async_stream_nolink(jobs, one_to_five, fails_at_two)),
              ElementsAre("1", R"(failed: "no good")", "3", "4", "5"));
}

KIN_TEST(async_stream, fails_when_its_supervisor_takes_no_more) {
  const auto few = kin::start_link(kin::task_supervisor({.max_children = 1}));
  auto stream = kin::async_stream_nolink(few, one_to_five, sleeps_at_two, {.max_concurrency = 3});
  EXPECT_THROW(all_of(stream), kin::call_failed);
}

}  // namespace
