// SPDX-License-Identifier: Apache-2.0
// Many children of one kind, made when asked for. otp-semantics 4.8.
#include <kin/info.hpp>

#include "support/member.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::member;
using test::number;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct oops {
  friend bool operator==(const oops&, const oops&) = default;
};

// Members that differ in their id.
using members = kin::supervisor_of<member(std::string)>;
members tree_of(kin::child_options<member> options, kin::supervisor_options how = {}) {
  return {how, kin::child_template<member(std::string)>(std::move(options), kin::self())};
}

KIN_TEST(simple_one_for_one, starts_nothing_by_itself_and_children_when_asked) {
  auto tree = kin::start_link(tree_of({}));
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1}));

  kin::server<member> a = kin::start_child(tree, "a"s);
  kin::server<member> b = kin::start_child(tree, "b");

  EXPECT_EQ(test::expect_up("a"), a);
  EXPECT_EQ(test::expect_up("b"), b);
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .active = 2, .workers = 2}));
  std::vector<kin::pid> pids;
  for (const auto& c : kin::which_children(tree)) pids.push_back(c.pid);
  EXPECT_THAT(pids, testing::UnorderedElementsAre(a.pid, b.pid));
}

KIN_TEST(simple_one_for_one, gives_all_children_the_priority_of_their_template,
         {.leaves_messages = true}) {
  auto servers = kin::start_link(tree_of({.priority = kin::priority::low}));
  EXPECT_EQ(kin::info(kin::start_child(servers, "a"s))->priority, kin::priority::low);
  auto processes = kin::start_link(
      kin::supervisor{{.strategy = kin::simple_one_for_one},
                      kin::child_template(kin::child_options<void>{.priority = kin::priority::low},
                                          [](int /*extra*/) { test::idle(); })});
  EXPECT_EQ(kin::info(kin::start_child(processes, 1))->priority, kin::priority::low);
}

KIN_TEST(simple_one_for_one, is_a_strategy_like_the_others_where_types_do_not_matter) {
  const kin::pid me = kin::self();
  auto tree =
      kin::start_link(kin::supervisor{{.strategy = kin::simple_one_for_one},
                                      kin::child_template([me](const std::string& text, int n) {
                                        kin::send(me, text + std::to_string(n));
                                        test::idle();
                                      })});

  kin::pid child = kin::start_child(tree, "n"s, 7);

  EXPECT_TRUE(child);
  EXPECT_EQ(test::expect<std::string>(), "n7");
  const auto refused = kin::try_start_child(tree, 7);
  EXPECT_EQ(refused.error().get_if<kin::bad_spec>()->what, kin::bad_spec::fault::bad_start_spec);
  const auto also = kin::try_start_child(tree, test::child("x"));
  EXPECT_EQ(also.error().get_if<kin::bad_spec>()->what, kin::bad_spec::fault::bad_start_spec);
}

KIN_TEST(simple_one_for_one, is_found_by_a_typed_name) {
  constexpr kin::name<kin::supervisor_of<kin::pid(number)>> doublers{"doublers"};
  const kin::pid me = kin::self();
  kin::start_link(kin::supervisor{
      {},
      kin::supervisor_of<kin::pid(number)>{
          {.name = doublers}, kin::child_template({.restart = kin::temporary}, [me](number n) {
            kin::send(me, number{2 * n.value});
          })}});

  kin::start_child(doublers, number{21});

  EXPECT_EQ(test::expect<number>(), number{42});
}

KIN_TEST(simple_one_for_one, makes_subtrees_too) {
  const kin::pid me = kin::self();
  auto tree = kin::start_link(kin::supervisor{
      {.strategy = kin::simple_one_for_one}, kin::child_template([me](std::string id) {
        return kin::supervisor{{}, kin::child<member>({.id = id}, me, id)};
      })});
  const kin::pid below = kin::start_child(tree, "a"s);
  test::expect_up("a");
  EXPECT_EQ(kin::which_children(below)[0].id, "a");
  EXPECT_EQ(kin::count_children(tree).supervisors, 1U);
}

KIN_TEST(simple_one_for_one, restarts_a_child_with_what_it_was_started_with) {
  auto tree = kin::start_link(tree_of({}));
  kin::start_child(tree, "a");
  kin::start_child(tree, "b");
  auto was = test::expect_all_up({"a", "b"});

  test::end_with(was[0], oops{});

  auto a = test::expect_up("a");
  EXPECT_NE(a, was[0]);
  EXPECT_EQ(kin::count_children(tree).active, 2U);
}

KIN_TEST(simple_one_for_one, forgets_transient_children_that_ended_well_and_temporary_ones_always) {
  auto transient = kin::start_link(tree_of({.restart = kin::transient}));
  auto temporary = kin::start_link(tree_of({.restart = kin::temporary}));
  kin::start_child(transient, "a");
  kin::start_child(temporary, "b");
  auto was = test::expect_all_up({"a", "b"});

  test::end_with(was[0], kin::normal);
  test::end_with(was[1], oops{});
  test::await_exit(was[0]);
  test::await_exit(was[1]);
  kin::sim::settle();  // their supervisors have heard of it, too

  EXPECT_EQ(kin::count_children(transient).workers, 0U);
  EXPECT_EQ(kin::count_children(temporary).workers, 0U);
  EXPECT_THAT(test::supervisor_reports(), ElementsAre(HasSubstr("child_terminated")));
}

KIN_TEST(simple_one_for_one, takes_arguments_that_can_only_be_moved_if_children_are_temporary) {
  const kin::pid me = kin::self();
  const auto body = [me](std::unique_ptr<int> n) { kin::send(me, number{*n}); };
  auto tree =
      kin::start_link(kin::supervisor{{.strategy = kin::simple_one_for_one},
                                      kin::child_template({.restart = kin::temporary}, body)});
  kin::start_child(tree, std::make_unique<int>(7));
  EXPECT_EQ(test::expect<number>(), number{7});

  auto refused = kin::try_start_link(
      kin::supervisor{{.strategy = kin::simple_one_for_one}, kin::child_template(body)});
  EXPECT_EQ(refused.error().get_if<kin::bad_spec>()->what, kin::bad_spec::fault::bad_start_spec);
}

// Starts, or not, as it is told.
class starter : public kin::gen_server {
 public:
  starter(kin::pid test, std::shared_ptr<std::vector<kin::next>> init) : init_(std::move(init)) {
    kin::send(test, kin::self());
  }
  kin::next init() {
    kin::next one = std::move(init_->back());
    init_->pop_back();
    return one;
  }

 private:
  std::shared_ptr<std::vector<kin::next>> init_;
};

KIN_TEST(simple_one_for_one, gives_the_plain_reason_why_a_child_did_not_start,
         {.leaves_messages = true}) {
  auto starts = std::make_shared<std::vector<kin::next>>();
  starts->push_back(kin::ignore());
  starts->push_back(kin::stop(oops{}));
  auto tree = kin::start_link(
      kin::supervisor_of<starter()>{{}, kin::child_template<starter()>(kin::self(), starts)});

  EXPECT_EQ(kin::try_start_child(tree).error(), kin::exit_reason(oops{}));
  EXPECT_EQ(kin::start_child(tree).pid, kin::pid{});
  EXPECT_EQ(kin::count_children(tree).workers, 0U);
}

KIN_TEST(simple_one_for_one, forgets_a_child_whose_restart_is_ignored) {
  auto starts = std::make_shared<std::vector<kin::next>>();
  starts->push_back(kin::ignore());
  starts->push_back({});
  auto tree = kin::start_link(
      kin::supervisor_of<starter()>{{}, kin::child_template<starter()>(kin::self(), starts)});
  kin::server<starter> child = kin::start_child(tree);
  EXPECT_EQ(test::expect<kin::pid>(), child);

  kin::exit(child, kin::kill);

  test::await_exit(test::expect<kin::pid>());
  EXPECT_EQ(kin::count_children(tree).workers, 0U);
  kin::stop(tree);
}

// Counts its starts, and fails while it is told to.
struct shaky : kin::gen_server {
  shaky(kin::pid test, std::shared_ptr<std::atomic<bool>> works) {
    if (!*works) kin::exit(oops{});
    kin::trap_exits();
    kin::send(test, kin::self());
  }
  kin::next handle_cast(test::end e) { return kin::stop(std::move(e.why)); }
};

KIN_TEST(simple_one_for_one, tries_a_failed_restart_again, {.seeds = 3, .simulation = test::fair}) {
  auto works = std::make_shared<std::atomic<bool>>(true);
  auto tree = kin::start_link(kin::supervisor_of<shaky()>{
      {.intensity = 1'000'000}, kin::child_template<shaky()>({}, kin::self(), works)});
  kin::server<shaky> first = kin::start_child(tree);
  EXPECT_EQ(test::expect<kin::pid>(), first);
  kin::server<shaky> second = kin::start_child(tree);
  EXPECT_EQ(test::expect<kin::pid>(), second);
  *works = false;

  for (auto& one : {first, second}) kin::cast(one, test::end{kin::exit_reason(oops{})});
  while (kin::count_children(tree).active != 0) kin::yield();
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .workers = 2}));
  EXPECT_TRUE(kin::which_children(tree)[0].restarting);

  kin::terminate_child(tree, second);
  *works = true;
  EXPECT_NE(test::expect<kin::pid>(), first);
  EXPECT_EQ(kin::count_children(tree), (kin::child_counts{.specs = 1, .active = 1, .workers = 1}));
}

KIN_TEST(simple_one_for_one, gives_up_when_children_die_too_often) {
  kin::trap_exits();
  auto tree = kin::start_link(tree_of({}, {.intensity = 0}));
  kin::start_child(tree, "bystander");
  kin::start_child(tree, "a");
  test::expect_up("bystander");
  test::end_with(test::expect_up("a"), oops{});

  test::expect_shutdown({"bystander"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

KIN_TEST(simple_one_for_one, knows_children_by_pid_only) {
  auto tree = kin::start_link(tree_of({.id = "members"}));
  auto a = kin::start_child(tree, "a");
  test::expect_up("a");
  const kin::exit_reason no(kin::simple_one_for_one);
  EXPECT_EQ(kin::try_terminate_child(tree, "a").error(), no);
  EXPECT_EQ(kin::try_restart_child(tree, a).error(), no);
  EXPECT_EQ(kin::try_delete_child(tree, a).error(), no);
  EXPECT_EQ(kin::get_childspec(tree, a).id, "members");
  EXPECT_EQ(kin::try_get_childspec(tree, kin::self()).error(), kin::not_found);
  EXPECT_EQ(kin::try_terminate_child(tree, kin::self()).error(), kin::not_found);

  kin::terminate_child(tree, a);

  test::expect_shutdown({"a"});
  EXPECT_TRUE(kin::try_terminate_child(tree, a));  // it is dead: well
  EXPECT_EQ(kin::count_children(tree).workers, 0U);
}

// ---- the end ------------------------------------------------------------------------------------

KIN_TEST(simple_one_for_one, ends_all_children_at_once) {
  const kin::pid me = kin::self();
  auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::simple_one_for_one}, kin::child_template([me](int n) {
                        kin::trap_exits();
                        kin::send(me, kin::self());
                        kin::receive([&](const kin::exited& told) {
                          kin::send(me, number{n});
                          test::idle();  // none of them ends before all have been asked
                          kin::exit(told.reason);
                        });
                      })});
  std::vector<kin::pid> all;
  for (int i = 0; i < 3; ++i) kin::start_child(tree, i);
  for (int i = 0; i < 3; ++i) all.push_back(test::expect<kin::pid>());
  kin::spawn([tree, me] {
    kin::stop(tree);
    kin::send(me, test::word{"stopped"});
  });

  for (int i = 0; i < 3; ++i) test::expect<number>();
  for (const kin::pid p : all) kin::send(p, test::word{"end"});
  test::expect<test::word>();
  EXPECT_THAT(test::supervisor_reports(), IsEmpty());
}

KIN_TEST(simple_one_for_one, kills_those_that_take_too_long_and_reports_once_a_reason) {
  const kin::pid me = kin::self();
  auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::simple_one_for_one},
                      kin::child_template({.id = "x", .shutdown = 20ms}, [me](bool stays) {
                        kin::trap_exits();
                        kin::send(me, test::word{"up"});
                        kin::receive([&](const kin::exited&) {});
                        if (stays) test::idle();
                        kin::exit(oops{});
                      })});
  for (bool stays : {true, false, true, false, false}) kin::start_child(tree, stays);
  for (int i = 0; i < 5; ++i) test::expect<test::word>();

  kin::stop(tree);

  EXPECT_THAT(test::supervisor_reports(),
              testing::UnorderedElementsAre(
                  AllOf(HasSubstr("reason: killed"), HasSubstr("{nb_children, 2}")),
                  AllOf(HasSubstr("oops"), HasSubstr("{nb_children, 3}"))));
}

KIN_TEST(simple_one_for_one, kills_at_once_when_told_so) {
  auto tree = kin::start_link(tree_of({.shutdown = kin::brutal_kill}));
  kin::start_child(tree, "a");
  const kin::ref watch = test::watching(test::expect_up("a"));
  kin::stop(tree);
  EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
  test::expect_silence();
}

// Keeps the supervisor busy that starts it, until a word comes.
struct slow_starter : kin::gen_server {
  slow_starter(kin::pid test, bool is_slow) {
    kin::send(test, kin::self());
    if (is_slow) test::idle();
  }
};

KIN_TEST(simple_one_for_one, finds_the_true_reasons_of_those_that_were_dead_before_the_end) {
  kin::trap_exits();
  auto tree = kin::start_link(kin::supervisor_of<slow_starter(bool)>{
      {}, kin::child_template<slow_starter(bool)>(kin::self())});
  const kin::pid dead = kin::start_child(tree, false);
  EXPECT_EQ(test::expect<kin::pid>(), dead);
  kin::spawn([tree] { static_cast<void>(kin::try_start_child(tree, true)); });
  const auto slow = test::expect<kin::pid>();
  kin::exit(tree, kin::shutdown);
  static_cast<void>(kin::is_alive(tree));  // it has that
  kin::exit(dead, kin::kill);
  test::await_exit(dead);
  kin::sim::settle();  // the exit signals, too, are there

  kin::send(slow, test::word{"go"});

  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
  EXPECT_THAT(test::supervisor_reports(),
              ElementsAre(AllOf(HasSubstr("reason: killed"), HasSubstr("{nb_children, 1}"))));
}

KIN_TEST(simple_one_for_one, obeys_auto_shutdown) {
  kin::trap_exits();
  auto tree = kin::start_link(tree_of({.restart = kin::temporary, .significant = true},
                                      {.auto_shutdown = kin::all_significant}));
  kin::start_child(tree, "a");
  kin::start_child(tree, "b");
  auto was = test::expect_all_up({"a", "b"});
  test::end_with(was[0], oops{});
  test::await_exit(was[0]);
  kin::sim::settle();  // its supervisor has heard of it, too
  EXPECT_EQ(kin::count_children(tree).active, 1U);
  test::end_with(was[1], kin::normal);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::shutdown}));
}

KIN_TEST(simple_one_for_one, lets_thousands_come_and_go) {
  const int many = test::times(20'000);
  auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::simple_one_for_one},
                      kin::child_template({.restart = kin::temporary}, [](number n) {
                        if (n.value % 2 == 0) test::idle();
                      })});
  std::vector<kin::pid> stay;
  for (int i = 0; i < many; ++i) {
    const kin::pid child = kin::start_child(tree, number{i});
    if (i % 2 == 0) stay.push_back(child);
  }
  for (const kin::pid p : stay) ASSERT_TRUE(kin::is_alive(p));
  kin::stop(tree);
  for (const kin::pid p : stay) ASSERT_FALSE(kin::is_alive(p));
}

}  // namespace
