// SPDX-License-Identifier: Apache-2.0
// How a supervisor ends a child: ask, wait, kill; and what it reports of that. otp-semantics 4.7.
#include "support/member.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A process that traps exits, says that it is up, and hands each EXIT to `then`.
template <class F>
kin::child_spec trapping(kin::shutdown_limit limit, F then, kin::restart when = kin::permanent) {
  auto spec =
      kin::child_process({.id = "x", .restart = when, .shutdown = limit}, [me = kin::self(), then] {
        kin::trap_exits();
        kin::send(me, kin::self());
        kin::receive([&](const kin::exited& e) { then(e); });
      });
  return spec;
}
const auto never_ends = [](const kin::exited& /*told*/) { test::idle(); };

kin::exit_reason end_of_x(const kin::server<kin::supervisor>& tree) {
  const kin::ref watch = test::watching(test::expect<kin::pid>());
  kin::terminate_child(tree, "x");
  return test::expect_down(watch).reason;
}

KIN_TEST(shutdown, asks_and_lets_the_child_end) {
  auto tree =
      kin::start_link(kin::supervisor{{}, trapping(5s, [me = kin::self()](const kin::exited& told) {
                                        kin::send(me, told);
                                        kin::exit(told.reason);
                                      })});
  EXPECT_EQ(end_of_x(tree), kin::shutdown);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
  EXPECT_THAT(test::supervisor_reports(), IsEmpty());
}

KIN_TEST(shutdown, kills_who_takes_too_long_and_says_so) {
  auto tree = kin::start_link(kin::supervisor{{}, trapping(1ms, never_ends)});
  EXPECT_EQ(end_of_x(tree), kin::killed);
  EXPECT_THAT(test::supervisor_reports(),
              ElementsAre(AllOf(HasSubstr("errorContext: shutdown_error"),
                                HasSubstr("reason: killed"), HasSubstr("{shutdown, 1}"))));
}

KIN_TEST(shutdown, of_zero_kills_who_does_not_end_at_once) {
  auto tree = kin::start_link(kin::supervisor{{}, trapping(0s, never_ends)});
  EXPECT_EQ(end_of_x(tree), kin::killed);
}

KIN_TEST(shutdown, without_limit_waits_for_the_child) {
  auto tree = kin::start_link(
      kin::supervisor{{}, trapping(kin::infinity, [me = kin::self()](const auto& told) {
                        kin::send(me, told);
                        test::idle();
                        kin::exit(told.reason);
                      })});
  const kin::pid x = test::expect<kin::pid>();
  kin::spawn([tree, me = kin::self()] {
    kin::terminate_child(tree, "x");
    kin::send(me, test::word{"terminated"});
  });
  test::expect<kin::exited>();
  EXPECT_TRUE(kin::is_alive(x));
  kin::send(x, test::word{"now"});
  test::expect<test::word>();
  EXPECT_FALSE(kin::is_alive(x));
}

KIN_TEST(shutdown, by_brutal_kill_does_not_ask) {
  auto tree = kin::start_link(
      kin::supervisor{{}, trapping(kin::brutal_kill, [](const auto&) { ADD_FAILURE(); })});
  EXPECT_EQ(end_of_x(tree), kin::killed);
  EXPECT_THAT(test::supervisor_reports(), IsEmpty());
}

struct end_case {
  kin::restart when;
  kin::exit_reason why;
  bool is_reported;
};

TEST(shutdown, reports_ends_that_were_not_asked_for) {
  const std::vector<end_case> cases{
      {kin::permanent, kin::shutdown, false},        {kin::permanent, kin::normal, true},
      {kin::permanent, kin::shutdown(1), true},      {kin::permanent, kin::exit_reason("x"), true},
      {kin::transient, kin::normal, false},          {kin::transient, kin::shutdown(1), false},
      {kin::transient, kin::exit_reason("x"), true}, {kin::temporary, kin::normal, false},
      {kin::temporary, kin::exit_reason("x"), true}};
  for (const end_case& c : cases) {
    test::play([&c] {
      auto tree = kin::start_link(kin::supervisor{
          {},
          trapping(
              5s, [&c](const kin::exited& /*told*/) { kin::exit(c.why); }, c.when)});
      EXPECT_EQ(end_of_x(tree), c.why);
      EXPECT_EQ(test::supervisor_reports().size(), c.is_reported ? 1U : 0U)
          << c.when << ' ' << c.why;
    });
  }
}

KIN_TEST(shutdown, ends_a_child_that_has_unlinked_itself) {
  auto tree =
      kin::start_link(kin::supervisor{{}, kin::child_process({.id = "x"}, [me = kin::self()] {
                                        kin::unlink(kin::parent());
                                        kin::send(me, kin::self());
                                        test::idle();
                                      })});
  EXPECT_EQ(end_of_x(tree), kin::shutdown);
  EXPECT_THAT(test::supervisor_reports(), IsEmpty());
}

KIN_TEST(shutdown, finds_noproc_where_an_unlinked_child_has_died_unheard) {
  auto tree =
      kin::start_link(kin::supervisor{{}, kin::child_process({.id = "x"}, [me = kin::self()] {
                                        kin::unlink(kin::parent());
                                        kin::send(me, kin::self());
                                      })});
  const kin::pid x = test::expect<kin::pid>();
  test::await_exit(x);
  EXPECT_EQ(kin::which_children(tree)[0].pid, x);
  EXPECT_EQ(kin::count_children(tree).active, 0U);
  EXPECT_EQ(kin::try_restart_child(tree, "x").error(), kin::running);

  kin::terminate_child(tree, "x");

  EXPECT_THAT(test::supervisor_reports(), ElementsAre(HasSubstr("reason: noproc")));
  EXPECT_EQ(kin::which_children(tree)[0].pid, kin::pid{});
}

// "x" and "a", and a supervisor that waits for the end of "x", until that gets a word.
struct busy_tree {
  busy_tree() : tree(kin::start_link(two())) {
    x = test::expect<kin::pid>();
    a = test::expect_up("a");
    kin::spawn([t = tree] { kin::terminate_child(t, "x"); });
    test::expect<kin::exited>();
  }
  static kin::supervisor two() {
    return {{},
            trapping(kin::infinity,
                     [me = kin::self()](const kin::exited& told) {
                       kin::send(me, told);
                       test::idle();
                       kin::exit(told.reason);
                     }),
            test::child("a")};
  }
  kin::server<kin::supervisor> tree;
  kin::pid x;
  kin::server<test::member> a;
};

KIN_TEST(shutdown, forgets_no_child_that_died_while_it_waited_for_another) {
  busy_tree busy;
  kin::exit(busy.a, kin::kill);
  test::await_exit(busy.a);

  kin::send(busy.x, test::word{"end"});

  EXPECT_NE(test::expect_up("a"), busy.a);
}

KIN_TEST(shutdown, forgets_no_order_of_the_parent_that_came_while_it_waited_for_a_child) {
  kin::trap_exits();
  busy_tree busy;
  kin::exit(busy.tree, kin::shutdown);

  kin::send(busy.x, test::word{"end"});

  test::expect_shutdown({"a"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{busy.tree, kin::shutdown}));
}

KIN_TEST(shutdown, leaves_nothing_of_the_child_in_the_mailbox, {.leaves_messages = true}) {
  auto tree = kin::start_link(kin::supervisor{{.intensity = 0}, test::child("a")});
  for (int i = 0; i < 100; ++i) {
    kin::terminate_child(tree, "a");
    kin::restart_child(tree, "a");
  }
  EXPECT_EQ(kin::count_children(tree).active, 1U);
  EXPECT_THAT(test::supervisor_reports(), IsEmpty());
}

// One EXIT starts the restart of all; the others must be found without a search through all of
// them.
KIN_TEST(shutdown, of_many_that_died_at_once_is_not_quadratic) {
  const int many = test::times(20'000);
  const kin::pid me = kin::self();
  auto tree = kin::start_link(kin::supervisor{{.strategy = kin::one_for_all, .intensity = 1}});
  std::vector<kin::pid> all;
  for (int i = 0; i < many; ++i) {
    all.push_back(kin::start_child(tree, kin::child_process({.id = std::to_string(i)}, [me] {
                                     kin::send(me, number{1});
                                     return kin::loop(
                                         [](const test::word& /*any*/) {});  // without a stack
                                   })));
  }
  for (int i = 0; i < many; ++i) test::expect<number>();
  kin::spawn([tree, me] {
    static_cast<void>(kin::try_start_child(
        tree, kin::child_spec{.id = "gate", .start = [me]() -> kin::result<kin::pid> {
                                kin::send(me, test::word{"busy"});
                                test::idle();
                                return kin::exit_reason(kin::timed_out);
                              }}));
  });
  test::expect<test::word>();
  for (const kin::pid p : all) kin::exit(p, kin::kill);
  for (const kin::pid p : all) test::await_exit(p);

  kin::send(tree, test::word{"go"});

  for (int i = 0; i < many; ++i) test::expect<number>();
  EXPECT_EQ(kin::count_children(tree).active, static_cast<std::size_t>(many));
}

}  // namespace
