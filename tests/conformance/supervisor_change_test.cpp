// SPDX-License-Identifier: Apache-2.0
// supervisor: significant children, a tree that is changed while it runs, many children, restarts
// that go on and on, reports. otp-semantics 4.6, 4.9 to 4.11, 10.2.
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>

#include "conformance/supervisor_support.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using fault = kin::bad_spec::fault;
using mode = kin::auto_shutdown;
using test::child;
using test::custom;
using test::end_and_settle;
using test::end_with;
using test::expect_all_up;
using test::expect_shutdown;
using test::expect_up;
using test::fault_in;
using test::ids_of;
using test::number;
using test::oops;
using test::started;
using test::supervisor_reports;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- significant children -----------------------------------------------------------------------

kin::child_spec significant(std::string id, kin::restart when) {
  auto spec = child(std::move(id), when);
  spec.significant = true;
  return spec;
}
// The supervisor ends by itself, and these before it.
void expect_auto_shutdown(kin::pid tree, const std::vector<std::string>& rest = {}) {
  expect_shutdown(rest);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}
constexpr mode modes[] = {kin::any_significant, kin::all_significant};

// Ends of children that are not significant mean nothing.
void others_do_not_matter(kin::restart when) {
  for (const mode m : modes) {
    const auto tree = kin::start_link(kin::supervisor{
        {.intensity = 9, .auto_shutdown = m}, child("a", when), significant("s", kin::transient)});
    const auto was = expect_all_up({"a", "s"});
    end_and_settle(was[0], kin::normal);
    if (when == kin::temporary) {
      kin::start_child(tree, child("a", when));
    } else {
      kin::restart_child(tree, "a");
    }
    end_and_settle(expect_up("a"), oops{});
    if (when == kin::transient) expect_up("a");
    EXPECT_TRUE(kin::is_alive(tree));
    kin::stop(tree);
    expect_shutdown({"s"});
    if (when == kin::transient) expect_shutdown({"a"});
  }
}
KIN_TEST(supervisor, nonsignificant_temporary) { others_do_not_matter(kin::temporary); }
KIN_TEST(supervisor, nonsignificant_transient) { others_do_not_matter(kin::transient); }

// Any end of its own counts, that by terminate_child does not.
KIN_TEST(supervisor, significant_temporary) {
  kin::trap_exits();
  for (const kin::exit_reason& why :
       {kin::exit_reason(kin::normal), kin::exit_reason(kin::shutdown), kin::exit_reason(oops{})}) {
    const auto any = kin::start_link(kin::supervisor{{.auto_shutdown = kin::any_significant},
                                                     significant("a", kin::temporary),
                                                     significant("b", kin::temporary),
                                                     child("c")});
    const auto was = expect_all_up({"a", "b", "c"});
    kin::terminate_child(any, "a");
    expect_shutdown({"a"});
    EXPECT_EQ(kin::count_children(any).active, 2U);
    end_with(was[1], why);
    expect_auto_shutdown(any, {"c"});

    const auto all = kin::start_link(kin::supervisor{{.auto_shutdown = kin::all_significant},
                                                     significant("a", kin::temporary),
                                                     significant("b", kin::temporary),
                                                     child("c")});
    const auto those = expect_all_up({"a", "b", "c"});
    end_and_settle(those[0], why);
    EXPECT_EQ(kin::count_children(all).active, 2U);
    end_with(those[1], why);
    expect_auto_shutdown(all, {"c"});
  }
}

// One that starts again has not gone.
KIN_TEST(supervisor, significant_transient) {
  kin::trap_exits();
  const auto any =
      kin::start_link(kin::supervisor{{.intensity = 9, .auto_shutdown = kin::any_significant},
                                      significant("a", kin::transient),
                                      significant("b", kin::transient)});
  auto was = expect_all_up({"a", "b"});
  end_with(was[0], oops{});
  was[0] = expect_up("a");
  end_with(was[0], kin::shutdown(oops{}));
  expect_auto_shutdown(any, {"b"});

  const auto all =
      kin::start_link(kin::supervisor{{.intensity = 9, .auto_shutdown = kin::all_significant},
                                      significant("a", kin::transient),
                                      significant("b", kin::transient)});
  was = expect_all_up({"a", "b"});
  end_and_settle(was[0], kin::normal);
  end_with(was[1], oops{});
  was[1] = expect_up("b");
  kin::restart_child(all, "a");
  was[0] = expect_up("a");
  end_and_settle(was[1], kin::normal);
  EXPECT_EQ(kin::count_children(all).active, 1U);
  end_with(was[0], kin::normal);
  expect_auto_shutdown(all);
}

KIN_TEST(supervisor, significant_simple) {
  kin::trap_exits();
  const auto start = [](mode m) {
    const auto tree = kin::start_link(test::members(
        {.restart = kin::transient, .significant = true}, {.intensity = 9, .auto_shutdown = m}));
    kin::start_child(tree, "a"s);
    kin::start_child(tree, "b"s);
    return tree;
  };
  const auto any = start(kin::any_significant);
  auto was = expect_all_up({"a", "b"});
  end_with(was[0], oops{});
  was[0] = expect_up("a");
  end_with(was[0], kin::normal);
  expect_auto_shutdown(any, {"b"});

  const auto all = start(kin::all_significant);
  was = expect_all_up({"a", "b"});
  end_and_settle(was[0], kin::normal);
  EXPECT_EQ(kin::count_children(all).active, 1U);
  end_with(was[1], kin::normal);
  expect_auto_shutdown(all);
}

// Those that end with others, because their strategy says so, have not gone by themselves.
KIN_TEST(supervisor, significant_bystander) {
  for (const mode m : modes) {
    for (const kin::strategy how : {kin::one_for_all, kin::rest_for_one}) {
      const auto tree = kin::start_link(kin::supervisor{{.strategy = how, .auto_shutdown = m},
                                                        child("x"),
                                                        significant("temp", kin::temporary),
                                                        significant("trans", kin::transient)});
      const auto was = expect_all_up({"x", "temp", "trans"});
      end_with(was[0], oops{});
      expect_shutdown({"trans", "temp"});
      expect_all_up({"x", "trans"});
      EXPECT_EQ(kin::count_children(tree).active, 2U);
      kin::stop(tree);
      expect_shutdown({"trans", "x"});
    }
  }
}

// A supervisor that ended so is a child that ended so.
KIN_TEST(supervisor, significant_escalation) {
  kin::trap_exits();
  for (const bool passes_on : {true, false}) {
    const auto tree = kin::start_link(kin::supervisor{
        {.auto_shutdown = kin::any_significant},
        child("other"),
        kin::child({.id = "below", .restart = kin::transient, .significant = passes_on},
                   kin::supervisor{{.auto_shutdown = kin::any_significant},
                                   significant("leaf", kin::temporary)})});
    const auto was = expect_all_up({"other", "leaf"});
    end_with(was[1], kin::normal);
    if (passes_on) {
      expect_auto_shutdown(tree, {"other"});
    } else {
      test::settle();
      EXPECT_EQ(kin::count_children(tree).active, 1U);
      kin::stop(tree);
      expect_shutdown({"other"});
      test::expect<kin::exited>();
    }
  }
}

// What OTP does with a release: held, the supervisor is given another tree in place of its own.
template <class Change>
kin::result<kin::supervisor> changed(kin::server<kin::supervisor> tree, Change change) {
  kin::sys::suspend(tree);
  auto now = kin::sys::try_change_code(tree, std::move(change));
  kin::sys::resume(tree);
  return now;
}
kin::result<kin::supervisor> changed_to(kin::server<kin::supervisor> tree, kin::supervisor to) {
  return changed(tree, [to](const kin::supervisor& /*was*/) { return to; });
}

// Two significant children under the first mode; then the second one holds. What is left to do then
// ends the first of them, and says whether that ends the supervisor, and if not, whether the second
// end does.
enum class ends { at_first, at_second, never };
void expect_upgrade(mode before, mode after, ends when) {
  kin::trap_exits();
  const auto tree = started({.auto_shutdown = before == mode::never ? after : before});
  kin::start_child(tree, significant("a", kin::transient));
  kin::start_child(tree, significant("b", kin::transient));
  const auto was = expect_all_up({"a", "b"});
  if (before == mode::never) {
    EXPECT_TRUE(changed_to(tree, {{.auto_shutdown = mode::never}}));
  }
  EXPECT_TRUE(changed_to(tree, {{.auto_shutdown = after}}));
  EXPECT_EQ(kin::sys::get_state(tree).options().auto_shutdown, after);
  EXPECT_EQ(kin::try_start_child(tree, significant("c", kin::temporary)).has_value(),
            after != mode::never);
  if (after != mode::never) {
    expect_up("c");
    kin::terminate_child(tree, "c");
    expect_shutdown({"c"});
  }
  end_with(was[0], kin::normal);
  if (when == ends::at_first) return expect_auto_shutdown(tree, {"b"});
  test::settle();
  EXPECT_EQ(kin::count_children(tree).active, 1U);
  end_with(was[1], kin::normal);
  if (when == ends::at_second) return expect_auto_shutdown(tree);
  test::settle();
  EXPECT_EQ(kin::count_children(tree).active, 0U);
  kin::stop(tree);
  test::expect<kin::exited>();
}
KIN_TEST(supervisor, significant_upgrade_never_any) {
  expect_upgrade(mode::never, mode::any_significant, ends::at_first);
}
KIN_TEST(supervisor, significant_upgrade_any_never) {
  expect_upgrade(mode::any_significant, mode::never, ends::never);
}
KIN_TEST(supervisor, significant_upgrade_never_all) {
  expect_upgrade(mode::never, mode::all_significant, ends::at_second);
}
KIN_TEST(supervisor, significant_upgrade_all_never) {
  expect_upgrade(mode::all_significant, mode::never, ends::never);
}
KIN_TEST(supervisor, significant_upgrade_any_all) {
  expect_upgrade(mode::any_significant, mode::all_significant, ends::at_second);
}
KIN_TEST(supervisor, significant_upgrade_all_any) {
  expect_upgrade(mode::all_significant, mode::any_significant, ends::at_first);
}

// A child that is there becomes significant, or no longer is.
KIN_TEST(supervisor, significant_upgrade_child) {
  kin::trap_exits();
  const auto tree = started({.auto_shutdown = kin::any_significant});
  kin::start_child(tree, child("a", kin::transient));
  auto a = expect_up("a");
  const auto with = [](mode m, bool is) {
    auto spec = child("a", kin::transient);
    spec.significant = is;
    return kin::supervisor{{.auto_shutdown = m}, spec};
  };
  EXPECT_EQ(fault_in(changed_to(tree, with(mode::never, true))), fault::bad_combination);
  EXPECT_FALSE(kin::get_childspec(tree, "a").significant);

  EXPECT_TRUE(changed_to(tree, with(mode::any_significant, true)));
  EXPECT_TRUE(changed_to(tree, with(mode::any_significant, false)));
  end_and_settle(a, kin::normal);
  kin::restart_child(tree, "a");
  a = expect_up("a");
  EXPECT_TRUE(changed_to(tree, with(mode::all_significant, true)));
  end_with(a, kin::normal);
  expect_auto_shutdown(tree);
}

// ---- counts -------------------------------------------------------------------------------------

template <class Template>
void expect_counts(Template pattern, bool are_workers) {
  const auto tree =
      kin::start_link(kin::supervisor{{.strategy = kin::simple_one_for_one}, std::move(pattern)});
  const auto counts = [&](std::size_t n) {
    kin::child_counts expected{.specs = 1, .active = n};
    (are_workers ? expected.workers : expected.supervisors) = n;
    EXPECT_EQ(kin::count_children(tree), expected);
    EXPECT_EQ(kin::count_children(tree), expected) << "a second time";
  };
  counts(0);
  const auto half = static_cast<std::size_t>(test::times(1000));
  std::vector<kin::pid> all;
  for (std::size_t part = 1; part <= 2; ++part) {
    for (std::size_t i = 0; i < half; ++i) all.push_back(kin::start_child(tree));
    counts(part * half);
  }
  for (const kin::pid p : all) kin::exit(p, kin::kill);
  for (const kin::pid p : all) test::await_exit(p);
  test::settle();
  counts(0);
}
KIN_TEST(supervisor, count_children) {
  expect_counts(kin::child_template<kin::pid()>({.restart = kin::temporary}, [] { test::idle(); }),
                true);
}
KIN_TEST(supervisor, count_children_supervisor) {
  expect_counts(kin::child_template<kin::supervisor()>({.restart = kin::temporary},
                                                       [] { return kin::supervisor{{}}; }),
                false);
}

KIN_TEST(supervisor, count_restarting_children, {.seeds = 1, .simulation = test::fair}) {
  test::flaky x;
  const auto tree = kin::start_link(x.tree({.intensity = test::very_often}));
  for (const char* id : {"a", "b", "c"}) kin::start_child(tree, std::string(id));
  const auto was = expect_all_up({"a", "b", "c"});
  x.works(false);
  for (const auto& one : was) end_with(one, oops{});
  x.await_tries(9);
  while (kin::count_children(tree).active != 0) kin::yield();
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .workers = 3}));
  for (const auto& one : was) kin::terminate_child(tree, one);
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{.specs = 1});
}

KIN_TEST(supervisor, get_callback_module) {
  EXPECT_EQ(kin::sys::get_status(started()).server, "kin::supervisor");
}

// ---- what is kept of temporary children ---------------------------------------------------------

KIN_TEST(supervisor, do_not_save_start_parameters_for_temporary_children) {
  for (const kin::strategy how : {kin::one_for_one, kin::one_for_all, kin::rest_for_one}) {
    for (const kin::restart when : {kin::temporary, kin::transient}) {
      auto large = std::make_shared<int>(7);
      const std::weak_ptr<int> kept = large;
      const auto tree = started({.strategy = how});
      kin::start_child(tree, custom(
                                 "a", [large] { return kin::spawn_link(test::idle); }, when));
      large.reset();
      test::settle();
      EXPECT_EQ(kept.expired(), when == kin::temporary);
    }
  }
}

KIN_TEST(supervisor, do_not_save_child_specs_for_temporary_children) {
  for (const kin::restart when : {kin::permanent, kin::transient, kin::temporary}) {
    const auto tree = started({.intensity = 9});
    const std::size_t left = when == kin::temporary ? 0 : 1;
    const auto start = [&] {
      if (kin::which_children(tree).empty()) {
        kin::start_child(tree, child("a", when));
      } else {
        static_cast<void>(kin::try_restart_child(tree, "a"));
      }
    };
    start();
    auto a = expect_up("a");
    for (const kin::exit_reason& why : {kin::exit_reason(oops{}), kin::exit_reason(kin::normal)}) {
      end_and_settle(a, why);
      EXPECT_EQ(kin::which_children(tree).size(), left) << when << ' ' << why;
      start();
      a = expect_up("a");
    }
    kin::terminate_child(tree, "a");
    expect_shutdown({"a"});
    EXPECT_EQ(kin::which_children(tree).size(), left);
  }
}

// ---- many ---------------------------------------------------------------------------------------

// Ten times as many children are ten times the work, told by what the supervisor has done: a search
// among all of them for each would be a hundred times.
std::uint64_t work_of(kin::pid tree) { return kin::info(tree)->reductions; }

KIN_THREAD_TEST(supervisor, simple_one_for_one_scale_many_temporary_children) {
  const auto cost = [](int many) {
    const auto tree = kin::start_link(kin::supervisor{
        {.strategy = kin::simple_one_for_one},
        kin::child_template<kin::pid()>({.restart = kin::temporary},
                                        [] { return kin::loop([](const word& /*any*/) {}); })});
    std::vector<kin::pid> all;
    for (int i = 0; i < many; ++i) all.push_back(kin::start_child(tree));
    const std::uint64_t before = work_of(tree);
    for (const kin::pid p : all) kin::terminate_child(tree, p);
    const std::uint64_t work = work_of(tree) - before;
    EXPECT_EQ(kin::count_children(tree), kin::child_counts{.specs = 1});
    kin::stop(tree);
    return work;
  };
  const int few = test::times(1000);
  EXPECT_LT(cost(10 * few), 20 * cost(few));
}

KIN_THREAD_TEST(supervisor, scale_start_stop_many_children) {
  const int many = test::times(50'000);
  std::vector<kin::child_spec> specs;
  for (int i = 0; i < many; ++i) {
    specs.push_back(kin::child_process({.id = std::to_string(i)},
                                       [] { return kin::loop([](const word& /*any*/) {}); }));
  }
  const auto tree = kin::start_link(kin::supervisor{{}, std::move(specs)});
  EXPECT_EQ(kin::count_children(tree).active, static_cast<std::size_t>(many));
  kin::stop(tree);
}

// ---- names that no machine knows ----------------------------------------------------------------

TEST(supervisor, simple_global_supervisor) {
  kin::registry<std::string, test::member> servers;
  kin::registry<std::string, kin::supervisor> trees;
  test::play([&] {
    const kin::pid me = kin::self();
    const auto below = [&servers, &trees, me] {
      return kin::supervisor{{.name = trees["below"], .intensity = 1},
                             kin::child<test::member>({.name = servers["leaf"]}, me, "leaf"s)};
    };
    const auto top = kin::start_link(
        kin::supervisor{{.name = trees["top"]}, kin::child({.id = "below"}, below)});
    expect_up("leaf");
    EXPECT_EQ(kin::whereis(trees["top"]), top.pid);
    const auto was = kin::whereis(trees["below"]);
    EXPECT_EQ(kin::which_children(trees["top"]).front().pid, was);
    EXPECT_EQ(kin::which_children(trees["below"]).front().id, "leaf");
    EXPECT_TRUE(kin::try_start_link(below).error().is(kin::already_started{*was}));

    for (int i = 0; i < 2; ++i) {  // once too often: its supervisor starts again, too
      kin::cast(servers["leaf"], test::end{kin::exit_reason(oops{})});
      test::expect<test::ended>();
      const auto leaf = expect_up("leaf");
      EXPECT_EQ(kin::whereis(servers["leaf"]), leaf.pid);
    }
    EXPECT_EQ(kin::count_children(top).active, 1U);
    EXPECT_NE(kin::whereis(trees["below"]), was);
    kin::stop(trees["top"]);
    expect_shutdown({"leaf"});
  });
}

// ---- restarts that go on and on -----------------------------------------------------------------

KIN_TEST(supervisor, hanging_restart_loop, {.seeds = 1, .simulation = test::fair}) {
  test::flaky x;
  const auto tree = kin::start_link(kin::supervisor{{.intensity = test::very_often}, x.child("x")});
  const auto was = expect_up("x");
  x.works(false);
  end_with(was, oops{});
  x.await_tries(3);
  EXPECT_THAT(kin::which_children(tree),
              ElementsAre(kin::child_info{.id = "x", .restarting = true}));
  EXPECT_EQ(kin::try_start_child(tree, child("x")).error(), kin::already_present);
  EXPECT_EQ(kin::try_restart_child(tree, "x").error(), kin::restarting);
  EXPECT_EQ(kin::try_delete_child(tree, "x").error(), kin::restarting);

  kin::terminate_child(tree, "x");
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "x"}));
  x.works(true);
  kin::restart_child(tree, "x");
  end_with(expect_up("x"), oops{});
  const auto now = expect_up("x");
  x.works(false);
  end_with(now, oops{});
  x.await_tries(9);
  kin::stop(tree);  // in the midst of it
}

KIN_TEST(supervisor, hanging_restart_loop_rest_for_one, {.seeds = 1, .simulation = test::fair}) {
  test::flaky x;
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::rest_for_one, .intensity = test::very_often},
                      child("a"),
                      x.child("x"),
                      child("c")});
  const auto was = expect_all_up({"a", "x", "c"});
  x.works(false);
  end_with(was[1], oops{});
  expect_shutdown({"c"});
  x.await_tries(3);
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "c"},
                                                     kin::child_info{.id = "x", .restarting = true},
                                                     kin::child_info{.id = "a", .pid = was[0]}));
  kin::terminate_child(tree, "x");
  EXPECT_THAT(kin::which_children(tree),
              ElementsAre(kin::child_info{.id = "c"}, kin::child_info{.id = "x"},
                          kin::child_info{.id = "a", .pid = was[0]}))
      << "who has waited for it is started by nobody";
  x.works(true);
  kin::restart_child(tree, "x");
  expect_up("x");
  EXPECT_EQ(kin::count_children(tree).active, 2U);
  kin::stop(tree);
  expect_shutdown({"x", "a"});
}

KIN_TEST(supervisor, hanging_restart_loop_simple, {.seeds = 1, .simulation = test::fair}) {
  test::flaky x;
  const auto tree = kin::start_link(x.tree({.intensity = test::very_often}));
  kin::start_child(tree, "a"s);
  kin::start_child(tree, "b"s);
  const auto was = expect_all_up({"a", "b"});
  x.works(false);
  end_with(was[0], oops{});
  x.await_tries(4);
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .active = 1, .workers = 2}));
  EXPECT_EQ(kin::try_start_child(tree, "c"s).error(), kin::exit_reason(oops{}));
  kin::terminate_child(tree, was[0]);
  EXPECT_THAT(kin::which_children(tree),
              ElementsAre(kin::child_info{.id = kin::type_name(typeid(kin::started_child)),
                                          .pid = was[1]}));
  kin::stop(tree);
  expect_shutdown({"b"});
}

// ---- a tree that is changed while it runs -------------------------------------------------------

// The options hold from now on, specs of children that are there take the place of theirs, those of
// others wait to be started, and who is not named is kept, behind them.
void expect_change(bool as_function_of_it) {
  const auto tree = kin::start_link(kin::supervisor{{}, child("a"), child("b"), child("c")});
  const auto was = expect_all_up({"a", "b", "c"});
  const kin::supervisor to{{.strategy = kin::one_for_all, .intensity = 3, .period = 60s},
                           child("new"),
                           child("b", kin::transient)};
  EXPECT_EQ(kin::sys::try_change_code(tree, [&to](const kin::supervisor&) { return to; }).error(),
            kin::sys::not_suspended);
  const auto now = as_function_of_it ? changed(tree,
                                               [to](const kin::supervisor& old) {
                                                 EXPECT_EQ(old.children().size(), 3U);
                                                 return kin::result<kin::supervisor>(to);
                                               })
                                     : changed_to(tree, to);
  ASSERT_TRUE(now);
  std::vector<std::string> order;
  for (const auto& spec : now->children()) order.push_back(spec.id);
  EXPECT_THAT(order, ElementsAre("new", "b", "a", "c"));
  EXPECT_EQ(now->options().strategy, kin::one_for_all);
  EXPECT_THAT(kin::which_children(tree),
              ElementsAre(kin::child_info{.id = "c", .pid = was[2]},
                          kin::child_info{.id = "a", .pid = was[0]},
                          kin::child_info{.id = "b", .pid = was[1]}, kin::child_info{.id = "new"}));
  EXPECT_EQ(kin::get_childspec(tree, "b").restart, kin::transient);

  // A change that cannot be is none.
  EXPECT_EQ(fault_in(changed_to(tree, {{.period = 0s}})), fault::invalid_period);
  EXPECT_EQ(fault_in(changed_to(tree, {{}, child("a"), child("a")})), fault::duplicate_child_name);
  EXPECT_EQ(fault_in(changed_to(tree, {{}, kin::child_spec{.id = "a"}})), fault::missing_start);
  EXPECT_EQ(fault_in(changed_to(
                tree, {{.strategy = kin::simple_one_for_one}, kin::child_template([] {})})),
            fault::invalid_strategy);
  const auto reason = [](const kin::supervisor&) {
    return kin::result<kin::supervisor>(kin::exit_reason(oops{}));
  };
  EXPECT_EQ(changed(tree, reason).error(), kin::exit_reason(oops{}));
  const auto none = [](const kin::supervisor&) {
    return kin::result<kin::supervisor>(kin::exit_reason(kin::ignored));
  };
  EXPECT_EQ(changed(tree, none)->options().intensity, 3U);

  // It is one_for_all now, and three restarts are well.
  end_with(was[1], oops{});
  expect_shutdown({"c", "a"});
  const auto all = expect_all_up({"new", "b", "a", "c"});
  end_with(all[0], oops{});
  expect_shutdown({"c", "a", "b"});
  expect_all_up({"new", "b", "a", "c"});
  kin::stop(tree);
  expect_shutdown({"c", "a", "b", "new"});
}
KIN_TEST(supervisor, code_change) { expect_change(false); }
KIN_TEST(supervisor, code_change_map) { expect_change(true); }

void expect_change_simple(bool as_function_of_it) {
  const auto tree = kin::start_link(test::members({.id = "old"}));
  kin::start_child(tree, "a"s);
  const auto a = expect_up("a");
  const auto to = test::members({.id = "new", .restart = kin::transient}, {.intensity = 0});
  const auto now = as_function_of_it ? changed(tree,
                                               [to](const kin::supervisor& /*was*/) {
                                                 return kin::result<kin::supervisor>(to);
                                               })
                                     : changed_to(tree, to);
  ASSERT_TRUE(now);
  EXPECT_EQ(now->children().size(), 1U);
  EXPECT_EQ(kin::which_children(tree).front(), (kin::child_info{.id = "new", .pid = a}));

  const kin::supervisor_options simple{.strategy = kin::simple_one_for_one};
  EXPECT_EQ(fault_in(changed_to(tree, {simple})), fault::bad_start_spec);
  EXPECT_EQ(fault_in(changed_to(tree, {simple, child("x"), child("y")})), fault::bad_start_spec);
  EXPECT_EQ(fault_in(changed_to(tree, {simple, kin::child_template([](int) {})})),
            fault::bad_start_spec)
      << "it cannot restart who is there";
  EXPECT_EQ(fault_in(changed_to(tree, {{}, child("x")})), fault::invalid_strategy);

  end_and_settle(a, kin::normal);
  EXPECT_EQ(kin::count_children(tree).workers, 0U) << "transient now";
}
KIN_TEST(supervisor, code_change_simple) { expect_change_simple(false); }
KIN_TEST(supervisor, code_change_simple_map) { expect_change_simple(true); }

// ---- order --------------------------------------------------------------------------------------

KIN_TEST(supervisor, order_of_children) {
  const std::vector<std::string> ids{"a", "b", "c", "d", "e"};
  std::vector<kin::child_spec> specs;
  for (const auto& id : ids) specs.push_back(child(id));
  const auto tree =
      kin::start_link(kin::supervisor{{.strategy = kin::rest_for_one}, std::move(specs)});
  const auto was = expect_all_up(ids);
  EXPECT_THAT(ids_of(kin::which_children(tree)), ElementsAre("e", "d", "c", "b", "a"));
  end_with(was[2], oops{});
  expect_shutdown({"e", "d"});
  expect_all_up({"c", "d", "e"});
  kin::stop(tree);
  expect_shutdown({"e", "d", "c", "b", "a"});
}

// ---- reports ------------------------------------------------------------------------------------

// The text of a report, fields in OTP's order.
KIN_TEST(supervisor, format_log_2) {
  constexpr kin::name<kin::supervisor> name{"formatted"};
  const auto tree = kin::start_link(kin::supervisor{
      {.name = name}, kin::child_process({.id = "a", .restart = kin::temporary}, [] {
        kin::exit(test::expect<kin::exit_reason>());
      })});
  const kin::pid a = kin::which_children(tree).front().pid;
  const auto about = "[{pid, " + kin::to_string(a) + "}, {id, a}, {mfargs, " +
                     kin::type_name(*kin::get_childspec(tree, "a").module) +
                     "}, {restart_type, temporary}, {significant, false}, {shutdown, 5000}, "
                     "{child_type, worker}]";
  test::end_told_by(a, kin::exit_reason(oops{}));
  test::settle();
  auto told = test::reports();
  std::erase_if(told, [](const test::told& t) { return t.title == "CRASH REPORT"; });
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].severity, kin::severity::info);
  EXPECT_EQ(told[0].title, "PROGRESS REPORT");
  EXPECT_EQ(told[0].text, "    supervisor: {local, formatted}\n    started: " + about);
  EXPECT_EQ(told[1].severity, kin::severity::error);
  EXPECT_EQ(told[1].title, "SUPERVISOR REPORT");
  EXPECT_EQ(told[1].text,
            "    supervisor: {local, formatted}\n    errorContext: child_terminated\n    reason: " +
                kin::to_string(kin::exit_reason(oops{})) + "\n    offender: " + about);
}

}  // namespace
