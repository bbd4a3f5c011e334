// SPDX-License-Identifier: Apache-2.0
// Process groups. otp-semantics 9.2.
#include <kin/pg.hpp>

#include "conformance/support.hpp"

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::word;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using scope = kin::pg::scope<int>;
using joined = kin::pg::joined<int>;
using left = kin::pg::left<int>;
using many = std::vector<kin::pid>;
inline constexpr kin::name<scope> crews{"pg_conformance.crews"};

/// A process that waits, and ends with the test.
kin::pid member() {
  return kin::spawn_link([] { test::idle(); });
}
/// It has ended, and the scope has heard of it.
void end(kin::pid p) {
  EXPECT_EQ(test::end_told_by(p, word{}), kin::normal);
  test::settle();
}
template <class Event>
void expect_event(kin::ref monitor, int group, const many& pids) {
  const auto e = test::expect(test::when(&Event::ref, monitor));
  EXPECT_EQ(e.group, group);
  EXPECT_EQ(e.pids, pids);
}

// The scope that is meant where none is named.
KIN_TEST(pg, pg) {
  kin::pg::start_link();
  EXPECT_THAT(kin::pg::which_groups(), IsEmpty());
  kin::pg::join("printers", kin::self());
  EXPECT_THAT(kin::pg::get_members("printers"), ElementsAre(kin::self()));
  EXPECT_THAT(kin::pg::get_local_members("printers"), ElementsAre(kin::self()));
  EXPECT_THAT(kin::pg::get_members("readers"), IsEmpty());
  EXPECT_THAT(kin::pg::which_groups(), ElementsAre("printers"));
  EXPECT_THAT(kin::pg::which_local_groups(), ElementsAre("printers"));
  kin::pg::leave("printers", kin::self());
  EXPECT_THAT(kin::pg::get_members("printers"), IsEmpty());
  EXPECT_THAT(kin::pg::which_groups(), IsEmpty());
}

// What a scope does not know ends it, with badarg. Where none is there are no groups, and nobody can
// join.
KIN_TEST(pg, errors) {
  const auto server = kin::pg::start(crews);
  EXPECT_EQ(kin::try_start<scope>({.name = crews}).error(),
            kin::exit_reason(kin::already_started{server.pid}));
  const auto why = test::end_told_by(server.pid, word{"who is there?"});
  const auto* error = why.get_if<kin::error>();
  ASSERT_NE(error, nullptr) << why;
  EXPECT_EQ(error->reason(), kin::badarg);

  EXPECT_THAT(kin::pg::get_members(crews, 1), IsEmpty());
  EXPECT_THAT(kin::pg::which_groups(crews), IsEmpty());
  EXPECT_EQ(kin::pg::try_join(crews, 1, kin::self()).error(), kin::noproc);
  EXPECT_THROW(kin::pg::join(crews, 1, kin::self()), kin::call_failed);
  EXPECT_EQ(kin::pg::try_leave(crews, 1, kin::self()).error(), kin::noproc);
  EXPECT_EQ(kin::pg::try_monitor(crews, 1).error(), kin::noproc);
  EXPECT_EQ(kin::pg::try_monitor_scope(crews).error(), kin::noproc);
  EXPECT_EQ(kin::pg::try_demonitor(crews, kin::make_ref()).error(), kin::noproc);
}

// A member that has just ended can be taken out, whether the scope has heard of it or not.
KIN_TEST(pg, leave_exit_race) {
  kin::pg::start_link(crews);
  for (int i = 0; i < test::times(100); ++i) {
    const kin::pid p = member();
    kin::pg::join(crews, 1, p);
    kin::unlink(p);
    kin::exit(p, kin::kill);
    static_cast<void>(kin::pg::try_leave(crews, 1, p));
  }
  test::settle();
  EXPECT_THAT(kin::pg::which_groups(crews), IsEmpty());
}

// A process is in a group as often as it has joined, the newest first; each leave takes it out once;
// its end takes it out altogether.
KIN_TEST(pg, single) {
  kin::pg::start_link(crews);
  const kin::pid me = kin::self();
  kin::pg::join(crews, 1, me);
  kin::pg::join(crews, 1, me);
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(me, me));
  kin::pg::leave(crews, 1, me);
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(me));
  kin::pg::leave(crews, 1, me);
  EXPECT_EQ(kin::pg::try_leave(crews, 1, me).error(), kin::pg::not_joined);
  EXPECT_THROW(kin::pg::leave(crews, 1, me), kin::call_failed);
  EXPECT_EQ(kin::pg::try_leave(crews, 2, me).error(), kin::pg::not_joined);

  const kin::pid p = member();
  kin::pg::join(crews, 1, me);
  kin::pg::join(crews, 1, many{p, me, p});
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(p, me, p, me));
  kin::pg::join(crews, 2, p);
  end(p);
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(me, me));
  EXPECT_THAT(kin::pg::which_groups(crews), ElementsAre(1));
  kin::pg::join(crews, 3, p);  // dead: taken out again
  test::settle();
  EXPECT_THAT(kin::pg::which_groups(crews), ElementsAre(1));
}

template <class T>
concept can_join = requires(T who) {
  kin::pg::join(crews, 1, who);
};
template <class T>
concept is_scope = requires(T to) {
  kin::pg::join(to, 1, kin::pid{});
  kin::pg::get_members(to, 1);
};
// Only processes join, by pid or handle, one or many; and only what is known to be a scope is asked.
TEST(pg, process_owner_check) {
  static_assert(can_join<kin::pid> && can_join<kin::server<scope>> && can_join<many>);
  static_assert(!can_join<int> && !can_join<std::string> && !can_join<kin::name<>>);
  static_assert(is_scope<kin::name<scope>> && is_scope<kin::server<scope>>);
  static_assert(!is_scope<kin::pid> && !is_scope<kin::name<>> && !is_scope<kin::name<int>>);
}

// Who monitors a scope is told who is in which group then.
KIN_TEST(pg, monitor_nonempty_scope) {
  kin::pg::start_link(crews);
  const kin::pid me = kin::self();
  const kin::pid p = member();
  kin::pg::join(crews, 1, many{p, me});
  kin::pg::join(crews, 2, me);
  const auto seen = kin::pg::monitor_scope(crews);
  EXPECT_THAT(seen.groups, UnorderedElementsAre(testing::Pair(1, ElementsAre(p, me)),
                                                testing::Pair(2, ElementsAre(me))));
  kin::pg::join(crews, 3, me);
  expect_event<joined>(seen.ref, 3, {me});
  EXPECT_TRUE(kin::pg::demonitor(crews, seen.ref));
}

// Each change of any group is told; a demonitor takes back what has come; what is no monitor is
// none.
KIN_TEST(pg, monitor_scope) {
  kin::pg::start_link(crews);
  const auto [ref, groups] = kin::pg::monitor_scope(crews);
  EXPECT_THAT(groups, IsEmpty());
  const kin::pid p = member();
  const kin::pid q = member();
  kin::pg::join(crews, 1, many{p, p, q});
  expect_event<joined>(ref, 1, {p, p, q});
  kin::pg::join(crews, 2, p);
  expect_event<joined>(ref, 2, {p});
  kin::pg::leave(crews, 1, many{q, q});
  expect_event<left>(ref, 1, {q, q});
  end(p);
  for (const int group : {1, 1, 2}) expect_event<left>(ref, group, {p});
  EXPECT_THAT(test::drained(), IsEmpty());

  kin::pg::join(crews, 3, q);
  EXPECT_TRUE(kin::pg::demonitor(crews, ref));
  EXPECT_THAT(test::drained(), IsEmpty());
  EXPECT_FALSE(kin::pg::demonitor(crews, ref));
  EXPECT_FALSE(kin::pg::demonitor(crews, kin::make_ref()));
  kin::pg::join(crews, 3, q);
  test::expect_nothing();
}

// The same of one group: others are not told of.
KIN_TEST(pg, monitor) {
  kin::pg::start_link(crews);
  const kin::pid p = member();
  kin::pg::join(crews, 1, p);
  const auto [ref, members] = kin::pg::monitor(crews, 1);
  EXPECT_THAT(members, ElementsAre(p));
  const auto [unborn, nobody] = kin::pg::monitor(crews, 2);
  EXPECT_THAT(nobody, IsEmpty());
  kin::pg::join(crews, 1, p);
  expect_event<joined>(ref, 1, {p});
  kin::pg::join(crews, 2, p);
  expect_event<joined>(unborn, 2, {p});
  kin::pg::join(crews, 3, p);
  kin::pg::leave(crews, 1, p);
  expect_event<left>(ref, 1, {p});
  end(p);
  expect_event<left>(ref, 1, {p});
  expect_event<left>(unborn, 2, {p});
  EXPECT_THAT(test::drained(), IsEmpty());
  EXPECT_TRUE(kin::pg::demonitor(crews, ref));
  EXPECT_TRUE(kin::pg::demonitor(crews, unborn));

  // A monitor goes with who has asked for it.
  const kin::pid gone = kin::spawn([] { static_cast<void>(kin::pg::monitor(crews, 1)); });
  test::await_exit(gone);
  kin::pg::join(crews, 1, kin::self());
  test::expect_nothing();
}

// Who has joined twice has to leave twice, together or one after the other.
KIN_TEST(pg, double) {
  kin::pg::start_link(crews);
  const kin::pid p = member();
  kin::pg::join(crews, 1, many{p, p});
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(p, p));
  kin::pg::leave(crews, 1, many{p, p});
  EXPECT_THAT(kin::pg::which_groups(crews), IsEmpty());
  kin::pg::join(crews, 1, p);
  kin::pg::join(crews, 1, p);
  kin::pg::leave(crews, 1, p);
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(p));
  kin::pg::leave(crews, 1, p);
  EXPECT_EQ(kin::pg::try_leave(crews, 1, p).error(), kin::pg::not_joined);
}

// A scope that is started again has no groups, and its old members can join anew.
KIN_TEST(pg, scope_restart) {
  const auto first = kin::pg::start(crews);
  const kin::pid me = kin::self();
  kin::pg::join(crews, 1, me);
  kin::stop(first);
  EXPECT_THAT(kin::pg::get_members(crews, 1), IsEmpty());
  kin::pg::start_link(crews);
  EXPECT_THAT(kin::pg::which_groups(crews), IsEmpty());
  EXPECT_EQ(kin::pg::try_leave(crews, 1, me).error(), kin::pg::not_joined);
  kin::pg::join(crews, 1, me);
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(me));
}

// Many leave at once; whoever was not in it is no failure, if one was. No process at all: a group
// without members.
KIN_TEST(pg, group_leave) {
  kin::pg::start_link(crews);
  const kin::pid p = member();
  const kin::pid q = member();
  kin::pg::join(crews, 1, many{p, q, p});
  kin::pg::leave(crews, 1, many{q, q, kin::self()});
  EXPECT_THAT(kin::pg::get_members(crews, 1), ElementsAre(p, p));
  EXPECT_EQ(kin::pg::try_leave(crews, 1, many{q, kin::self()}).error(), kin::pg::not_joined);
  EXPECT_EQ(kin::pg::try_leave(crews, 1, many{}).error(), kin::pg::not_joined);
  kin::pg::leave(crews, 1, {p, p});
  EXPECT_THAT(kin::pg::which_groups(crews), IsEmpty());
  kin::pg::join(crews, 5, many{});
  EXPECT_THAT(kin::pg::which_groups(crews), ElementsAre(5));
  EXPECT_THAT(kin::pg::get_members(crews, 5), IsEmpty());
}

// Many join and leave at once, and end; nothing is left of them.
KIN_TEST(pg, thundering_herd, {.seeds = 3}) {
  kin::pg::start_link(crews);
  std::vector<kin::ref> watches;
  for (int i = 0; i < test::times(400); ++i) {
    watches.push_back(kin::spawn_monitor([group = i % 3] {
                        for (int n = 0; n < 5; ++n) kin::pg::join(crews, group, kin::self());
                        for (int n = 0; n < 3; ++n) kin::pg::leave(crews, group, kin::self());
                      }).ref);
  }
  for (const kin::ref w : watches) EXPECT_EQ(test::expect_down(w).reason, kin::normal);
  test::settle();
  EXPECT_THAT(kin::pg::which_groups(crews), IsEmpty());
}

}  // namespace
