// SPDX-License-Identifier: Apache-2.0
// supervisor_bridge: a part of a program that knows nothing of supervisors, under one.
// otp-semantics 4.12.
#include <kin/keyed_registry.hpp>
#include <kin/supervisor_bridge.hpp>

#include "conformance/supervisor_support.hpp"

#include <functional>
#include <string>
#include <utility>

namespace {

using namespace kin::literals;
using test::oops;
using test::supervisor_reports;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Tells the test of the process it starts, and of its end.
class inner {
 public:
  inner(kin::pid test, std::function<kin::result<kin::pid>()> start)
      : test_(test), start_(std::move(start)) {}
  kin::result<kin::pid> start() {
    auto started = start_();
    if (started) kin::send(test_, child_ = *started);
    return started;
  }
  void terminate(const kin::exit_reason& why) {
    kin::send(test_, test::ended{"inner", why});
    kin::exit(child_, kin::shutdown);
  }

 private:
  kin::pid test_;
  std::function<kin::result<kin::pid>()> start_;
  kin::pid child_;
};
kin::result<kin::pid> a_process() {
  return kin::spawn_link([] { kin::exit(test::expect<kin::exit_reason>()); });
}
kin::supervisor_bridge bridge(kin::bridge_options options = {}) {
  return kin::bridge<inner>(std::move(options), kin::self(), &a_process);
}
kin::supervisor_bridge bridge_that_gives(kin::exit_reason why) {
  return kin::bridge<inner>(kin::self(), [why] { return kin::result<kin::pid>(why); });
}

KIN_TEST(supervisor_bridge, starting) {
  EXPECT_EQ(kin::try_start_link(bridge_that_gives(kin::exit_reason(kin::ignored))).error(),
            kin::ignored);
  EXPECT_EQ(kin::try_start_link(bridge_that_gives(kin::exit_reason(oops{}))).error(),
            kin::exit_reason(oops{}));
  test::expect_nothing();

  kin::trap_exits();
  const auto up = kin::start_link(bridge());
  const auto child = test::expect<kin::pid>();
  EXPECT_THAT(kin::which_children(up), IsEmpty());
  EXPECT_EQ(kin::try_start_child(up, test::child("a")).error(), kin::badcall);
  EXPECT_EQ(kin::try_terminate_child(up, child).error(), kin::badcall);
  EXPECT_EQ(kin::try_restart_child(up, "a").error(), kin::badcall);
  EXPECT_EQ(kin::try_delete_child(up, "a").error(), kin::badcall);
  EXPECT_EQ(kin::try_get_childspec(up, child).error(), kin::badcall);
  EXPECT_EQ(kin::count_children(up), kin::child_counts{});
  kin::stop(up);
  EXPECT_EQ(test::expect<test::ended>(), (test::ended{"inner", kin::normal}));
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{up, kin::normal}));
}

// The bridge is told to end, and what is behind it is ended in its own way.
KIN_TEST(supervisor_bridge, mini_terminate) {
  kin::trap_exits();
  const auto up = kin::start_link(bridge());
  const kin::ref watch = test::watching(test::expect<kin::pid>());
  kin::exit(up, kin::shutdown);
  EXPECT_EQ(test::expect<test::ended>(), (test::ended{"inner", kin::shutdown}));
  EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{up, kin::shutdown}));

  const auto killed = kin::start_link(bridge());
  kin::exit(test::expect<kin::pid>(), kin::kill);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{killed, kin::killed}));
  EXPECT_THAT(supervisor_reports(), ElementsAre(HasSubstr("reason: killed")));
  test::expect_nothing();
}

// What is behind it ends, and so does the bridge, with its reason; there is nothing left to end.
KIN_TEST(supervisor_bridge, mini_die) {
  kin::trap_exits();
  for (const kin::exit_reason& why :
       {kin::exit_reason(kin::normal), kin::exit_reason(kin::shutdown), kin::shutdown(oops{}),
        kin::exit_reason(oops{})}) {
    test::forget_reports();
    const auto up = kin::start_link(bridge());
    kin::send(test::expect<kin::pid>(), why);
    EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{up, why}));
    test::expect_nothing();
    EXPECT_EQ(supervisor_reports().size(), why.is_orderly() ? 0U : 1U) << why;
  }
}

// A name that is taken; one of another kind of server does not compile.
KIN_TEST(supervisor_bridge, badstart) {
  constexpr kin::name<kin::supervisor_bridge> name{"bridge"};
  const auto up = kin::start_link(bridge({.name = name}));
  test::expect<kin::pid>();
  EXPECT_TRUE(kin::try_start_link(bridge({.name = name})).error().is(kin::already_started{up.pid}));
  EXPECT_THAT(kin::which_children(name), IsEmpty());
  kin::stop(name);
  test::expect<test::ended>();
}

TEST(supervisor_bridge, simple_global_supervisor) {
  kin::registry<std::string, kin::supervisor_bridge> bridges;
  test::play([&] {
    const auto tree = kin::start_link(
        kin::supervisor{{}, kin::child({.id = "bridge"}, bridge({.name = bridges["one"]}))});
    const auto child = test::expect<kin::pid>();
    const auto was = kin::whereis(bridges["one"]);
    EXPECT_EQ(kin::which_children(tree).front(),
              (kin::child_info{.id = "bridge", .pid = *was, .type = kin::child_type::supervisor}));
    kin::send(child, kin::exit_reason(oops{}));
    const auto again = test::expect<kin::pid>();
    EXPECT_NE(again, child);
    test::settle();
    EXPECT_EQ(kin::whereis(bridges["one"]), kin::which_children(tree).front().pid);
    EXPECT_NE(kin::whereis(bridges["one"]), was);
    kin::stop(tree);
    EXPECT_EQ(test::expect<test::ended>(), (test::ended{"inner", kin::shutdown}));
  });
}

KIN_TEST(supervisor_bridge, format_log_2) {
  kin::trap_exits();
  constexpr kin::name<kin::supervisor_bridge> name{"bridge"};
  kin::start_link(bridge({.name = name}));
  const auto child = test::expect<kin::pid>();
  kin::send(child, kin::exit_reason(oops{}));
  test::expect<kin::exited>();
  auto told = test::reports();
  std::erase_if(told, [](const test::told& t) { return t.title == "CRASH REPORT"; });
  ASSERT_EQ(told.size(), 2U);
  const auto about = "[{pid, " + kin::to_string(child) + "}, {id, " +
                     kin::type_name(typeid(inner)) + "}, {mfargs, " +
                     kin::type_name(typeid(inner)) +
                     "}, {restart_type, permanent}, {significant, false}, {shutdown, infinity}, "
                     "{child_type, supervisor}]";
  EXPECT_EQ(told[0].title, "PROGRESS REPORT");
  EXPECT_EQ(told[0].text, "    supervisor: {local, bridge}\n    started: " + about);
  EXPECT_EQ(told[1].title, "SUPERVISOR REPORT");
  EXPECT_EQ(told[1].text,
            "    supervisor: {local, bridge}\n    errorContext: child_terminated\n    reason: " +
                kin::to_string(kin::exit_reason(oops{})) + "\n    offender: " + about);
}

}  // namespace
