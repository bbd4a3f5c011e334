// SPDX-License-Identifier: Apache-2.0
// supervisor: whom it starts again, in which order, how often, and what if that fails. otp-semantics
// 4.4 to 4.6, 4.8.
#include "conformance/supervisor_support.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::child;
using test::custom;
using test::end_and_settle;
using test::end_with;
using test::expect_all_up;
using test::expect_shutdown;
using test::expect_up;
using test::ids_of;
using test::number;
using test::oops;
using test::started;
using test::supervisor_reports;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- one child that ends by itself --------------------------------------------------------------

enum class then { runs, is_kept, is_gone };

// What has become of a child of this kind, alone under its supervisor, that ended so.
void expect_after(kin::restart when, const kin::exit_reason& why, then what) {
  const auto tree = kin::start_link(kin::supervisor{{}, child("x", when)});
  const auto was = expect_up("x");
  end_and_settle(was, why);
  if (what == then::runs) {
    const auto now = expect_up("x");
    EXPECT_NE(now, was);
    EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "x", .pid = now}));
    EXPECT_EQ(kin::count_children(tree).active, 1U);
  } else if (what == then::is_kept) {
    EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "x"}));
    EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .workers = 1}));
    kin::restart_child(tree, "x");
    expect_up("x");
  } else {
    EXPECT_THAT(kin::which_children(tree), IsEmpty());
    kin::start_child(tree, child("x", when));
    expect_up("x");
  }
  kin::stop(tree);
  expect_shutdown({"x"});
}

KIN_TEST(supervisor, permanent_normal) {
  expect_after(kin::permanent, kin::exit_reason(kin::normal), then::runs);
}
KIN_TEST(supervisor, transient_normal) {
  expect_after(kin::transient, kin::exit_reason(kin::normal), then::is_kept);
}
KIN_TEST(supervisor, temporary_normal) {
  expect_after(kin::temporary, kin::exit_reason(kin::normal), then::is_gone);
}
KIN_TEST(supervisor, permanent_shutdown) {
  expect_after(kin::permanent, kin::exit_reason(kin::shutdown), then::runs);
  expect_after(kin::permanent, kin::shutdown(oops{}), then::runs);
}
KIN_TEST(supervisor, transient_shutdown) {
  expect_after(kin::transient, kin::exit_reason(kin::shutdown), then::is_kept);
  expect_after(kin::transient, kin::shutdown(oops{}), then::is_kept);
}
KIN_TEST(supervisor, temporary_shutdown) {
  expect_after(kin::temporary, kin::exit_reason(kin::shutdown), then::is_gone);
  expect_after(kin::temporary, kin::shutdown(oops{}), then::is_gone);
}
KIN_TEST(supervisor, permanent_abnormal) {
  expect_after(kin::permanent, kin::exit_reason(oops{}), then::runs);
}
KIN_TEST(supervisor, transient_abnormal) {
  expect_after(kin::transient, kin::exit_reason(oops{}), then::runs);
}
KIN_TEST(supervisor, temporary_abnormal) {
  expect_after(kin::temporary, kin::exit_reason(oops{}), then::is_gone);
}

// ---- a start that fails, down the tree ----------------------------------------------------------

struct faulty : kin::gen_server {
  faulty() { throw std::runtime_error("faulty"); }
};

// Each level says which of its children did not start, and why.
KIN_TEST(supervisor, faulty_application_shutdown) {
  const auto refused = kin::try_start_link(kin::supervisor{
      {}, kin::child({.id = "inner"}, kin::supervisor{{}, kin::child<faulty>({.id = "leaf"})})});
  const auto* inner = refused.error().get_if<kin::failed_to_start_child>();
  ASSERT_NE(inner, nullptr) << refused.error();
  EXPECT_TRUE(refused.error().is_orderly());
  EXPECT_EQ(inner->id, "inner");
  const auto* leaf = inner->reason.get_if<kin::failed_to_start_child>();
  ASSERT_NE(leaf, nullptr) << inner->reason;
  EXPECT_EQ(leaf->id, "leaf");
  EXPECT_NE(leaf->reason.get_if<std::runtime_error>(), nullptr) << leaf->reason;
}

// ---- several children ---------------------------------------------------------------------------

// Temporary siblings that end with the others are gone, and no restart is counted for them.
KIN_TEST(supervisor, temporary_bystander) {
  for (const kin::strategy how : {kin::one_for_all, kin::rest_for_one}) {
    const auto tree = kin::start_link(kin::supervisor{
        {.strategy = how, .intensity = 1}, child("x"), child("bystander", kin::temporary)});
    const auto was = expect_all_up({"x", "bystander"});
    end_with(was[0], oops{});
    expect_shutdown({"bystander"});
    expect_up("x");
    EXPECT_THAT(ids_of(kin::which_children(tree)), ElementsAre("x"));
    kin::stop(tree);
    expect_shutdown({"x"});
  }
}

// As many as one likes, if there is more than a period between them. Where time costs nothing.
KIN_SIM_TEST(supervisor, multiple_restarts) {
  const auto tree = kin::start_link(kin::supervisor{{.intensity = 1, .period = 1s}, child("x")});
  auto x = expect_up("x");
  for (int i = 0; i < 5; ++i) {
    end_with(x, oops{});
    x = expect_up("x");
    test::pass(1001ms);
  }
  EXPECT_EQ(kin::count_children(tree).active, 1U);
  kin::stop(tree);
  expect_shutdown({"x"});
}

// The third end within the period is one too many: of "x", which lives alone or with others.
template <class Others>
void expect_given_up(kin::server<kin::supervisor> tree, const std::string& who, Others rest) {
  end_with(expect_up(who), oops{});
  rest();
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

KIN_TEST(supervisor, one_for_one) {
  kin::trap_exits();
  const auto tree = kin::start_link(kin::supervisor{{.intensity = 2}, child("a"), child("b")});
  const auto was = expect_all_up({"a", "b"});
  end_with(was[0], oops{});
  const auto now = expect_up("a");
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "b", .pid = was[1]},
                                                     kin::child_info{.id = "a", .pid = now}));
  end_with(now, oops{});
  expect_given_up(tree, "a", [] { expect_shutdown({"b"}); });
}

// A child that ends at once each time takes its supervisor and its siblings with it.
kin::child_spec hopeless(test::flaky& x) { return x.child("x"); }
KIN_TEST(supervisor, one_for_one_escalation) {
  kin::trap_exits();
  test::flaky x;
  const auto tree = kin::start_link(kin::supervisor{{.intensity = 4}, hopeless(x), child("b")});
  const auto was = expect_all_up({"x", "b"});
  x.works(false);
  end_with(was[0], oops{});
  expect_shutdown({"b"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
  EXPECT_EQ(x.tries(), 1 + 4);
}

KIN_TEST(supervisor, one_for_all) {
  kin::trap_exits();
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::one_for_all, .intensity = 2}, child("a"), child("b")});
  auto was = expect_all_up({"a", "b"});
  for (int i = 0; i < 2; ++i) {
    end_with(was[0], oops{});
    expect_shutdown({"b"});
    const auto now = expect_all_up({"a", "b"});
    EXPECT_NE(now[0], was[0]);
    EXPECT_NE(now[1], was[1]);
    was = now;
  }
  end_with(was[0], oops{});
  expect_shutdown({"b"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

KIN_TEST(supervisor, one_for_all_escalation) {
  kin::trap_exits();
  test::flaky x;
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::one_for_all, .intensity = 3}, child("a"), hopeless(x)});
  const auto was = expect_all_up({"a", "x"});
  x.works(false);
  end_with(was[0], oops{});
  expect_shutdown({"x"});
  for (int i = 0; i < 3; ++i) {
    expect_up("a");
    expect_shutdown({"a"});
  }
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

// A sibling that was started before the one that fails is told to shut down before the next try.
KIN_TEST(supervisor, one_for_all_other_child_fails_restart,
         {.seeds = 3, .leaves_messages = true, .simulation = test::fair}) {
  test::flaky x;
  const auto tree = kin::start_link(kin::supervisor{
      {.strategy = kin::one_for_all, .intensity = test::very_often}, child("a"), x.child("x")});
  const auto was = expect_all_up({"a", "x"});
  x.works(false);
  end_with(was[0], oops{});
  expect_shutdown({"x"});
  expect_up("a");
  expect_shutdown({"a"});
  expect_up("a");
  x.works(true);
  while (kin::count_children(tree).active != 2) test::drained();
}

// Those of one template: only the one that ended starts again.
KIN_TEST(supervisor, simple_one_for_one) {
  kin::trap_exits();
  const auto tree = kin::start_link(test::members({}, {.intensity = 2}));
  kin::start_child(tree, "a"s);
  const kin::pid b = kin::start_child(tree, "b"s);
  const auto was = expect_all_up({"a", "b"});
  end_with(was[0], oops{});
  const auto now = expect_up("a");
  std::vector<kin::pid> pids;
  for (const auto& c : kin::which_children(tree)) pids.push_back(c.pid);
  EXPECT_THAT(pids, testing::UnorderedElementsAre(b, now.pid));
  end_with(now, oops{});
  expect_given_up(tree, "a", [] { expect_shutdown({"b"}); });
}

// All at once: those that go when they are asked do not wait for the one that must be killed.
KIN_TEST(supervisor, simple_one_for_one_shutdown) {
  const kin::pid me = kin::self();
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::simple_one_for_one},
                      kin::child_template({.id = "x", .shutdown = 50ms}, [me](bool goes) {
                        kin::trap_exits();
                        kin::send(me, kin::self());
                        const kin::exited told = kin::receive([](kin::exited e) { return e; });
                        kin::send(me, word{"asked"});
                        if (!goes) test::idle();
                        kin::exit(told.reason);
                      })});
  std::vector<kin::ref> watches;
  for (const bool goes : {false, true, true, false}) {
    kin::start_child(tree, goes);
    watches.push_back(test::watching(test::expect<kin::pid>()));
  }
  kin::stop(tree);
  for (int i = 0; i < 4; ++i) test::expect<word>();
  EXPECT_EQ(test::expect_down(watches[0]).reason, kin::killed);
  EXPECT_EQ(test::expect_down(watches[1]).reason, kin::shutdown);
  EXPECT_EQ(test::expect_down(watches[2]).reason, kin::shutdown);
  EXPECT_EQ(test::expect_down(watches[3]).reason, kin::killed);
  EXPECT_THAT(supervisor_reports(), ElementsAre(HasSubstr("{nb_children, 2}")));
}

// What a start has to say beside the pid goes to who asked for it; a restart needs it not.
KIN_TEST(supervisor, simple_one_for_one_extra) {
  const auto tree = kin::start_link(kin::supervisor{
      {.strategy = kin::simple_one_for_one}, kin::child_template([me = kin::self()](int n) {
        const auto begun = kin::start_link<test::member>(me, "x"s);
        return kin::started_child{begun.pid, kin::message::of(number{n})};
      })});
  const auto first = kin::start_child_with_info(tree, 7);
  EXPECT_EQ(*first.info.get_if<number>(), number{7});
  const auto was = expect_up("x");
  EXPECT_EQ(was.pid, first.pid);
  end_with(was, oops{});
  EXPECT_NE(expect_up("x"), was);
  kin::stop(tree);
  expect_shutdown({"x"});
}

KIN_TEST(supervisor, simple_one_for_one_escalation) {
  kin::trap_exits();
  test::flaky x;
  const auto tree = kin::start_link(x.tree({.intensity = 4}));
  kin::start_child(tree, "a"s);
  kin::start_child(tree, "b"s);
  const auto was = expect_all_up({"a", "b"});
  x.works(false);
  end_with(was[0], oops{});
  expect_shutdown({"b"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

// What a temporary child was started with is not kept, neither while it runs nor when it has ended.
KIN_TEST(supervisor, simple_one_for_one_corruption) {
  const auto large = std::make_shared<int>(7);
  const auto tree = kin::start_link(kin::supervisor{
      {.strategy = kin::simple_one_for_one},
      kin::child_template({.restart = kin::temporary}, [](std::shared_ptr<int> taken) {
        taken.reset();
        kin::exit(test::expect<kin::exit_reason>());
      })});
  const kin::pid child = kin::start_child(tree, large);
  test::settle();
  EXPECT_EQ(large.use_count(), 1);
  test::end_told_by(child, kin::exit_reason(oops{}));
  test::settle();
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{.specs = 1});
}

KIN_TEST(supervisor, rest_for_one) {
  kin::trap_exits();
  const auto tree = kin::start_link(kin::supervisor{
      {.strategy = kin::rest_for_one, .intensity = 2}, child("a"), child("b"), child("c")});
  const auto first = expect_all_up({"a", "b", "c"});
  end_with(first[1], oops{});
  expect_shutdown({"c"});
  const auto second = expect_all_up({"b", "c"});
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "c", .pid = second[1]},
                                                     kin::child_info{.id = "b", .pid = second[0]},
                                                     kin::child_info{.id = "a", .pid = first[0]}));
  end_with(second[1], oops{});
  expect_given_up(tree, "c", [] { expect_shutdown({"b", "a"}); });
}

KIN_TEST(supervisor, rest_for_one_escalation) {
  kin::trap_exits();
  test::flaky x;
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::rest_for_one, .intensity = 4}, child("a"), hopeless(x)});
  const auto was = expect_all_up({"a", "x"});
  x.works(false);
  end_with(was[0], oops{});
  expect_shutdown({"x"});
  expect_up("a");
  expect_shutdown({"a"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

// The next try starts from the one that failed; who was started before it lives on.
KIN_TEST(supervisor, rest_for_one_other_child_fails_restart,
         {.seeds = 3, .simulation = test::fair}) {
  test::flaky x;
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::rest_for_one, .intensity = test::very_often},
                      child("a"),
                      x.child("x"),
                      child("c")});
  const auto was = expect_all_up({"a", "x", "c"});
  x.works(false);
  end_with(was[0], oops{});
  expect_shutdown({"c", "x"});
  const auto a = expect_up("a");
  x.await_tries(4);
  x.works(true);
  expect_all_up({"x", "c"});
  EXPECT_EQ(kin::which_children(tree).back().pid, a);
  kin::stop(tree);
  expect_shutdown({"c", "x", "a"});
}

// ---- special children ---------------------------------------------------------------------------

// One that has cut its link is ended all the same, and nobody waits for an EXIT that never comes.
KIN_TEST(supervisor, child_unlink) {
  const kin::pid me = kin::self();
  const auto tree = kin::start_link(kin::supervisor{{}, kin::child_process({.id = "naughty"}, [me] {
                                                      kin::unlink(kin::parent());
                                                      kin::send(me, kin::self());
                                                      test::idle();
                                                    })});
  const kin::ref watch = test::watching(test::expect<kin::pid>());
  kin::terminate_child(tree, "naughty");
  EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown);
  kin::restart_child(tree, "naughty");
  const kin::pid again = test::expect<kin::pid>();
  test::end_told_by(again, word{"end"});
  // Nobody has told the supervisor.
  EXPECT_EQ(kin::which_children(tree).front().pid, again);
  EXPECT_EQ(kin::count_children(tree).active, 0U);
  EXPECT_EQ(kin::try_restart_child(tree, "naughty").error(), kin::running);
  kin::terminate_child(tree, "naughty");
  EXPECT_THAT(supervisor_reports(), ElementsAre(testing::AllOf(HasSubstr("shutdown_error"),
                                                               HasSubstr("reason: noproc"))));
}

// Two levels: what happens below stays there until the supervisor there gives up; then it starts
// again with the children it was written with, not with those it was given later.
KIN_TEST(supervisor, tree) {
  const kin::pid me = kin::self();
  const auto below = [me](std::string one, std::string two) {
    const auto leaf = [me](const std::string& id) {
      return kin::child<test::member>({.id = id}, me, id);
    };
    return kin::supervisor{{.intensity = 1}, leaf(one), leaf(two)};
  };
  const auto tree = kin::start_link(
      kin::supervisor{{.intensity = 1},
                      kin::child({.id = "left"}, [=] { return below("a", "b"); }),
                      kin::child({.id = "right"}, [=] { return below("c", "d"); })});
  const auto was = expect_all_up({"a", "b", "c", "d"});
  const auto top = kin::which_children(tree);
  const kin::pid right = top[0].pid;
  const kin::pid left = top[1].pid;
  kin::start_child(left, child("e"));
  expect_up("e");
  EXPECT_EQ(kin::count_children(tree),
            (kin::child_counts{.specs = 2, .active = 2, .supervisors = 2}));
  EXPECT_EQ(kin::count_children(left).workers, 3U);

  end_with(was[0], oops{});
  const auto a = expect_up("a");
  EXPECT_EQ(kin::which_children(tree), top);

  end_with(a, oops{});
  expect_shutdown({"e", "b"});
  expect_all_up({"a", "b"});
  const auto now = kin::which_children(tree);
  EXPECT_EQ(now[0].pid, right);
  EXPECT_NE(now[1].pid, left);
  EXPECT_EQ(kin::count_children(now[1].pid).workers, 2U);
  kin::stop(tree);
  expect_shutdown({"d", "c", "b", "a"});
}

}  // namespace
