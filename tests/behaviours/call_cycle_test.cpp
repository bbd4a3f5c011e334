// SPDX-License-Identifier: Apache-2.0
// Calls in a circle: found at once, in one of those that wait, and nowhere else.
#include <kin/agent.hpp>
#include <kin/call_cycle.hpp>
#include <kin/gen_statem.hpp>
#include <kin/supervisor.hpp>

#include "support/expect.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using namespace kin::test;
using testing::ContainsRegex;
using testing::HasSubstr;

// What a server does, as the test says.
using deed = std::function<int()>;
struct act {
  deed what;
};
struct act_later {
  std::function<void(kin::from<int>)> what;
};
class doer : public kin::gen_server {
 public:
  int handle_call(const act& request) { return request.what(); }
  kin::replies<int> handle_call(const act_later& request, kin::from<int> who) {
    request.what(std::move(who));
    return kin::noreply;
  }
  void handle_cast(const act& order) { order.what(); }
};
using server = kin::server<doer>;

// What a call came to.
constexpr int in_a_circle = -1;
constexpr int failed = -2;
int told(const kin::result<int>& answer) {
  if (answer) return *answer;
  return answer.error().get_if<kin::call_cycle>() != nullptr ? in_a_circle : failed;
}
kin::result<int> ask(server to, deed what, kin::duration limit = kin::infinity) {
  return kin::try_call(to, act{std::move(what)}, limit);
}
int answer_seven() { return 7; }

// Calls the first of them, which calls the second, and so on; what the last one's call comes to is
// the answer.
deed call_along(std::vector<server> way) {
  return [way = std::move(way)] {
    if (way.empty()) return 7;
    return told(ask(way.front(), call_along({way.begin() + 1, way.end()})));
  };
}
// The same, and tells the test.
void set_out(server who, std::vector<server> way) {
  kin::cast(who, act{[way = std::move(way), test = kin::self()] {
              kin::send(test, number{call_along(way)()});
              return 0;
            }});
}

std::vector<server> servers(int count) {
  std::vector<server> all;
  for (int i = 0; i < count; ++i) all.push_back(kin::start_link<doer>());
  return all;
}

// ---- one after the other ------------------------------------------------------------------------

class a_circle : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(of, a_circle, testing::Values(2, 3, 10),
                         testing::PrintToStringParamName());

// The request goes along all of them, and the last one's call comes back to the first.
TEST_P(a_circle, fails_the_call_that_closes_it_with_its_path) {
  play([count = GetParam()] {
    const auto all = servers(count);
    const auto tell_path = [first = all.front(), test = kin::self()] {
      const auto answer = ask(first, answer_seven);
      kin::send(test, answer ? kin::exit_reason("no circle") : answer.error());
      return 5;
    };
    deed along = tell_path;
    for (std::size_t i = all.size() - 1; i != 0; --i)
      along = [to = all[i], along] { return told(ask(to, along)); };

    EXPECT_EQ(told(ask(all.front(), along)), 5);  // the others go on

    const auto why = expect<kin::exit_reason>();
    const auto* circle = why.get_if<kin::call_cycle>();
    ASSERT_NE(circle, nullptr) << why;
    ASSERT_EQ(circle->members.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto& m = circle->members[i];
      EXPECT_EQ(m.pid, i == 0 ? all.back().pid : all[i - 1].pid);
      EXPECT_THAT(m.server, HasSubstr("doer"));
      EXPECT_THAT(m.request, HasSubstr("act"));
    }
  });
}

// ---- at the same instant ------------------------------------------------------------------------

TEST_P(a_circle, that_closes_at_once_fails_one_call) {
  play(
      [count = GetParam()] {
        const auto all = servers(count);
        for (int round = 0; round < times(5); ++round) {
          for (std::size_t i = 0; i < all.size(); ++i) set_out(all[i], {all[(i + 1) % all.size()]});
          int circles = 0;
          for (int i = 0; i < count; ++i) {
            const int came_to = expect<number>().value;
            EXPECT_THAT(came_to, testing::AnyOf(7, in_a_circle));
            if (came_to == in_a_circle) ++circles;
          }
          EXPECT_LE(circles, 1);
        }
      },
      {.seeds = sanitized ? 10 : 200});
}

// They serve nobody, so nobody can wait for them but one another, and they never answer.
TEST_P(a_circle, of_processes_that_serve_nobody_fails_one_call) {
  play([count = GetParam()] {
    std::vector<kin::pid> all;
    const auto call_next = [test = kin::self()] {
      const server next{kin::receive([](kin::pid p) { return p; })};
      kin::send(test, number{told(ask(next, answer_seven))});
    };
    for (int i = 0; i < count; ++i) all.push_back(kin::spawn(call_next));
    for (std::size_t i = 0; i < all.size(); ++i) kin::send(all[i], all[(i + 1) % all.size()]);
    int circles = 0;
    for (int i = 0; i < count; ++i)
      if (expect<number>().value == in_a_circle) ++circles;  // the rest: noproc, it has ended
    EXPECT_EQ(circles, 1);
  });
}

// Everybody calls anybody, through anybody, and waits for ever: nothing is left hanging.
KIN_TEST(servers, that_call_each_other_at_random_all_come_back,
         {.seeds = std::uint64_t{sanitized ? 10 : 200}}) {
  std::mt19937 random(17);
  const auto all = servers(5);
  constexpr int journeys = 40;
  for (int i = 0; i < journeys; ++i) {
    std::vector<server> way;
    for (auto length = 1 + random() % 4; length != 0; --length)
      way.push_back(all[random() % all.size()]);
    set_out(all[random() % all.size()], way);
  }
  for (int i = 0; i < journeys; ++i)
    EXPECT_THAT(expect<number>().value, testing::AnyOf(7, in_a_circle, failed));
}

// Everybody calls only who comes after it, and at times gives up early: there is no circle.
KIN_TEST(servers, that_call_in_one_direction_hear_of_no_circle,
         {.seeds = std::uint64_t{sanitized ? 10 : 200}}) {
  std::mt19937 random(23);
  const auto all = servers(6);
  constexpr int journeys = 40;
  for (int i = 0; i < journeys; ++i) {
    deed along = answer_seven;
    for (auto to = all.rbegin(); to != all.rend(); ++to) {
      if (random() % 2 == 0) continue;
      const auto limit = random() % 3 == 0 ? kin::duration(random() % 20'000) : kin::infinity;
      along = [to = *to, along, limit] { return told(ask(to, along, limit)); };
    }
    kin::spawn_link([along, test = kin::self()] { kin::send(test, number{along()}); });
  }
  for (int i = 0; i < journeys; ++i) EXPECT_THAT(expect<number>().value, testing::AnyOf(7, failed));
}

// ---- who waits for a circle ---------------------------------------------------------------------

KIN_TEST(who_waits_for_a_circle, goes_on_with_it, {.seeds = 100}) {
  const auto all = servers(4);
  set_out(all[0], {all[1], all[2], all[1]});
  set_out(all[3], {all[0]});
  EXPECT_EQ(told(ask(all[3], answer_seven)), 7);
  std::vector<int> came_to{expect<number>().value, expect<number>().value};
  std::ranges::sort(came_to);
  EXPECT_THAT(came_to, testing::ElementsAre(in_a_circle, 7));
}

// ---- what is no circle --------------------------------------------------------------------------

KIN_TEST(no_circle, is_closed_by_a_request_that_another_process_answers) {
  const auto all = servers(2);
  // The second server has somebody else answer, and calls the first, which waits.
  const auto delegate = [first = all[0], test = kin::self()](kin::from<int> who) {
    kin::spawn_link([who = std::move(who)]() mutable {
      kin::sleep(1ms);
      who.answer(5);
    });
    kin::send(test, number{told(ask(first, answer_seven))});
  };
  const auto call_second = [second = all[1], delegate] {
    return told(kin::try_call(second, act_later{delegate}, kin::infinity));
  };
  EXPECT_EQ(told(ask(all[0], call_second)), 5);
  EXPECT_EQ(expect<number>().value, 7);
}

KIN_TEST(no_circle, is_closed_by_a_request_that_is_answered_already) {
  const auto all = servers(2);
  const auto answer_first = [first = all[0], test = kin::self()](kin::from<int> who) {
    who.answer(5);
    kin::send(test, number{told(ask(first, answer_seven))});
  };
  const auto call_second = [second = all[1], answer_first] {
    return told(kin::try_call(second, act_later{answer_first}, kin::infinity));
  };
  EXPECT_EQ(told(ask(all[0], call_second)), 5);
  EXPECT_EQ(expect<number>().value, 7);
}

// What a server has put aside may be answered by anybody: only the time ends such a call.
KIN_TEST(no_circle, is_closed_by_a_request_that_is_kept) {
  const auto all = servers(2);
  const auto keep = [first = all[0], test = kin::self()](kin::from<int> who) {
    kin::from<int> kept = std::move(who);
    kin::send(test, number{told(ask(first, answer_seven, 10ms))});
    kept.answer(5);
  };
  const auto call_second = [second = all[1], keep] {
    return told(kin::try_call(second, act_later{keep}, kin::infinity));
  };
  EXPECT_EQ(told(ask(all[0], call_second)), 5);
  EXPECT_EQ(expect<number>().value, failed);
}

KIN_TEST(no_circle, is_a_call_to_oneself) {
  const server alone = kin::start_link<doer>();
  const auto call_self = [alone, test = kin::self()] {
    kin::send(test, ask(alone, answer_seven).error());
    return 5;
  };
  EXPECT_EQ(told(ask(alone, call_self)), 5);
  EXPECT_EQ(expect<kin::exit_reason>(), kin::calling_self);
}

// ---- in words -----------------------------------------------------------------------------------

constexpr kin::name<doer> shop{"shop"};
constexpr kin::name<doer> bank{"bank"};

KIN_TEST(call, throws_a_circle_that_names_all_who_wait) {
  kin::start_link<doer>({.name = shop});
  kin::start_link<doer>({.name = bank});
  const auto call_shop = [test = kin::self()] {
    try {
      kin::call(shop, act{answer_seven});
    } catch (const kin::call_failed& why) {
      EXPECT_NE(why.reason().get_if<kin::call_cycle>(), nullptr);
      kin::send(test, word{why.what()});
    }
    return 5;
  };
  kin::call(shop, act{[call_shop] { return kin::call(bank, act{call_shop}); }});
  EXPECT_THAT(expect<word>().text,
              ContainsRegex("call_cycle: <0\\.[0-9]+\\.0> bank calls <0\\.[0-9]+\\.0> shop with "
                            ".*act, which calls <0\\.[0-9]+\\.0> bank with .*act"));
}

// ---- through other behaviours -------------------------------------------------------------------

struct shut {};
struct ajar {};
struct open_up {};
// Acts for others as soon as it is open.
class door : public kin::gen_statem<door, shut, ajar> {
 public:
  explicit door(bool is_open) : is_open_(is_open) {}
  transition init() {
    return is_open_ ? transition(kin::next_state(ajar{})) : transition(kin::keep_state);
  }
  replies<int> handle_call(shut& /*now*/, act& /*request*/) {
    kin::send(kin::parent(), word{"postponed"});
    return kin::postpone;
  }
  replies<int> handle_call(ajar& /*now*/, act& request) { return request.what(); }
  transition handle_event(shut& /*now*/, open_up& /*event*/) { return kin::next_state(ajar{}); }
  void handle_event(shut& /*now*/, const act& event) { event.what(); }
  void handle_event(ajar& /*now*/, const act& event) { event.what(); }

 private:
  bool is_open_;
};

void set_out_to(kin::server<door> machine, server caller, deed what) {
  kin::cast(caller, act{[machine, what = std::move(what), test = kin::self()] {
              kin::send(test, number{kin::call(machine, act{what})});
              return 0;
            }});
}

KIN_TEST(a_circle_of_calls, goes_through_machines_and_agents) {
  const server first = kin::start_link<doer>();
  const auto second = kin::start_link<door>(true);
  const auto third = kin::start_link<kin::agent<int>>(0);
  const auto close = [first](int) { return told(ask(first, answer_seven)); };
  const auto call_third = [third, close] { return kin::get(third, close, kin::infinity); };
  const auto call_second = [second, call_third] { return kin::call(second, act{call_third}); };
  EXPECT_EQ(told(ask(first, call_second)), in_a_circle);
}

// The machine calls the server whose request it has postponed.
KIN_TEST(a_circle_of_calls, goes_through_a_request_that_is_postponed) {
  const server caller = kin::start_link<doer>();
  const auto machine = kin::start_link<door>(false);
  set_out_to(machine, caller, answer_seven);
  expect<word>();
  kin::cast(machine, act{[caller, test = kin::self()] {
              kin::send(test, number{told(ask(caller, answer_seven))});
              return 0;
            }});
  EXPECT_EQ(expect<number>().value, in_a_circle);
  kin::cast(machine, open_up{});
  EXPECT_EQ(expect<number>().value, 7);
}

KIN_TEST(a_circle_of_calls, goes_through_a_request_that_is_handled_again) {
  const server caller = kin::start_link<doer>();
  const auto machine = kin::start_link<door>(false);
  set_out_to(machine, caller, [caller] { return told(ask(caller, answer_seven)); });
  expect<word>();
  kin::cast(machine, open_up{});
  EXPECT_EQ(expect<number>().value, in_a_circle);
}

// ---- starts -------------------------------------------------------------------------------------

constexpr kin::name<kin::supervisor> tree{"tree"};

// Asks its own supervisor, which waits until it has started.
class curious : public kin::gen_server {
 public:
  explicit curious(kin::pid test) {
    const auto children = kin::try_which_children(tree);
    kin::send(test, children ? kin::exit_reason("no circle") : children.error());
  }
};

KIN_TEST(a_child, that_asks_its_supervisor_while_it_starts_hears_of_a_circle) {
  const auto as_a_child = kin::start_link(
      kin::supervisor{{.name = tree}, kin::child<curious>({.id = "curious"}, kin::self())});
  const auto why = expect<kin::exit_reason>();
  const auto* circle = why.get_if<kin::call_cycle>();
  ASSERT_NE(circle, nullptr) << why;
  ASSERT_EQ(circle->members.size(), 2U);
  EXPECT_THAT(circle->members[0].server, HasSubstr("curious"));
  EXPECT_EQ(circle->members[1].pid, as_a_child.pid);
  EXPECT_EQ(circle->members[1].request, "");
  EXPECT_THAT(kin::to_string(why), ContainsRegex("tree with .*, which starts <0"));

  const auto another = kin::try_start_child(tree, kin::child<curious>({.id = "late"}, kin::self()));
  EXPECT_TRUE(another);
  EXPECT_NE(expect<kin::exit_reason>().get_if<kin::call_cycle>(), nullptr);
}

}  // namespace
