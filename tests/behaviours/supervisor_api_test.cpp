// SPDX-License-Identifier: Apache-2.0
// What a running supervisor can be asked: otp-semantics 4.9 and 4.10.
#include "support/member.hpp"

#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::child;
using test::end_with;
using test::expect_all_up;
using test::expect_shutdown;
using test::expect_up;
using testing::ElementsAre;
using testing::IsEmpty;

struct oops {
  friend bool operator==(const oops&, const oops&) = default;
};

kin::server<kin::supervisor> empty_tree() { return kin::start_link(kin::supervisor{{}}); }
kin::child_spec doing(std::string id, std::function<kin::result<kin::pid>()> start,
                      kin::restart when = kin::permanent) {
  return {.id = std::move(id), .start = std::move(start), .restart = when};
}

// ---- start_child --------------------------------------------------------------------------------

KIN_TEST(start_child, appends_a_child) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a")});
  expect_up("a");

  const kin::pid b = kin::start_child(tree, child("b"));

  EXPECT_EQ(expect_up("b").pid, b);
  EXPECT_THAT(test::ids_of(kin::which_children(tree)), ElementsAre("b", "a"));
  kin::stop(tree);
  expect_shutdown({"b", "a"});
}

KIN_TEST(start_child, takes_a_subtree) {
  auto tree = empty_tree();
  const kin::pid below = kin::start_child(tree, kin::supervisor{{}, child("a")});
  expect_up("a");
  EXPECT_EQ(kin::count_children(below).workers, 1U);
  EXPECT_EQ(kin::count_children(tree).supervisors, 1U);
}

KIN_TEST(start_child, finds_its_supervisor_by_name_handle_or_pid, {.leaves_messages = true}) {
  constexpr kin::name<kin::supervisor> name{"tree"};
  auto tree = kin::start_link(kin::supervisor{{.name = name}});
  kin::start_child(name, child("a"));
  kin::start_child(tree, child("b"));
  kin::start_child(tree.pid, child("c"));
  EXPECT_EQ(kin::count_children(name).active, 3U);
}

KIN_TEST(start_child, refuses_an_id_that_is_taken, {.leaves_messages = true}) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a")});
  auto a = expect_up("a");
  EXPECT_TRUE(kin::try_start_child(tree, child("a")).error().is(kin::already_started{a}));

  kin::terminate_child(tree, "a");
  EXPECT_EQ(kin::try_start_child(tree, child("a")).error(), kin::already_present);
}

KIN_TEST(start_child, refuses_a_spec_that_cannot_be) {
  auto tree = empty_tree();
  const auto refused = kin::try_start_child(tree, kin::child_spec{.id = "a"});
  EXPECT_EQ(refused.error().get_if<kin::bad_spec>()->what, kin::bad_spec::fault::missing_start);
  EXPECT_EQ(kin::try_start_child(tree, 7).error().get_if<kin::bad_spec>()->what,
            kin::bad_spec::fault::bad_start_spec);
}

KIN_TEST(start_child, forgets_what_did_not_start) {
  auto tree = empty_tree();
  const auto failing = doing("a", [] { return kin::exit_reason(oops{}); });

  EXPECT_EQ(kin::try_start_child(tree, failing).error(), kin::exit_reason(oops{}));
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
  try {
    kin::start_child(tree, failing);
    FAIL() << "it has started";
  } catch (const kin::call_failed& e) {
    EXPECT_EQ(e.reason(), kin::exit_reason(oops{}));
  }
}

KIN_TEST(start_child, keeps_who_is_ignored_unless_temporary) {
  auto tree = empty_tree();
  const auto ignored = [] { return kin::exit_reason(kin::ignored); };
  EXPECT_EQ(kin::start_child(tree, doing("kept", ignored)), kin::pid{});
  EXPECT_EQ(kin::start_child(tree, doing("forgotten", ignored, kin::temporary)), kin::pid{});
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "kept"}));
}

// ---- terminate, restart, delete -----------------------------------------------------------------

KIN_TEST(terminate_child, ends_a_child_and_keeps_what_it_is) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a"), child("b"), child("c")});
  expect_all_up({"a", "b", "c"});

  kin::terminate_child(tree, "b");

  expect_shutdown({"b"});
  EXPECT_EQ(kin::which_children(tree)[1], (kin::child_info{.id = "b"}));
  EXPECT_TRUE(kin::try_terminate_child(tree, "b"));  // it does not run, and that is well
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 3, .active = 2, .workers = 3}));
}

KIN_TEST(terminate_child, forgets_the_temporary, {.leaves_messages = true}) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a", kin::temporary)});
  expect_up("a");
  kin::terminate_child(tree, "a");
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
}

KIN_TEST(terminate_child, knows_children_by_id_only) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a")});
  auto a = expect_up("a");
  EXPECT_EQ(kin::try_terminate_child(tree, a).error(), kin::not_found);
  EXPECT_EQ(kin::try_terminate_child(tree, "b").error(), kin::not_found);
  EXPECT_EQ(kin::try_restart_child(tree, "b").error(), kin::not_found);
  EXPECT_EQ(kin::try_delete_child(tree, "b").error(), kin::not_found);
  EXPECT_EQ(kin::try_get_childspec(tree, "b").error(), kin::not_found);
}

KIN_TEST(restart_child, starts_a_child_in_its_old_place) {
  auto tree = kin::start_link(kin::supervisor{{.intensity = 0}, child("a"), child("b")});
  expect_all_up({"a", "b"});
  EXPECT_EQ(kin::try_restart_child(tree, "a").error(), kin::running);
  kin::terminate_child(tree, "a");
  expect_shutdown({"a"});

  const kin::pid again = kin::restart_child(tree, "a");  // no restart that intensity counts

  EXPECT_EQ(expect_up("a").pid, again);
  EXPECT_THAT(test::ids_of(kin::which_children(tree)), ElementsAre("b", "a"));
}

KIN_TEST(restart_child, says_why_it_did_not_start) {
  bool works = true;
  auto tree = kin::start_link(kin::supervisor{{}, doing("a", [&works]() -> kin::result<kin::pid> {
                                                if (!works) return kin::exit_reason(oops{});
                                                return kin::spawn_link(test::idle);
                                              })});
  kin::terminate_child(tree, "a");
  works = false;
  EXPECT_EQ(kin::try_restart_child(tree, "a").error(), kin::exit_reason(oops{}));
  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "a"}));
}

KIN_TEST(delete_child, forgets_who_does_not_run, {.leaves_messages = true}) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a")});
  expect_up("a");
  EXPECT_EQ(kin::try_delete_child(tree, "a").error(), kin::running);
  kin::terminate_child(tree, "a");
  kin::delete_child(tree, "a");
  EXPECT_THAT(kin::which_children(tree), IsEmpty());
}

// ---- looking ------------------------------------------------------------------------------------

KIN_TEST(get_childspec, gives_what_starts_the_child) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a", kin::transient)});
  expect_up("a");

  auto spec = kin::get_childspec(tree, "a");
  EXPECT_EQ(spec.id, "a");
  EXPECT_EQ(spec.restart, kin::transient);
  EXPECT_EQ(spec.how_long(), kin::shutdown_limit(5s));
  spec.id = "twin";
  kin::start_child(tree, spec);
  expect_up("a");
  EXPECT_THAT(test::ids_of(kin::which_children(tree)), ElementsAre("twin", "a"));
}

TEST(child, is_called_by_its_name_or_its_type_when_nothing_is_said) {
  constexpr kin::name<test::member> visits{"visits"};
  EXPECT_EQ(kin::child<test::member>({.name = visits}, kin::pid{}, "x"s).id, "visits");
  EXPECT_EQ(kin::child<test::member>(kin::pid{}, "x"s).id, "kin::test::member");
  EXPECT_EQ(kin::supervisor({}, kin::supervisor{{}}).children()[0].id, "supervisor");
}

KIN_TEST(supervisor_api, fails_with_noproc_where_nobody_is) {
  constexpr kin::name<kin::supervisor> nobody{"nobody"};
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);
  for (const kin::result<kin::child_counts>& r :
       {kin::try_count_children(nobody), kin::try_count_children(dead)}) {
    EXPECT_EQ(r.error(), kin::noproc);
  }
  EXPECT_EQ(kin::try_which_children(nobody).error(), kin::noproc);
  EXPECT_EQ(kin::try_start_child(nobody, child("a")).error(), kin::noproc);
  EXPECT_THROW(kin::terminate_child(nobody, "a"), kin::call_failed);
}

KIN_TEST(supervisor_api, hears_of_the_end_of_the_supervisor, {.leaves_messages = true}) {
  kin::trap_exits();
  auto tree = empty_tree();
  kin::spawn([tree, me = kin::self()] {
    const auto r = kin::try_start_child(tree, doing("slow", [me]() -> kin::result<kin::pid> {
                                          kin::send(me, test::word{"busy"});
                                          test::idle();
                                          return kin::exit_reason(kin::ignored);
                                        }));
    kin::send(me, r.error());
  });
  test::expect<test::word>();
  kin::exit(tree, kin::kill);
  EXPECT_EQ(test::expect<kin::exit_reason>(), kin::killed);
}

// ---- auto_shutdown ------------------------------------------------------------------------------

kin::child_spec significant(std::string id, kin::restart when) {
  auto spec = child(std::move(id), when);
  spec.significant = true;
  return spec;
}

KIN_TEST(auto_shutdown, of_any_ends_the_supervisor_with_the_first_significant_child) {
  kin::trap_exits();
  auto tree = kin::start_link(kin::supervisor{{.auto_shutdown = kin::any_significant},
                                              child("other", kin::temporary),
                                              significant("a", kin::transient),
                                              significant("b", kin::temporary)});
  auto was = expect_all_up({"other", "a", "b"});
  end_with(was[0], oops{});
  end_with(was[1], oops{});  // restarted, so it has not gone
  expect_up("a");

  end_with(was[2], oops{});

  expect_shutdown({"a"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

KIN_TEST(auto_shutdown, of_all_ends_the_supervisor_with_the_last_significant_child) {
  kin::trap_exits();
  auto tree = kin::start_link(kin::supervisor{{.auto_shutdown = kin::all_significant},
                                              child("other"),
                                              significant("a", kin::transient),
                                              significant("b", kin::transient)});
  auto was = expect_all_up({"other", "a", "b"});
  end_with(was[1], kin::normal);
  test::await_exit(was[1]);
  EXPECT_EQ(kin::count_children(tree).active, 2U);

  end_with(was[2], kin::normal);

  expect_shutdown({"other"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

KIN_TEST(auto_shutdown, does_not_follow_from_terminate_child, {.leaves_messages = true}) {
  auto tree = kin::start_link(
      kin::supervisor{{.auto_shutdown = kin::any_significant}, significant("a", kin::transient)});
  expect_up("a");
  kin::terminate_child(tree, "a");
  EXPECT_EQ(kin::count_children(tree).specs, 1U);
}

}  // namespace
