// SPDX-License-Identifier: Apache-2.0
// Children that wait before they are started again, and what others see of them meanwhile.
#include <kin/dynamic_supervisor.hpp>
#include <kin/sys.hpp>

#include "restart_delay.hpp"
#include "support/member.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kin::detail::wait_before;
using test::child;
using test::end_with;
using test::expect_all_up;
using test::expect_shutdown;
using test::expect_up;
using test::no_disk;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- how long -----------------------------------------------------------------------------------

constexpr kin::backoff plain{.first = 100ms, .factor = 2, .limit = 1s, .jitter = 0};
constexpr auto all_bits = ~std::uint64_t{0};

TEST(backoff, doubles_up_to_its_limit) {
  std::vector<kin::duration> waits;
  for (unsigned n = 1; n <= 6; ++n) waits.push_back(wait_before(n, plain, all_bits));
  EXPECT_THAT(waits, ElementsAre(100ms, 200ms, 400ms, 800ms, 1s, 1s));
  EXPECT_EQ(wait_before(1'000'000, plain, 0), 1s) << "whatever that power is";
}

TEST(backoff, leaves_out_a_random_part_of_a_wait_and_never_adds_to_it) {
  kin::backoff some = plain;
  some.jitter = 0.25;
  EXPECT_EQ(wait_before(1, some, 0), 100ms);
  EXPECT_GE(wait_before(1, some, all_bits), 75ms);
  EXPECT_LT(wait_before(1, some, all_bits), 75ms + 1us);
  some.jitter = 1;
  EXPECT_GE(wait_before(1, some, all_bits), 0ms);
}

// ---- one child ----------------------------------------------------------------------------------

kin::child_spec waiting(std::string id, kin::backoff how = plain,
                        kin::restart when = kin::permanent) {
  return kin::child<test::member>({.id = id, .restart = when, .backoff = how}, kin::self(), id);
}

KIN_SIM_TEST(backoff, lets_time_pass_before_each_restart_and_counts_none_for_intensity) {
  const auto tree = kin::start_link(kin::supervisor{{.intensity = 0}, waiting("x")});
  for (const auto wait : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    end_with(expect_up("x"), no_disk{1});
    test::settle();
    const auto from = kin::clock::now();
    EXPECT_THAT(kin::which_children(tree),
                ElementsAre(kin::child_info{.id = "x", .restarting = true}));
    EXPECT_EQ(kin::try_restart_child(tree, "x").error(), kin::restarting);
    test::pass(wait - 1ms);
    EXPECT_THAT(test::drained(), IsEmpty()) << "after less than " << wait.count() << " ms";
    test::pass(2ms);
    EXPECT_LT(kin::clock::now() - from, wait + 50ms);
    EXPECT_EQ(kin::count_children(tree).active, 1U);
  }
  kin::stop(tree);
  expect_up("x");
  expect_shutdown({"x"});
}

KIN_SIM_TEST(backoff, begins_anew_when_the_child_has_run_for_long) {
  kin::backoff how = plain;
  how.calm = 10s;
  const auto tree = kin::start_link(kin::supervisor{{}, waiting("x", how)});
  const auto restarts = [&] { return kin::degraded(tree).at(0).restarts; };
  for (unsigned n = 1; n <= 3; ++n) {
    end_with(expect_up("x"), no_disk{1});
    test::settle();
    EXPECT_EQ(restarts(), n);
  }
  const auto x = expect_up("x");
  test::pass(11s);
  end_with(x, no_disk{1});
  test::settle();
  EXPECT_EQ(restarts(), 1U);
  expect_up("x");
  kin::stop(tree);
  expect_shutdown({"x"});
}

KIN_SIM_TEST(backoff, gives_up_after_as_many_attempts_as_it_may_make) {
  kin::trap_exits();
  kin::backoff how = plain;
  how.attempts = 2;
  const auto tree = kin::start_link(kin::supervisor{{}, child("other"), waiting("x", how)});
  expect_up("other");
  for (int i = 0; i < 3; ++i) end_with(expect_up("x"), no_disk{i});
  expect_shutdown({"other"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
  EXPECT_THAT(test::supervisor_reports().back(), HasSubstr("reached_max_restart_intensity"));
}

KIN_SIM_TEST(backoff, waits_after_a_start_that_failed_too) {
  auto works = std::make_shared<std::atomic<bool>>(true);
  auto tries = std::make_shared<std::atomic<int>>(0);
  auto spec = test::custom("x", [works, tries, me = kin::self()]() -> kin::result<kin::pid> {
    ++*tries;
    if (!*works) return kin::exit_reason(no_disk{2});
    return kin::start_link<test::member>(me, "x"s).pid;
  });
  spec.backoff = plain;
  const auto tree = kin::start_link(kin::supervisor{{.intensity = 0}, spec});
  const auto x = expect_up("x");
  *works = false;
  end_with(x, no_disk{1});
  test::pass(750ms);  // at 100, 300 and 700 ms
  EXPECT_EQ(*tries, 4);
  const auto seen = kin::degraded(tree);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].id, "x");
  EXPECT_EQ(seen[0].was, x.pid);
  EXPECT_EQ(seen[0].restarts, 4U);
  EXPECT_EQ(seen[0].why, kin::exit_reason(no_disk{2}));
  EXPECT_GT(seen[0].next, kin::clock::now());
  *works = true;
  expect_up("x");
  EXPECT_THAT(kin::degraded(tree), IsEmpty());
  kin::stop(tree);
  expect_shutdown({"x"});
}

KIN_TEST(backoff, ends_with_terminate_child) {
  kin::backoff long_one = plain;
  long_one.first = long_one.limit = 1h;
  const auto tree = kin::start_link(kin::supervisor{{}, waiting("x", long_one)});
  end_with(expect_up("x"), no_disk{1});
  test::settle();
  kin::terminate_child(tree, "x");
  EXPECT_THAT(kin::degraded(tree), IsEmpty());
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "x"}));
  kin::restart_child(tree, "x");
  end_with(expect_up("x"), no_disk{1});
  test::settle();
  EXPECT_EQ(kin::degraded(tree).at(0).restarts, 1U) << "it has begun anew";
}

// ---- with others --------------------------------------------------------------------------------

// Those that are ended with it do not run without it meanwhile, and start with it.
KIN_SIM_TEST(backoff, takes_those_along_that_restart_with_it) {
  for (const kin::strategy how : {kin::one_for_all, kin::rest_for_one}) {
    const auto tree = kin::start_link(
        kin::supervisor{{.strategy = how, .intensity = 0}, child("a"), waiting("x"), child("c")});
    const auto was = expect_all_up({"a", "x", "c"});
    end_with(was[1], no_disk{1});
    expect_shutdown({"c"});
    if (how == kin::one_for_all) expect_shutdown({"a"});
    EXPECT_EQ(kin::count_children(tree).active, how == kin::one_for_all ? 0U : 1U);
    test::pass(99ms);
    EXPECT_THAT(test::drained(), IsEmpty());
    if (how == kin::one_for_all) expect_up("a");
    expect_all_up({"x", "c"});
    kin::stop(tree);
    expect_shutdown({"c", "x", "a"});
  }
}

// Of a child that says nothing of a back-off the restarts count, as ever.
KIN_TEST(backoff, of_one_child_does_not_spare_the_others) {
  kin::trap_exits();
  const auto tree = kin::start_link(kin::supervisor{{.intensity = 0}, waiting("x"), child("b")});
  const auto was = expect_all_up({"x", "b"});
  end_with(was[1], no_disk{1});
  expect_shutdown({"x"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

// It has not gone: it waits.
KIN_TEST(backoff, of_a_significant_child_is_not_its_end) {
  kin::trap_exits();
  kin::backoff long_one = plain;
  long_one.first = long_one.limit = 1h;
  const auto significant = [](kin::child_spec spec) {
    spec.significant = true;
    return spec;
  };
  const auto tree =
      kin::start_link(kin::supervisor{{.auto_shutdown = kin::all_significant},
                                      significant(waiting("x", long_one, kin::transient)),
                                      significant(child("b", kin::transient))});
  const auto was = expect_all_up({"x", "b"});
  end_with(was[0], no_disk{1});
  test::settle();
  end_with(was[1], kin::normal);
  test::settle();
  EXPECT_EQ(kin::count_children(tree).specs, 2U);
  kin::terminate_child(tree, "x");
  EXPECT_EQ(kin::count_children(tree).specs, 2U);
}

KIN_SIM_TEST(backoff, is_kept_by_supervisors_of_many) {
  const auto one_kind = kin::start_link(kin::supervisor_of<test::member(std::string)>{
      {.intensity = 0},
      kin::child_template<test::member(std::string)>({.id = "x", .backoff = plain}, kin::self())});
  const auto many_kinds = kin::start_link(kin::dynamic_supervisor{{.intensity = 0}});
  kin::start_child(one_kind, "x"s);
  auto first = expect_up("x");
  kin::start_child(many_kinds, waiting("x"));
  auto second = expect_up("x");
  for (const kin::pid tree : {one_kind.pid, many_kinds.pid}) {
    auto x = tree == one_kind.pid ? first : second;
    for (const auto wait : {100ms, 200ms, 400ms}) {
      end_with(x, no_disk{1});
      test::settle();
      EXPECT_EQ(kin::degraded(tree).at(0).was, x.pid);
      EXPECT_EQ(kin::count_children(tree).active, 0U);
      test::pass(wait - 1ms);
      EXPECT_THAT(test::drained(), IsEmpty());
      x = expect_up("x");
      EXPECT_EQ(kin::which_children(tree).front().pid, x.pid);
    }
    end_with(x, no_disk{1});
    test::settle();
    kin::terminate_child(tree, x);
    EXPECT_THAT(kin::degraded(tree), IsEmpty());
    EXPECT_THAT(kin::which_children(tree), IsEmpty());
    kin::stop(tree);
  }
}

// ---- who calls it meanwhile ---------------------------------------------------------------------

struct ask {};
class cache : public kin::gen_server {
 public:
  explicit cache(kin::pid test) { kin::send(test, kin::self()); }
  int handle_call(ask /*request*/) { return 7; }
};
constexpr kin::name<cache> the_cache{"the cache"};

kin::child_spec named(bool stand_in) {
  kin::backoff how = plain;
  how.stand_in = stand_in;
  return kin::child<cache>({.name = the_cache, .backoff = how}, kin::self());
}

KIN_SIM_TEST(backoff, leaves_nobody_under_the_name_where_no_stand_in_is_asked_for) {
  kin::start_link(kin::supervisor{{}, named(false)});
  kin::exit(test::expect<kin::pid>(), kin::kill);
  test::settle();
  EXPECT_EQ(kin::try_call(the_cache, ask{}).error(), kin::noproc);
  test::expect<kin::pid>();
  EXPECT_EQ(kin::call(the_cache, ask{}), 7);
}

KIN_SIM_TEST(backoff, has_a_stand_in_tell_callers_why_and_for_how_long) {
  const auto dynamic = kin::start_link(kin::dynamic_supervisor{{.intensity = 0}});
  const auto fixed = kin::start_link(kin::supervisor{{.intensity = 0}});
  for (const kin::pid tree : {fixed.pid, dynamic.pid}) {
    const kin::pid child = kin::start_child(tree, named(true));
    EXPECT_EQ(test::expect<kin::pid>(), child);
    for (unsigned n = 1; n <= 3; ++n) {
      kin::exit(*kin::whereis(the_cache), kin::kill);
      test::settle();
      const auto why = kin::try_call(the_cache, ask{}).error();
      const auto* told = why.get_if<kin::degraded_child>();
      ASSERT_NE(told, nullptr) << why;
      EXPECT_EQ(told->restarts, n);
      EXPECT_EQ(told->why, kin::killed);
      EXPECT_GT(told->next, kin::clock::now());
      EXPECT_EQ(*told, kin::degraded(tree).at(0));
      kin::send(*kin::whereis(the_cache), test::word{"thrown away"});
      const auto next = test::expect<kin::pid>();
      EXPECT_EQ(kin::whereis(the_cache), next);
      EXPECT_EQ(kin::call(the_cache, ask{}), 7);
    }
    kin::exit(*kin::whereis(the_cache), kin::kill);
    test::settle();
    EXPECT_TRUE(kin::whereis(the_cache));
    kin::stop(tree);
    EXPECT_FALSE(kin::whereis(the_cache)) << "the stand-in is gone with its supervisor";
  }
}

}  // namespace
