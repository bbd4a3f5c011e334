// SPDX-License-Identifier: Apache-2.0
// supervisor: how it starts and ends, what it can be asked, what it refuses. otp-semantics 4.1 to
// 4.3, 4.7, 4.10.
#include "conformance/supervisor_support.hpp"
#include "conformance/support.hpp"

#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using fault = kin::bad_spec::fault;
using test::child;
using test::custom;
using test::end_with;
using test::expect_all_up;
using test::expect_shutdown;
using test::expect_up;
using test::fault_in;
using test::ids_of;
using test::ignoring;
using test::number;
using test::oops;
using test::started;
using test::supervisor_reports;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- start --------------------------------------------------------------------------------------

// Without children it starts all the same, and ends with the reason its parent says.
KIN_TEST(supervisor, sup_start_normal) {
  kin::trap_exits();
  const auto tree = started();
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
  kin::exit(tree, kin::shutdown);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

// What gives the tree says there is nothing to do: the start says so, and the process ends normally.
KIN_TEST(supervisor, sup_start_ignore_init) {
  kin::trap_exits();
  const auto none = [] { return kin::result<kin::supervisor>(kin::exit_reason(kin::ignored)); };
  try {
    kin::start_link(none);
    FAIL() << "it has started";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::ignored);
  }
  EXPECT_EQ(test::expect<kin::exited>().reason, kin::normal);
  EXPECT_EQ(kin::try_start_link(none).error(), kin::ignored);
  test::expect_nothing();
}

// A child that wants to be ignored is kept, not running.
KIN_TEST(supervisor, sup_start_ignore_child) {
  const auto tree = started();
  EXPECT_EQ(kin::start_child(tree, ignoring("child1")), kin::pid{});
  const kin::pid other = kin::start_child(tree, child("child2"));
  expect_up("child2");
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "child2", .pid = other},
                                                     kin::child_info{.id = "child1"}));
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 2, .active = 1, .workers = 2}));
  kin::stop(tree);
  expect_shutdown({"child2"});
}

KIN_TEST(supervisor, sup_start_ignore_temporary_child) {
  const auto tree = kin::start_link(
      kin::supervisor{{}, ignoring("child1", kin::temporary), child("child2", kin::temporary)});
  expect_up("child2");
  EXPECT_THAT(ids_of(kin::which_children(tree)), ElementsAre("child2"));
  kin::stop(tree);
  expect_shutdown({"child2"});
}

KIN_TEST(supervisor, sup_start_ignore_temporary_child_start_child) {
  const auto tree = started();
  EXPECT_EQ(kin::start_child(tree, ignoring("child1", kin::temporary)), kin::pid{});
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{});
}

// A template whose children's starts say that.
kin::supervisor ignoring_all(kin::restart when) {
  return {{.strategy = kin::simple_one_for_one},
          kin::child_template<kin::started_child()>({.id = "ignored", .restart = when}, [] {
            return kin::result<kin::started_child>(kin::exit_reason(kin::ignored));
          })};
}

KIN_TEST(supervisor, sup_start_ignore_temporary_child_start_child_simple) {
  const auto tree = kin::start_link(ignoring_all(kin::temporary));
  EXPECT_EQ(kin::start_child(tree), kin::pid{});
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{.specs = 1});
}

KIN_TEST(supervisor, sup_start_ignore_permanent_child_start_child_simple) {
  const auto tree = kin::start_link(ignoring_all(kin::permanent));
  EXPECT_EQ(kin::start_child(tree), kin::pid{});
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{.specs = 1});
  kin::stop(tree);
  EXPECT_THAT(supervisor_reports(), IsEmpty());
}

// The start says why there is no tree, and the process ends for that.
template <class F>
kin::exit_reason reason_of_start(F tree) {
  try {
    kin::start_link(tree);
    ADD_FAILURE() << "it has started";
    return {};
  } catch (const kin::error& e) {
    EXPECT_EQ(test::expect<kin::exited>().reason, e.reason());
    return e.reason();
  }
}

KIN_TEST(supervisor, sup_start_error_return) {
  kin::trap_exits();
  EXPECT_EQ(reason_of_start([] { return kin::result<kin::supervisor>(kin::exit_reason(oops{})); }),
            kin::exit_reason(oops{}));
}

KIN_TEST(supervisor, sup_start_fail) {
  kin::trap_exits();
  const auto why = reason_of_start([]() -> kin::supervisor { throw std::runtime_error("no"); });
  EXPECT_NE(why.get_if<std::runtime_error>(), nullptr) << why;
}

KIN_TEST(supervisor, sup_start_child_returns_error) {
  const auto tree = started();
  const auto refused =
      kin::try_start_child(tree, custom("a", [] { return kin::exit_reason(oops{}); }));
  EXPECT_EQ(refused.error(), kin::exit_reason(oops{}));
  const auto thrown = kin::try_start_child(
      tree, custom("a", []() -> kin::result<kin::pid> { throw std::runtime_error("no"); }));
  EXPECT_NE(thrown.error().get_if<std::runtime_error>(), nullptr);
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
}

KIN_TEST(supervisor, sup_start_restart_child_returns_error) {
  test::flaky x;
  const auto tree = kin::start_link(kin::supervisor{{}, x.child("x")});
  expect_up("x");
  kin::terminate_child(tree, "x");
  expect_shutdown({"x"});
  x.works(false);
  EXPECT_EQ(kin::try_restart_child(tree, "x").error(), kin::exit_reason(oops{}));
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "x"}));
}

KIN_TEST(supervisor, sup_start_child_returns_error_simple) {
  test::flaky x;
  x.works(false);
  const auto tree = kin::start_link(x.tree({}));
  EXPECT_EQ(kin::try_start_child(tree, "x"s).error(), kin::exit_reason(oops{}));
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
}

// What is not said is the default's.
KIN_TEST(supervisor, sup_start_map) {
  const auto tree = kin::start_link(kin::supervisor{
      {}, custom("worker", [] { return kin::spawn_link(test::idle); }), kin::supervisor{{}}});
  const auto spec = kin::get_childspec(tree, "worker");
  EXPECT_EQ(spec.restart, kin::permanent);
  EXPECT_EQ(spec.how_long(), kin::shutdown_limit(5s));
  EXPECT_EQ(spec.type, kin::child_type::worker);
  EXPECT_FALSE(spec.significant);
  EXPECT_EQ(kin::get_childspec(tree, "supervisor").how_long(), kin::infinity);
  EXPECT_EQ(kin::try_get_childspec(tree, "nobody").error(), kin::not_found);
}

KIN_TEST(supervisor, sup_start_map_simple) {
  const auto tree = kin::start_link(test::members({.id = "pattern"}));
  const kin::pid a = kin::start_child(tree, "a"s);
  expect_up("a");
  const auto spec = kin::get_childspec(tree, a);
  EXPECT_EQ(spec.id, "pattern");
  EXPECT_EQ(spec.restart, kin::permanent);
  EXPECT_FALSE(spec.significant);
  EXPECT_EQ(kin::try_get_childspec(tree, kin::self()).error(), kin::not_found);
  kin::stop(tree);
  expect_shutdown({"a"});
}

kin::child_spec nothing_to_start(std::string id) { return {.id = std::move(id)}; }

KIN_TEST(supervisor, sup_start_map_faulty_specs) {
  const auto start_of = [](kin::child_spec spec) {
    return fault_in(kin::try_start_link(kin::supervisor{{}, std::move(spec)}));
  };
  EXPECT_EQ(start_of(custom("", [] { return kin::self(); })), fault::missing_id);
  EXPECT_EQ(start_of(nothing_to_start("a")), fault::missing_start);
  EXPECT_EQ(start_of({}), fault::missing_id);
}

// ---- stop ---------------------------------------------------------------------------------------

KIN_TEST(supervisor, sup_stop_infinity) {
  auto worker = child("worker");
  worker.shutdown = kin::infinity;
  auto tree_like = child("supervisor");
  tree_like.shutdown = kin::infinity;
  tree_like.type = kin::child_type::supervisor;
  const auto tree = kin::start_link(kin::supervisor{{}, worker, tree_like});
  expect_all_up({"worker", "supervisor"});
  kin::stop(tree);
  expect_shutdown({"supervisor", "worker"});
}

// A process that says it is up, and ends for no signal but kill.
auto stubborn(kin::pid me) {
  return [me] {
    kin::trap_exits();
    kin::send(me, kin::self());
    test::idle();
  };
}
kin::ref watch_next() { return test::watching(test::expect<kin::pid>()); }

KIN_TEST(supervisor, sup_stop_timeout) {
  const kin::pid me = kin::self();
  const auto tree = kin::start_link(kin::supervisor{
      {}, kin::child_process({.id = "stays", .shutdown = 20ms}, stubborn(me)), child("goes")});
  const kin::ref stays = watch_next();
  expect_up("goes");
  kin::stop(tree);
  expect_shutdown({"goes"});
  EXPECT_EQ(test::expect_down(stays).reason, kin::killed);
  EXPECT_THAT(supervisor_reports(), ElementsAre(testing::AllOf(HasSubstr("shutdown_error"),
                                                               HasSubstr("reason: killed"))));
}

kin::supervisor stubborn_ones(kin::pid me, kin::shutdown_limit limit) {
  return {{.strategy = kin::simple_one_for_one},
          kin::child_template<kin::pid()>({.id = "x", .shutdown = limit}, stubborn(me))};
}

KIN_TEST(supervisor, sup_stop_timeout_dynamic) {
  const auto tree = kin::start_link(stubborn_ones(kin::self(), 20ms));
  kin::start_child(tree);
  kin::start_child(tree);
  const kin::ref one = watch_next();
  const kin::ref other = watch_next();
  kin::stop(tree);
  for (const kin::ref r : {one, other}) EXPECT_EQ(test::expect_down(r).reason, kin::killed);
  EXPECT_THAT(supervisor_reports(),
              ElementsAre(testing::AllOf(HasSubstr("killed"), HasSubstr("{nb_children, 2}"))));
}

KIN_TEST(supervisor, sup_stop_brutal_kill) {
  const kin::pid me = kin::self();
  const auto tree = kin::start_link(kin::supervisor{
      {},
      child("asked"),
      kin::child_process({.id = "killed", .shutdown = kin::brutal_kill}, stubborn(me))});
  expect_up("asked");
  const kin::ref killed = watch_next();
  kin::stop(tree);
  EXPECT_EQ(test::expect_down(killed).reason, kin::killed);
  expect_shutdown({"asked"});
  EXPECT_THAT(supervisor_reports(), IsEmpty());
}

KIN_TEST(supervisor, sup_stop_brutal_kill_dynamic) {
  const auto tree = kin::start_link(stubborn_ones(kin::self(), kin::brutal_kill));
  std::vector<kin::ref> watches;
  for (int i = 0; i < 10; ++i) {
    kin::start_child(tree);
    watches.push_back(watch_next());
  }
  kin::stop(tree);
  for (const kin::ref w : watches) EXPECT_EQ(test::expect_down(w).reason, kin::killed);
  EXPECT_THAT(supervisor_reports(), IsEmpty());
}

// The last child, told to end, has the first one end for a reason of its own before it follows: the
// supervisor finds it dead.
kin::child_spec takes_along(kin::exit_reason why) {
  return kin::child_process({.id = "last"}, [why = std::move(why)] {
    kin::trap_exits();
    const auto victim = kin::receive([](kin::pid p) { return p; });
    const kin::exited told = kin::receive([](kin::exited e) { return e; });
    const kin::ref watch = kin::monitor(victim);
    kin::send(victim, why);
    test::expect_down(watch);
    kin::exit(told.reason);
  });
}
KIN_TEST(supervisor, sup_stop_race) {
  kin::trap_exits();
  const std::vector<std::pair<kin::exit_reason, bool>> reasons{
      {kin::exit_reason(kin::normal), true},
      {kin::exit_reason(kin::shutdown), true},
      {kin::shutdown(oops{}), true},
      {kin::exit_reason(oops{}), false}};
  for (const kin::restart when : {kin::permanent, kin::transient, kin::temporary}) {
    for (const auto& [why, orderly] : reasons) {
      test::forget_reports();
      const auto tree = kin::start_link(
          kin::supervisor{{},
                          kin::child_process({.id = "first", .restart = when},
                                             [] { kin::exit(test::expect<kin::exit_reason>()); }),
                          takes_along(why)});
      const auto both = kin::which_children(tree);
      kin::send(both[0].pid, both[1].pid);
      test::settle();  // it traps exits
      kin::exit(tree, kin::shutdown);
      EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
      const bool silent = why == kin::shutdown || (orderly && when != kin::permanent);
      EXPECT_EQ(supervisor_reports().size(), silent ? 0U : 1U) << when << ' ' << why;
    }
  }
}

KIN_TEST(supervisor, sup_stop_non_shutdown_exit_dynamic) {
  const kin::pid me = kin::self();
  kin::trap_exits();
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::simple_one_for_one}, kin::child_template([me](int n) {
                        kin::trap_exits();
                        kin::send(me, kin::self());
                        kin::receive([](const kin::exited&) {});
                        if (n == 1) kin::exit(kin::normal);
                        if (n == 2) kin::exit(kin::shutdown(oops{}));
                        kin::exit(oops{});
                      })});
  for (int n = 1; n <= 3; ++n) {
    kin::start_child(tree, n);
    test::expect<kin::pid>();
  }
  kin::exit(tree, kin::shutdown);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
  EXPECT_EQ(supervisor_reports().size(), 3U);
}

// ---- what it can be asked -----------------------------------------------------------------------

// A start may say more than a pid: who asks for a start hears it, at a restart nobody does.
KIN_TEST(supervisor, extra_return) {
  const auto tells = [me = kin::self()] {
    const kin::pid p = kin::spawn_link([] { kin::exit(test::expect<kin::exit_reason>()); });
    kin::send(me, p);
    return kin::started_child{p, kin::message::of(word{"info"})};
  };
  const auto tree = started();
  const auto first = kin::start_child_with_info(tree, kin::child_spec{.id = "a", .start = tells});
  EXPECT_EQ(test::expect<kin::pid>(), first.pid);
  EXPECT_EQ(*first.info.get_if<word>(), word{"info"});

  kin::send(first.pid, kin::exit_reason(oops{}));
  const auto second = test::expect<kin::pid>();
  EXPECT_EQ(kin::which_children(tree).front().pid, second);

  kin::terminate_child(tree, "a");
  const auto third = kin::restart_child_with_info(tree, "a");
  EXPECT_EQ(test::expect<kin::pid>(), third.pid);
  EXPECT_EQ(*third.info.get_if<word>(), word{"info"});
  EXPECT_TRUE(kin::start_child_with_info(tree, child("b")).info.empty());
  expect_up("b");
  kin::terminate_child(tree, "b");
  expect_shutdown({"b"});
}

KIN_TEST(supervisor, child_adm) {
  const auto tree = started();
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{});

  const kin::pid a = kin::start_child(tree, child("a"));
  expect_up("a");
  EXPECT_TRUE(kin::try_start_child(tree, child("a")).error().is(kin::already_started{a}));
  EXPECT_EQ(kin::try_restart_child(tree, "a").error(), kin::running);
  EXPECT_EQ(kin::try_delete_child(tree, "a").error(), kin::running);
  EXPECT_EQ(kin::try_terminate_child(tree, a).error(), kin::not_found);
  for (const char* nobody : {"b", "c"}) {
    EXPECT_EQ(kin::try_restart_child(tree, nobody).error(), kin::not_found);
    EXPECT_EQ(kin::try_delete_child(tree, nobody).error(), kin::not_found);
    EXPECT_EQ(kin::try_terminate_child(tree, nobody).error(), kin::not_found);
    EXPECT_EQ(kin::try_get_childspec(tree, nobody).error(), kin::not_found);
  }

  kin::terminate_child(tree, "a");
  expect_shutdown({"a"});
  kin::terminate_child(tree, "a");  // once more is well
  EXPECT_EQ(kin::try_start_child(tree, child("a")).error(), kin::already_present);
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "a"}));
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .workers = 1}));

  const kin::pid again = kin::restart_child(tree, "a");
  EXPECT_EQ(expect_up("a"), again);
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .active = 1, .workers = 1}));
  kin::terminate_child(tree, "a");
  expect_shutdown({"a"});
  kin::delete_child(tree, "a");
  EXPECT_EQ(kin::try_restart_child(tree, "a").error(), kin::not_found);
  EXPECT_THAT(kin::which_children(tree), IsEmpty());

  constexpr kin::name<kin::supervisor> nobody{"nobody"};
  EXPECT_EQ(kin::try_start_child(nobody, child("a")).error(), kin::noproc);
  EXPECT_EQ(kin::to_string(test::how_it_ends([=] { kin::terminate_child(nobody, "a"); })),
            "{noproc, terminate_child}");
}

KIN_TEST(supervisor, child_adm_simple) {
  const auto tree = kin::start_link(test::members({.id = "pattern"}));
  const kin::exit_reason simple(kin::simple_one_for_one);
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{.specs = 1});
  const kin::pid a = kin::start_child(tree, "a"s);
  const kin::pid b = kin::start_child(tree, "b"s);
  expect_all_up({"a", "b"});
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .active = 2, .workers = 2}));
  EXPECT_EQ(kin::try_terminate_child(tree, "a").error(), simple);
  EXPECT_EQ(kin::try_restart_child(tree, "a").error(), simple);
  EXPECT_EQ(kin::try_delete_child(tree, "a").error(), simple);
  EXPECT_EQ(kin::try_restart_child(tree, a).error(), simple);
  EXPECT_EQ(kin::try_delete_child(tree, a).error(), simple);
  EXPECT_EQ(fault_in(kin::try_start_child(tree, child("c"))), fault::bad_start_spec);

  kin::terminate_child(tree, a);
  expect_shutdown({"a"});
  EXPECT_TRUE(kin::try_terminate_child(tree, a)) << "that it is dead already is no error";
  EXPECT_EQ(kin::try_terminate_child(tree, kin::self()).error(), kin::not_found);
  EXPECT_EQ(kin::which_children(tree).front().pid, b);
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .active = 1, .workers = 1}));
  kin::stop(tree);
  expect_shutdown({"b"});
}

// ---- what it refuses ----------------------------------------------------------------------------

// A spec with one thing changed.
template <class Change>
kin::child_spec child_with(Change change) {
  kin::child_spec spec = custom("a", [] { return kin::spawn_link(test::idle); });
  change(spec);
  return spec;
}
struct mistake {
  kin::child_spec spec;
  fault what;
};
std::vector<mistake> mistakes() {
  using kin::child_spec;
  return {
      {child_with([](child_spec& s) { s.id.clear(); }), fault::missing_id},
      {child_with([](child_spec& s) { s.start = {}; }), fault::missing_start},
      {child_with([](child_spec& s) { s.restart = static_cast<kin::restart>(9); }),
       fault::invalid_restart_type},
      {child_with([](child_spec& s) { s.type = static_cast<kin::child_type>(9); }),
       fault::invalid_child_type},
      {child_with([](child_spec& s) { s.shutdown = -1ms; }), fault::invalid_shutdown},
      {child_with([](child_spec& s) { s.backoff = {.first = 1s, .factor = 0.5}; }),
       fault::invalid_backoff},
      // Of two, the first in the order of the fields counts; significance comes after restart.
      {child_with([](child_spec& s) {
         s.shutdown = -1ms;
         s.restart = static_cast<kin::restart>(9);
       }),
       fault::invalid_restart_type},
      {child_with([](child_spec& s) {
         s.shutdown = -1ms;
         s.significant = true;
       }),
       fault::bad_combination},
  };
}

// One that cannot be is refused in the same words by whoever is shown it.
KIN_TEST(supervisor, child_specs) {
  const auto tree = started();
  for (const auto& [spec, what] : mistakes()) {
    EXPECT_EQ(fault_in(kin::try_start_child(tree, spec)), what);
    EXPECT_EQ(fault_in(kin::try_start_link(kin::supervisor{{}, child("before"), spec})), what);
    EXPECT_EQ(fault_in(kin::try_check_childspecs({spec}, kin::auto_shutdown::never)), what);
  }
  EXPECT_THAT(kin::which_children(tree), IsEmpty());

  const auto good = child_with([](kin::child_spec& /*none*/) {});
  EXPECT_TRUE(kin::try_check_childspecs({}));
  EXPECT_TRUE(kin::try_check_childspecs({good}));
  EXPECT_EQ(fault_in(kin::try_check_childspecs({good, good})), fault::duplicate_child_name);
  EXPECT_THROW(kin::check_childspecs({good, good}), kin::call_failed);
  EXPECT_EQ(fault_in(kin::try_start_link(kin::supervisor{{}, good, good})),
            fault::duplicate_child_name);

  const kin::supervisor_options simple{.strategy = kin::simple_one_for_one};
  EXPECT_EQ(fault_in(kin::try_start_link(kin::supervisor{simple})), fault::bad_start_spec);
  EXPECT_EQ(fault_in(kin::try_start_link(kin::supervisor{simple, good})), fault::bad_start_spec);
  EXPECT_EQ(fault_in(kin::try_start_link(
                kin::supervisor{simple, kin::child_template([] {}), kin::child_template([] {})})),
            fault::bad_start_spec);
  test::expect_nothing();
}

// Which children may be significant, under which supervisor.
KIN_TEST(supervisor, child_specs_map) {
  using mode = kin::auto_shutdown;
  for (const kin::restart when : {kin::permanent, kin::transient, kin::temporary}) {
    const auto spec = child_with([when](kin::child_spec& s) {
      s.restart = when;
      s.significant = true;
    });
    const bool never_again = when != kin::permanent;
    for (const mode m : {kin::any_significant, kin::all_significant}) {
      EXPECT_EQ(kin::try_check_childspecs({spec}, m).has_value(), never_again);
      const auto tree = started({.auto_shutdown = m});
      EXPECT_EQ(kin::try_start_child(tree, spec).has_value(), never_again);
    }
    EXPECT_EQ(kin::try_check_childspecs({spec}).has_value(), never_again) << "not asked for";
    const auto refused = kin::try_check_childspecs({spec}, mode::never).error();
    EXPECT_THAT(kin::to_string(refused), HasSubstr("has no auto_shutdown"));
    EXPECT_EQ(fault_in(kin::try_start_child(started(), spec)), fault::bad_combination);
  }
}

// One that cannot be does not start, and says what is wrong with it: the first of several.
KIN_TEST(supervisor, sup_flags) {
  const auto start_of = [](kin::supervisor_options options) {
    return fault_in(kin::try_start_link(kin::supervisor{std::move(options)}));
  };
  const auto none = static_cast<kin::auto_shutdown>(9);
  EXPECT_EQ(start_of({.strategy = static_cast<kin::strategy>(9), .period = 0s}),
            fault::invalid_strategy);
  EXPECT_EQ(start_of({.period = 0s, .auto_shutdown = none}), fault::invalid_period);
  EXPECT_EQ(start_of({.period = -1s}), fault::invalid_period);
  EXPECT_EQ(start_of({.auto_shutdown = none}), fault::invalid_auto_shutdown);
  EXPECT_THAT(kin::to_string(kin::try_start_link(kin::supervisor{{.period = 0s}}).error()),
              HasSubstr("{supervisor_data, invalid_period: "));
}

}  // namespace
