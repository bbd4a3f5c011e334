// SPDX-License-Identifier: Apache-2.0
// supervisor: how trees start and end, and whom they listen to. otp-semantics 4.3, 4.10.
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>

#include "support/member.hpp"
#include "support/sanitized.hpp"

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>
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
using test::failing;
using test::no_disk;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- start --------------------------------------------------------------------------------------

KIN_TEST(supervisor, starts_in_order_and_ends_in_reverse) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a"), child("b"), child("c")});
  expect_all_up({"a", "b", "c"});

  kin::stop(tree);

  expect_shutdown({"c", "b", "a"});
}

KIN_TEST(supervisor, gives_children_their_priority_and_the_bound_of_their_mailbox) {
  const kin::mailbox_options one{.limit = 1, .when_full = kin::when_full::drop_newest};
  auto tree = kin::start_link(kin::supervisor{
      {},
      kin::child<test::member>({.priority = kin::priority::high, .mailbox = one}, kin::self(),
                               "server"),
      kin::child_process({.priority = kin::priority::low, .mailbox = one}, [] { test::idle(); })});
  const kin::pid server = test::expect<test::up>().pid;
  const kin::pid process = kin::which_children(tree).front().pid;
  for (const kin::pid child : {server, process}) {
    kin::suspend(child);
    for (int i = 0; i < 3; ++i) kin::send(child, i);
    EXPECT_EQ(kin::info(child)->dropped, 2U);
    kin::resume(child);
  }
  EXPECT_EQ(kin::info(server)->priority, kin::priority::high);
  EXPECT_EQ(kin::info(process)->priority, kin::priority::low);
}

TEST(supervisor, starts_a_child_again_under_its_key) {
  kin::registry<std::string, test::member> members;
  test::play([&] {
    auto tree = kin::start_link(kin::supervisor{
        {}, kin::child<test::member>({.name = members["first"]}, kin::self(), "m")});
    const kin::pid first = expect_up("m");
    EXPECT_EQ(kin::whereis(members["first"]), first);
    EXPECT_EQ(kin::which_children(tree).front().id, "first");

    kin::cast(members["first"], test::end{kin::exit_reason(no_disk{1})});

    test::expect<test::ended>();
    const kin::pid second = expect_up("m");
    EXPECT_NE(first, second);
    EXPECT_EQ(kin::whereis(members["first"]), second);
  });
}

KIN_TEST(supervisor, without_children_is_one) {
  auto tree = kin::start_link(kin::supervisor{{}});
  EXPECT_EQ(kin::count_children(tree), kin::child_counts{});
}

KIN_TEST(supervisor, has_its_name_before_its_children_start) {
  constexpr kin::name<kin::supervisor> tree{"tree"};
  const kin::pid me = kin::self();
  kin::start_link(kin::supervisor{{.name = tree}, custom("asks", [me, tree] {
                                    kin::send(me, *kin::whereis(tree));
                                    return kin::spawn_link(test::idle);
                                  })});

  EXPECT_EQ(test::expect<kin::pid>(), kin::whereis(tree));
  EXPECT_TRUE(kin::try_start_link(kin::supervisor{{.name = tree}})
                  .error()
                  .is(kin::already_started{*kin::whereis(tree)}));
}

KIN_TEST(supervisor, that_cannot_start_a_child_ends_those_before_it_and_does_not_start) {
  auto tree = kin::try_start_link(
      kin::supervisor{{}, child("a"), child("b"), failing("disk"), child("never")});

  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error(),
            kin::shutdown(kin::failed_to_start_child{"disk", kin::exit_reason(no_disk{3})}));
  expect_all_up({"a", "b"});
  expect_shutdown({"b", "a"});
  test::expect_silence();
  EXPECT_THAT(test::supervisor_reports(),
              ElementsAre(testing::AllOf(HasSubstr("errorContext: start_error"),
                                         HasSubstr("{pid, undefined}, {id, disk}"))));
}

KIN_TEST(supervisor, whose_start_fails_throws_from_start_link_and_is_heard_over_the_link) {
  kin::trap_exits();
  try {
    kin::start_link(kin::supervisor{{}, failing("disk")});
    FAIL() << "it has started";
  } catch (const kin::error& e) {
    EXPECT_TRUE(e.reason().get_if<kin::failed_to_start_child>() != nullptr);
    EXPECT_EQ(test::expect<kin::exited>().reason, e.reason());
  }
}

KIN_TEST(supervisor, takes_what_a_start_function_throws_for_the_reason) {
  auto thrown = kin::try_start_link(kin::supervisor{
      {}, custom("throws", []() -> kin::result<kin::pid> { throw std::runtime_error("no"); })});
  EXPECT_NE(
      thrown.error().get_if<kin::failed_to_start_child>()->reason.get_if<std::runtime_error>(),
      nullptr);

  auto exits = kin::try_start_link(kin::supervisor{
      {}, custom("exits", []() -> kin::result<kin::pid> { kin::exit(no_disk{7}); })});
  EXPECT_EQ(exits.error(),
            kin::shutdown(kin::failed_to_start_child{"exits", kin::exit_reason(no_disk{7})}));
}

KIN_TEST(supervisor, keeps_a_child_that_wants_to_be_ignored_unless_it_is_temporary) {
  const auto ignored = [] { return kin::exit_reason(kin::ignored); };
  auto tree = kin::start_link(
      kin::supervisor{{}, custom("kept", ignored), custom("forgotten", ignored, kin::temporary)});

  EXPECT_THAT(kin::which_children(tree), ElementsAre(kin::child_info{.id = "kept"}));
}

KIN_TEST(supervisor, reports_progress_of_each_child) {
  kin::start_link(kin::supervisor{{}, child("a"), child("b")});
  expect_all_up({"a", "b"});

  std::vector<std::string> started;
  for (const test::told& t : test::reports()) {
    if (t.title == "PROGRESS REPORT") started.push_back(t.text);
  }
  EXPECT_THAT(started, ElementsAre(HasSubstr("{id, a}"), HasSubstr("{id, b}")));
}

// ---- who is told what ---------------------------------------------------------------------------

KIN_TEST(supervisor, ignores_exit_signals_of_strangers) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a")});
  expect_up("a");
  test::await_exit(kin::spawn([tree] { kin::exit(tree, kin::shutdown); }));
  test::await_exit(kin::spawn([tree] { kin::exit(tree, no_disk{1}); }));

  EXPECT_EQ(kin::count_children(tree).active, 1U);
  test::expect_silence();
}

KIN_TEST(supervisor, reports_messages_it_does_not_understand_and_lives, {.leaves_messages = true}) {
  auto tree = kin::start_link(kin::supervisor{{}, child("a")});
  kin::send(tree, test::word{"hello"});

  EXPECT_EQ(kin::count_children(tree).active, 1U);
  EXPECT_THAT(test::reports().back().text, HasSubstr("unexpected message: kin::test::word hello"));
}

KIN_TEST(supervisor, obeys_its_parent) {
  kin::trap_exits();
  auto tree = kin::start_link(kin::supervisor{{}, child("a"), child("b")});
  expect_all_up({"a", "b"});

  kin::exit(tree, no_disk{5});

  expect_shutdown({"b", "a"});
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::exit_reason(no_disk{5})}));
}

KIN_TEST(supervisor, ends_its_children_when_its_parent_is_killed) {
  const kin::pid me = kin::self();
  const kin::pid above = kin::spawn([me] {
    kin::send(me, kin::start_link(kin::supervisor{
                      {}, kin::child<test::member>({.id = "a"}, me, std::string("a"))}));
    test::idle();
  });
  expect_up("a");
  auto tree = test::expect<kin::server<kin::supervisor>>();
  const kin::ref watch = kin::monitor(tree);

  kin::exit(above, kin::kill);

  expect_shutdown({"a"});
  EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
}

KIN_TEST(supervisor, takes_its_children_along_when_it_is_killed) {
  kin::trap_exits();
  auto tree = kin::start_link(
      kin::supervisor{{}, child("traps"), kin::child_process({.id = "does not"}, test::idle)});
  expect_up("traps");
  const kin::ref watch = test::watching(kin::which_children(tree)[0].pid);

  kin::exit(tree, kin::kill);

  EXPECT_EQ(test::expect<test::ended>(), (test::ended{"traps", kin::killed}));
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{tree, kin::killed}));
  EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
}

// ---- trees of trees -----------------------------------------------------------------------------

KIN_TEST(supervisor, makes_a_subtree_anew_at_each_restart) {
  auto made = std::make_shared<std::atomic<int>>(0);
  const kin::pid me = kin::self();
  kin::start_link(kin::supervisor{
      {}, kin::child({.id = "sub"}, [made, me] {
        const std::string id = "a" + std::to_string(++*made);
        return kin::supervisor{{.intensity = 0}, kin::child<test::member>({.id = id}, me, id)};
      })});
  end_with(expect_up("a1"), no_disk{1});

  expect_up("a2");
}

KIN_TEST(supervisor, is_a_child_as_it_stands) {
  constexpr kin::name<kin::supervisor> inner{"inner"};
  auto tree = kin::start_link(
      kin::supervisor{{}, kin::supervisor{{.name = inner}, child("a"), child("b")}, child("c")});
  expect_all_up({"a", "b", "c"});

  const auto below = kin::which_children(tree);
  EXPECT_EQ(below[1].id, "inner");
  EXPECT_EQ(below[1].type, kin::child_type::supervisor);
  EXPECT_EQ(kin::count_children(inner), (kin::child_counts{.specs = 2, .active = 2, .workers = 2}));
  EXPECT_EQ(kin::get_childspec(tree, "inner").how_long(), kin::infinity);

  kin::stop(tree);
  expect_shutdown({"c", "b", "a"});
}

KIN_TEST(supervisor, keeps_a_process_that_goes_on_as_a_loop) {
  const kin::pid me = kin::self();
  kin::start_link(kin::supervisor{{}, kin::child_process([me] {
                                    kin::send(me, kin::self());
                                    return kin::loop(
                                        [](test::number n) { kin::exit(no_disk{n.value}); });
                                  })});
  const auto first = test::expect<kin::pid>();

  kin::send(first, test::number{1});

  EXPECT_NE(test::expect<kin::pid>(), first);
}

// ---- a whole program ----------------------------------------------------------------------------

kin::run_options quietly() {
  return {.machine = {.workers = 2, .reports = test::quiet()}, .handle_signals = false};
}

TEST(supervisor, as_a_program_ends_well_when_it_is_stopped) {
  constexpr static kin::name<kin::supervisor> tree{"program"};
  const int code = kin::run(kin::supervisor{{.name = tree}, kin::child_process([] {
                                              kin::spawn([] { kin::stop(tree); });
                                              test::idle();
                                            })},
                            quietly());
  EXPECT_EQ(code, 0);
}

TEST(supervisor, as_a_program_fails_when_it_gives_up_or_does_not_start) {
  EXPECT_EQ(
      kin::run(kin::supervisor{{}, kin::child_process([] { kin::exit(no_disk{1}); })}, quietly()),
      1);
  EXPECT_EQ(kin::run(kin::supervisor{{}, failing("disk")}, quietly()), 1);
}

class last_word : public kin::gen_server {
 public:
  last_word(std::vector<std::string>* order, std::string id) : order_(order), id_(std::move(id)) {
    kin::trap_exits();
  }
  void terminate(const kin::exit_reason& /*why*/) { order_->push_back(id_); }

 private:
  std::vector<std::string>* order_;
  std::string id_;
};

TEST(supervisor, as_a_program_ends_in_order_at_sigterm) {
  if (test::loses_signals) GTEST_SKIP() << "a signal that comes early would be lost";
  std::vector<std::string> order;
  kin::run_options options = quietly();
  options.handle_signals = true;

  const int code = kin::run(kin::supervisor{{},
                                            kin::child<last_word>({.id = "a"}, &order, "a"s),
                                            kin::child<last_word>({.id = "b"}, &order, "b"s),
                                            kin::child_process([] {
                                              ::kill(::getpid(), SIGTERM);
                                              test::idle();
                                            })},
                            options);

  EXPECT_EQ(code, 128 + SIGTERM);
  EXPECT_THAT(order, ElementsAre("b", "a"));
}

}  // namespace
