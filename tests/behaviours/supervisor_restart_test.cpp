// SPDX-License-Identifier: Apache-2.0
// Whom a supervisor starts again, how often, and what if that fails: otp-semantics 4.4 to 4.6.
#include "support/member.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::child;
using test::custom;
using test::end_with;
using test::expect_all_up;
using test::expect_shutdown;
using test::expect_up;
using test::no_disk;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- whom it restarts ---------------------------------------------------------------------------

KIN_TEST(supervisor, restarts_only_the_one_that_died) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a"), child("b"), child("c")});
  auto was = expect_all_up({"a", "b", "c"});

  end_with(was[1], no_disk{1});

  auto b = expect_up("b");
  EXPECT_NE(b, was[1]);
  auto now = kin::which_children(tree);
  EXPECT_THAT(now, ElementsAre(kin::child_info{.id = "c", .pid = was[2]},
                               kin::child_info{.id = "b", .pid = b},
                               kin::child_info{.id = "a", .pid = was[0]}));
  test::expect_silence();
}

KIN_TEST(supervisor, restarts_one_for_all_in_reverse_and_in_order) {
  kin::start_link(
      kin::supervisor{{.strategy = kin::one_for_all}, child("a"), child("b"), child("c")});
  auto was = expect_all_up({"a", "b", "c"});

  end_with(was[1], no_disk{1});

  expect_shutdown({"c", "a"});
  expect_all_up({"a", "b", "c"});
}

KIN_TEST(supervisor, restarts_the_rest_for_one) {
  kin::start_link(kin::supervisor{
      {.strategy = kin::rest_for_one}, child("a"), child("b"), child("c"), child("d")});
  auto was = expect_all_up({"a", "b", "c", "d"});

  end_with(was[1], no_disk{1});

  expect_shutdown({"d", "c"});
  expect_all_up({"b", "c", "d"});
  test::expect_silence();
}

KIN_TEST(supervisor, forgets_temporary_siblings_and_wakes_idle_ones_in_a_group_restart) {
  auto tree = kin::start_link(kin::supervisor{{.strategy = kin::one_for_all},
                                              child("temporary", kin::temporary),
                                              child("a"),
                                              child("done", kin::transient)});
  auto was = expect_all_up({"temporary", "a", "done"});
  end_with(was[2], kin::normal);

  end_with(was[1], no_disk{1});

  expect_shutdown({"temporary"});
  expect_all_up({"a", "done"});
  EXPECT_THAT(test::ids_of(kin::which_children(tree)), ElementsAre("done", "a"));
}

// Keeps the supervisor that starts it busy until a word comes.
kin::child_spec gate() {
  return custom(
      "gate",
      [me = kin::self()] {
        kin::send(me, test::word{"busy"});
        kin::receive([](const test::word& /*go*/) {});
        return kin::spawn_link(test::idle);
      },
      kin::temporary);
}

KIN_TEST(supervisor, counts_one_restart_for_siblings_that_died_meanwhile_and_reports_each) {
  auto tree = kin::start_link(kin::supervisor{
      {.strategy = kin::one_for_all, .intensity = 1}, child("a"), child("b"), child("c")});
  auto was = expect_all_up({"a", "b", "c"});
  kin::spawn([tree, slow = gate()] { kin::start_child(tree, slow); });
  test::expect<test::word>();
  for (int i = 0; const auto& one : {was[0], was[1]}) {
    const kin::ref watch = kin::monitor(one);
    end_with(one, no_disk{i++});
    test::expect_down(watch);
    kin::sim::settle();  // its supervisor has heard of it, too
  }

  kin::send(tree, test::word{"go"});

  expect_shutdown({"c"});
  expect_all_up({"a", "b", "c"});
  EXPECT_EQ(kin::count_children(tree).active, 3U);
  EXPECT_THAT(test::supervisor_reports(),
              ElementsAre(testing::AllOf(HasSubstr("child_terminated"), HasSubstr("no_disk{0}")),
                          testing::AllOf(HasSubstr("shutdown_error"), HasSubstr("no_disk{1}"))));
  test::expect_silence();
}

struct restart_case {
  kin::restart when;
  std::function<kin::exit_reason()> why;
  bool starts_again;
  bool is_known;
  bool is_reported;
};
class restart_of : public testing::TestWithParam<restart_case> {};

TEST_P(restart_of, follows_the_table) {
  test::play([] {
    const restart_case& c = GetParam();
    auto tree = kin::start_link(kin::supervisor{{}, child("x", c.when)});
    auto x = expect_up("x");

    end_with(x, c.why());
    test::await_exit(x);
    kin::sim::settle();  // its supervisor has heard of it, too

    if (c.starts_again) expect_up("x");
    const auto now = kin::which_children(tree);
    EXPECT_EQ(now.size(), c.is_known ? 1U : 0U);
    if (c.is_known) {
      EXPECT_EQ(static_cast<bool>(now[0].pid), c.starts_again);
    }
    EXPECT_EQ(test::supervisor_reports().size(), c.is_reported ? 1U : 0U);
    test::expect_silence();
  });
}

const auto ends_normal = [] { return kin::exit_reason(kin::normal); };
const auto ends_shutdown = [] { return kin::exit_reason(kin::shutdown); };
const auto ends_shutdown_with = [] { return kin::shutdown(no_disk{1}); };
const auto ends_badly = [] { return kin::exit_reason(no_disk{1}); };

INSTANTIATE_TEST_SUITE_P(
    each, restart_of,
    testing::Values(restart_case{kin::permanent, ends_normal, true, true, true},
                    restart_case{kin::permanent, ends_shutdown, true, true, true},
                    restart_case{kin::permanent, ends_shutdown_with, true, true, true},
                    restart_case{kin::permanent, ends_badly, true, true, true},
                    restart_case{kin::transient, ends_normal, false, true, false},
                    restart_case{kin::transient, ends_shutdown, false, true, false},
                    restart_case{kin::transient, ends_shutdown_with, false, true, false},
                    restart_case{kin::transient, ends_badly, true, true, true},
                    restart_case{kin::temporary, ends_normal, false, false, false},
                    restart_case{kin::temporary, ends_shutdown, false, false, false},
                    restart_case{kin::temporary, ends_shutdown_with, false, false, false},
                    restart_case{kin::temporary, ends_badly, false, false, true}));

// ---- how often ----------------------------------------------------------------------------------

KIN_TEST(supervisor, gives_up_at_the_restart_after_the_last_it_may_make) {
  kin::trap_exits();
  auto tree = kin::start_link(kin::supervisor{{.intensity = 2}, child("bystander"), child("x")});
  expect_up("bystander");
  end_with(expect_up("x"), no_disk{1});
  end_with(expect_up("x"), no_disk{2});
  end_with(expect_up("x"), no_disk{3});

  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
  expect_shutdown({"bystander"});
  EXPECT_THAT(test::supervisor_reports().back(),
              testing::AllOf(HasSubstr("errorContext: shutdown\n"),
                             HasSubstr("reason: reached_max_restart_intensity")));
}

KIN_TEST(supervisor, of_intensity_zero_gives_up_at_once) {
  kin::trap_exits();
  kin::start_link(kin::supervisor{{.intensity = 0}, child("x")});
  end_with(expect_up("x"), no_disk{1});
  EXPECT_EQ(test::expect<kin::exited>().reason, kin::shutdown);
}

KIN_TEST(supervisor, that_gave_up_is_restarted_if_it_is_permanent_and_not_if_transient) {
  const auto subtree = [me = kin::self()](std::string id) {
    return kin::supervisor{{.intensity = 0}, kin::child<test::member>({.id = id}, me, id)};
  };
  auto tree = kin::start_link(kin::supervisor{
      {},
      kin::child({.id = "permanent"}, [=] { return subtree("p"); }),
      kin::child({.id = "transient", .restart = kin::transient}, [=] { return subtree("t"); })});
  auto was = expect_all_up({"p", "t"});

  end_with(was[1], no_disk{1});
  end_with(was[0], no_disk{1});

  expect_up("p");
  const auto now = kin::which_children(tree);
  ASSERT_EQ(now.size(), 2U);
  EXPECT_EQ(now[1].type, kin::child_type::supervisor);
  test::expect_silence();
}

// ---- a restart that fails -----------------------------------------------------------------------

// Starts fail while its switch is off.
class flaky {
 public:
  kin::child_spec child(std::string id, kin::pid test) {
    return custom(id, [=, works = works_, tries = tries_]() -> kin::result<kin::pid> {
      ++*tries;
      if (!*works) return kin::exit_reason(no_disk{0});
      auto started = kin::try_start_link<test::member>(test, id);
      return started ? kin::result<kin::pid>(started->pid) : started.error();
    });
  }
  void works(bool on) { *works_ = on; }
  [[nodiscard]] int tries() const { return *tries_; }

 private:
  std::shared_ptr<std::atomic<bool>> works_ = std::make_shared<std::atomic<bool>>(true);
  std::shared_ptr<std::atomic<int>> tries_ = std::make_shared<std::atomic<int>>(0);
};

constexpr unsigned very_often = 1'000'000;

KIN_TEST(supervisor, tries_a_failed_restart_again_and_serves_others_in_between,
         {.seeds = 3, .simulation = test::fair}) {
  flaky x;
  auto tree = kin::start_link(
      kin::supervisor{{.intensity = very_often}, child("a"), x.child("x", kin::self())});
  auto was = expect_all_up({"a", "x"});
  x.works(false);

  end_with(was[1], no_disk{1});
  while (x.tries() < 4) kin::yield();
  const auto now = kin::which_children(tree);
  EXPECT_EQ(now[0], (kin::child_info{.id = "x", .restarting = true}));
  EXPECT_EQ(kin::try_restart_child(tree, "x").error(), kin::restarting);
  EXPECT_EQ(kin::try_delete_child(tree, "x").error(), kin::restarting);
  EXPECT_EQ(kin::try_start_child(tree, child("x")).error(), kin::already_present);

  x.works(true);
  expect_up("x");
  EXPECT_EQ(kin::count_children(tree).active, 2U);
  EXPECT_THAT(test::supervisor_reports().at(2), HasSubstr("{pid, {restarting, <"));
}

KIN_TEST(supervisor, counts_each_try_of_a_restart) {
  kin::trap_exits();
  flaky x;
  kin::start_link(kin::supervisor{{.intensity = 3}, x.child("x", kin::self())});
  auto was = expect_up("x");
  x.works(false);

  end_with(was, no_disk{1});

  EXPECT_EQ(test::expect<kin::exited>().reason, kin::shutdown);
  EXPECT_EQ(x.tries(), 1 + 3);
}

KIN_TEST(supervisor, gives_up_trying_when_the_child_is_terminated,
         {.seeds = 3, .simulation = test::fair}) {
  flaky x;
  auto tree =
      kin::start_link(kin::supervisor{{.intensity = very_often}, x.child("x", kin::self())});
  auto was = expect_up("x");
  x.works(false);
  end_with(was, no_disk{1});
  while (x.tries() < 3) kin::yield();

  kin::terminate_child(tree, "x");
  const int tries = x.tries();
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "x"}));
  EXPECT_EQ(x.tries(), tries);

  x.works(true);
  kin::restart_child(tree, "x");
  expect_up("x");
}

KIN_TEST(supervisor, restarts_all_again_when_one_for_all_fails_half_way,
         {.seeds = 3, .leaves_messages = true, .simulation = test::fair}) {
  flaky x;
  auto tree =
      kin::start_link(kin::supervisor{{.strategy = kin::one_for_all, .intensity = very_often},
                                      child("a"),
                                      x.child("x", kin::self()),
                                      child("c")});
  auto was = expect_all_up({"a", "x", "c"});
  x.works(false);

  end_with(was[2], no_disk{1});

  expect_shutdown({"x", "a"});
  for (int again = 0; again < 3; ++again) {  // "a" is up until the next try ends it
    expect_up("a");
    expect_shutdown({"a"});
  }
  x.works(true);
  while (kin::count_children(tree).active != 3) test::drained();
}

KIN_TEST(supervisor, goes_on_from_the_one_that_failed_in_rest_for_one,
         {.seeds = 3, .simulation = test::fair}) {
  flaky x;
  auto tree =
      kin::start_link(kin::supervisor{{.strategy = kin::rest_for_one, .intensity = very_often},
                                      child("a"),
                                      child("b"),
                                      x.child("x", kin::self()),
                                      child("d")});
  auto was = expect_all_up({"a", "b", "x", "d"});
  x.works(false);

  end_with(was[1], no_disk{1});

  expect_shutdown({"d", "x"});
  auto b = expect_up("b");
  while (x.tries() < 5) kin::yield();
  const auto now = kin::which_children(tree);
  EXPECT_EQ(now[0], (kin::child_info{.id = "d"}));
  EXPECT_TRUE(now[1].restarting);
  EXPECT_EQ(now[2].pid, b);

  x.works(true);
  expect_all_up({"x", "d"});
  test::expect_silence();
}

KIN_TEST(supervisor, leaves_the_rest_alone_when_the_one_it_waited_for_is_terminated) {
  flaky x;
  auto tree =
      kin::start_link(kin::supervisor{{.strategy = kin::rest_for_one, .intensity = very_often},
                                      x.child("x", kin::self()),
                                      child("d")});
  auto was = expect_all_up({"x", "d"});
  x.works(false);
  end_with(was[0], no_disk{1});
  expect_shutdown({"d"});

  kin::terminate_child(tree, "x");

  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 2, .active = 0, .workers = 2}));
}

}  // namespace
