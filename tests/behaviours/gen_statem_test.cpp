// SPDX-License-Identifier: Apache-2.0
// State machines, beyond OTP's own suite: what C++ adds, who waits in a call, ends. otp-semantics 6.
#include <kin/gen_statem.hpp>
#include <kin/info.hpp>
#include <kin/supervisor.hpp>
#include <kin/sys.hpp>

#include "support/walker.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::at_a;
using test::at_b;
using test::have;
using test::later;
using test::note;
using test::notes_of;
using test::tick;
using test::walker;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using transition = walker::transition;

// ---- who waits in a call ------------------------------------------------------------------------

struct closed {};
struct open {
  int visitors = 0;
};
struct enter {};
struct unlock {};
struct forget {};
struct end {
  kin::exit_reason why;
};
struct knock {
  int times = 0;
};
struct look {};
struct parcel {
  std::unique_ptr<int> inside;
};
struct letter {
  std::string text;
};

class door : public kin::gen_statem<door, closed, open> {
 public:
  replies<int> handle_call(closed& /*now*/, enter /*q*/) { return kin::postpone; }
  int handle_call(open& now, enter /*q*/) { return ++now.visitors; }
  transition handle_call(closed& /*now*/, unlock /*q*/) { return kin::next_state(open{}); }
  transition handle_call(open& now, unlock /*q*/) {
    return kin::next_state(open{now.visitors + 10});
  }
  template <class S>
  replies<int> handle_call(S& /*now*/, forget /*q*/) {
    return kin::noreply;
  }
  template <class S>
  transition handle_event(S& /*now*/, end e) {
    return kin::stop(e.why);
  }
  void handle_event(open& now, knock k) { now.visitors += k.times; }
  void handle_enter(open& /*now*/) { ++opened; }
  template <class S>
  int handle_call(S& /*now*/, look /*q*/) {
    return opened;
  }

  transition handle_event(closed& /*now*/, parcel& /*p*/) { return kin::postpone; }
  void handle_event(open& now, parcel& p) { now.visitors = *std::exchange(p.inside, nullptr); }
  transition handle_event(closed& /*now*/, letter l) {
    l.text.clear();  // its own copy
    return kin::postpone;
  }
  void handle_event(open& now, const letter& l) { now.visitors = static_cast<int>(l.text.size()); }

 private:
  int opened = 0;
};

// Calls from a process of its own, and says what came of it.
struct outcome {
  kin::result<int> got = 0;
};
template <class Q>
kin::pid call_apart(kin::server<door> to, Q request) {
  const kin::pid me = kin::self();
  return kin::spawn([=] { kin::send(me, outcome{kin::try_call(to, request)}); });
}

KIN_TEST(postponed_call, is_answered_when_the_state_has_changed) {
  const auto it = kin::start<door>();
  call_apart(it, enter{});
  test::settle();
  kin::call(it, unlock{});
  EXPECT_EQ(*test::expect<outcome>().got, 1);
  kin::stop(it);
}
KIN_SIM_TEST(postponed_call, waits_as_long_as_it_takes_if_nothing_is_said) {
  const auto it = kin::start<door>();
  call_apart(it, enter{});
  test::pass(1h);
  kin::call(it, unlock{});
  EXPECT_EQ(*test::expect<outcome>().got, 1);
  kin::stop(it);
}
KIN_TEST(postponed_call, gets_the_reason_when_the_machine_stops_fails_or_is_killed) {
  for (const int how : {1, 2, 3, 4}) {
    const auto it = kin::start<door>();
    call_apart(it, enter{});
    test::settle();
    if (how == 1) kin::stop(it, "closed");
    if (how == 2) kin::cast(it, end{kin::exit_reason("closed")});
    if (how == 3) kin::exit(it.pid, kin::kill);
    if (how == 4) kin::cast(it, knock{});  // unhandled
    const kin::exit_reason why = test::expect<outcome>().got.error();
    if (how <= 2) {
      EXPECT_EQ(why, kin::exit_reason("closed"));
    } else if (how == 3) {
      EXPECT_EQ(why, kin::killed);
    } else {
      EXPECT_NE(why.get_if<kin::unhandled_event>(), nullptr) << why;
    }
  }
}
KIN_TEST(call, that_no_handler_keeps_and_none_answers_is_dropped) {
  const auto it = kin::start<door>();
  EXPECT_EQ(kin::try_call(it, forget{}).error(), kin::dropped);
  kin::stop(it);
}
KIN_TEST(call, of_a_handler_that_says_only_where_to_go_comes_back) {
  const auto it = kin::start<door>();
  static_assert(std::is_void_v<decltype(kin::call(it, unlock{}))>);
  kin::call(it, unlock{});
  EXPECT_EQ(kin::call(it, enter{}), 1);
  kin::stop(it);
}

// ---- states and events --------------------------------------------------------------------------

KIN_TEST(state, without_equality_changes_by_its_type_alone) {
  const auto it = kin::start<door>();
  kin::call(it, unlock{});
  kin::call(it, unlock{});
  EXPECT_EQ(kin::call(it, look{}), 1) << "handle_enter was called for new data of the same state";
  EXPECT_EQ(kin::call(it, enter{}), 11);
  kin::stop(it);
}
KIN_TEST(state, that_a_handler_changes_in_place_is_kept) {
  const auto it = kin::start<door>();
  kin::call(it, unlock{});
  kin::cast(it, knock{4});
  EXPECT_EQ(kin::call(it, enter{}), 5);
  EXPECT_EQ(kin::sys::inspect(it, [](const door& d) { return d.in<open>()->visitors; }), 5);
  kin::stop(it);
}
KIN_TEST(event, that_its_state_does_not_handle_ends_the_machine) {
  const auto it = kin::start<door>();
  const kin::ref watch = kin::monitor(it);
  kin::cast(it, knock{});
  const auto why = test::expect_down(watch).reason;
  const auto* error = why.get_if<kin::unhandled_event>();
  ASSERT_NE(error, nullptr) << why;
  EXPECT_THAT(error->what(), testing::AllOf(HasSubstr("knock"), HasSubstr("closed")));
}
KIN_TEST(message, that_no_clause_takes_ends_the_machine) {
  const auto it = kin::start<walker>();
  EXPECT_NE(test::end_told_by(it, test::number{1}).get_if<kin::unhandled_event>(), nullptr);
}
KIN_TEST(event, that_can_only_be_moved_is_postponed_whole) {
  const auto it = kin::start<door>();
  kin::cast(it, parcel{std::make_unique<int>(6)});
  kin::call(it, unlock{});
  EXPECT_EQ(kin::call(it, enter{}), 7);
  kin::stop(it);
}
KIN_TEST(event, that_is_taken_by_value_is_postponed_whole) {
  const auto it = kin::start<door>();
  kin::cast(it, letter{"four"});
  kin::call(it, unlock{});
  EXPECT_EQ(kin::call(it, enter{}), 5);
  kin::stop(it);
}

// Keeps messages until it is told to take them.
struct sleeping {};
struct awake {};
struct wake {};
class sleeper : public kin::gen_statem<sleeper, sleeping, awake> {
 public:
  explicit sleeper(kin::pid test) : test_(test) { kin::trap_exits(); }
  static auto handle_info(sleeping& /*now*/) {
    return kin::clauses{[](word w) {
                          w.text.clear();
                          return kin::postpone;
                        },
                        [](const kin::exited& /*e*/) { return kin::postpone; },
                        [](kin::message m) {
                          static_cast<void>(m);
                          return kin::postpone;
                        }};
  }
  auto handle_info(awake& /*now*/) {
    return kin::clauses{[this](word w) { kin::send(test_, w); },
                        [this](const kin::exited& e) { kin::send(test_, e.reason); }};
  }
  transition handle_event(sleeping& /*now*/, wake /*e*/) { return kin::next_state(awake{}); }
  void terminate(const kin::exit_reason& why) { kin::send(test_, word{kin::to_string(why)}); }

 private:
  kin::pid test_;
};
KIN_TEST(message, is_postponed_whole) {
  const auto it = kin::start<sleeper>(kin::self());
  kin::send(it, word{"kept"});
  kin::cast(it, wake{});
  EXPECT_EQ(test::expect<word>(), word{"kept"});
  kin::stop(it);
  test::expect<word>();
}
KIN_TEST(message, that_a_clause_for_all_has_taken_cannot_be_postponed) {
  const auto it = kin::start<sleeper>(kin::self());
  EXPECT_TRUE(test::end_told_by(it, test::number{}).is_error());
  test::expect<word>();
}

// ---- the order of things, against a model -------------------------------------------------------

// What OTP's documentation says, in few words: a queue, postponed events, timeouts of zero.
class model {
 public:
  struct event {
    int number = 0;
    bool in_due = false;  // of a timeout of zero
    int key = 0;          // of that: 0 the event's, 1 the state's, 2 and 3 others
  };
  static constexpr std::size_t too_many = 300;  // some plans grow without measure
  std::vector<int> run(const std::vector<std::vector<int>>& plans, int outside) {
    plans_ = &plans;
    for (int i = 0; i < outside; ++i) {
      handle({i});
      while (seen_.size() <= too_many) {
        auto& from = queue_.empty() ? due_ : queue_;
        if (from.empty()) break;
        const event e = from.front();
        from.pop_front();
        handle(e);
      }
    }
    return seen_;
  }

 private:
  // An event does what its plan says: kind, then which.
  void handle(event e) {
    end(0);
    seen_.push_back(e.number * 10 + state_);
    bool keeps = false;
    bool changes = false;
    std::vector<event> inserted;
    std::vector<std::pair<int, int>> timers;  // key; event, or -1: cancel
    const auto& plan = (*plans_)[static_cast<std::size_t>(e.number)];
    for (std::size_t i = 0; i + 1 < plan.size(); i += 2) {
      const int arg = plan[i + 1];
      switch (plan[i]) {
        case 0:
          keeps = state_ == 0;
          break;
        case 1:
          changes = true;
          break;
        case 2:
          inserted.push_back({arg});
          break;
        case 3:
        case 4:
        case 5:
        case 6:
          timers.emplace_back(plan[i] - 3, arg);
          break;
        default:
          timers.emplace_back(arg % 4, -1);
      }
    }
    if (keeps) postponed_.push_back(e);
    if (changes) {
      state_ = 1 - state_;
      queue_.insert(queue_.begin(), postponed_.begin(), postponed_.end());
      postponed_.clear();
      end(1);
    }
    for (std::size_t i = 0; i < timers.size(); ++i) {
      const auto [key, number] = timers[i];
      bool last = true;
      for (std::size_t j = i + 1; j < timers.size(); ++j) last = last && timers[j].first != key;
      if (!last) continue;
      end(key);
      if (number >= 0) due_.push_back({number, true, key});
    }
    queue_.insert(queue_.begin(), inserted.begin(), inserted.end());
  }
  void end(int key) {
    std::erase_if(due_, [key](const event& e) { return e.key == key; });
  }

  const std::vector<std::vector<int>>* plans_ = nullptr;
  int state_ = 0;
  std::deque<event> queue_;
  std::deque<event> due_;
  std::deque<event> postponed_;
  std::vector<int> seen_;
};

struct step {
  int number = 0;
};
struct get_seen {};
struct left {};
struct right {};
class planned : public kin::gen_statem<planned, left, right> {
 public:
  explicit planned(std::vector<std::vector<int>> plans) : plans_(std::move(plans)) {}
  template <class S>
  transition handle_event(S& /*now*/, step e) {
    constexpr bool is_left = std::is_same_v<S, left>;
    seen_.push_back(e.number * 10 + (is_left ? 0 : 1));
    transition to;
    const auto& plan = plans_[static_cast<std::size_t>(e.number)];
    if (changes(plan)) {
      to = is_left ? transition(kin::next_state(right{})) : transition(kin::next_state(left{}));
    }
    for (std::size_t i = 0; i + 1 < plan.size(); i += 2) add(to, plan[i], plan[i + 1], is_left);
    return to;
  }
  template <class S>
  std::vector<int> handle_call(S& /*now*/, get_seen /*q*/) {
    return seen_;
  }

 private:
  static bool changes(const std::vector<int>& plan) {
    for (std::size_t i = 0; i < plan.size(); i += 2)
      if (plan[i] == 1) return true;
    return false;
  }
  static void add(transition& to, int kind, int arg, bool is_left) {
    if (kind == 0) to.also(kin::postpone(is_left));
    if (kind == 2) to.also(kin::next_event(step{arg}));
    if (kind == 3) to.also(kin::set_event_timeout(0s, step{arg}));
    if (kind == 4) to.also(kin::set_state_timeout(0s, step{arg}));
    if (kind == 5) to.also(kin::set_timeout("2", 0s, step{arg}));
    if (kind == 6) to.also(kin::set_timeout("3", 0s, step{arg}));
    if (kind != 7) return;
    if (arg % 4 == 0) to.also(kin::cancel_event_timeout);
    if (arg % 4 == 1) to.also(kin::cancel_state_timeout);
    if (arg % 4 >= 2) to.also(kin::cancel_timeout(std::to_string(arg % 4)));
  }
  std::vector<std::vector<int>> plans_;
  std::vector<int> seen_;
};

// Each event may start only such with a higher number, so that all come to an end.
std::vector<std::vector<int>> random_plans(std::mt19937& random, int count) {
  std::vector<std::vector<int>> plans(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto actions = random() % 4;
    for (unsigned a = 0; a < actions; ++a) {
      int kind = static_cast<int>(random() % 8);
      if (kind >= 2 && kind <= 6 && i == count - 1) kind = 7;
      const int arg =
          kind >= 2 && kind <= 6
              ? i + 1 + static_cast<int>(random() % static_cast<unsigned>(count - i - 1))
              : static_cast<int>(random() % 4);
      plans[static_cast<std::size_t>(i)].insert(plans[static_cast<std::size_t>(i)].end(),
                                                {kind, arg});
    }
  }
  return plans;
}
KIN_TEST(order, is_that_of_the_model_whatever_the_handlers_ask_for) {
  for (int round = 0; round < test::times(400); ++round) {
    std::mt19937 random(static_cast<unsigned>(round) +
                        1000U * static_cast<unsigned>(test::this_world().seed));
    const auto plans = random_plans(random, 12);
    const std::vector<int> wanted = model().run(plans, 6);
    if (wanted.size() > model::too_many) continue;
    const auto it = kin::start<planned>(plans);
    kin::sys::suspend(it);
    for (int i = 0; i < 6; ++i) kin::cast(it, step{i});
    kin::sys::resume(it);
    const std::vector<int> seen = kin::call(it, get_seen{});
    ASSERT_EQ(seen, wanted) << kin::to_string(plans);
    kin::stop(it);
  }
}

// ---- timeouts -----------------------------------------------------------------------------------

KIN_SIM_TEST(timeout, whose_message_lies_in_the_mailbox_when_it_is_ended_does_not_come) {
  const auto it = kin::start<walker>();
  notes_of(it);
  have(it, [] {
    return kin::keep_state(kin::set_state_timeout(5ms, note{"state"}),
                           kin::set_timeout(5ms, tick{"typed"}));
  });
  kin::sys::suspend(it);
  kin::cast(it, walker::act{[](walker& /*w*/) -> transition {
              return kin::next_state(at_b{}, kin::set_timeout(50ms, tick{"again"}));
            }});
  test::pass(10ms);  // both are behind it
  kin::sys::resume(it);
  EXPECT_THAT(notes_of(it), ElementsAre("a -> b"));
  EXPECT_THAT(notes_of(it), ElementsAre("tick again in b"));
  kin::stop(it);
}
KIN_TEST(timeout, that_runs_at_the_end_leaves_nothing_behind) {
  const auto it = kin::start<walker>();
  have(it, [] { return kin::keep_state(kin::state_timeout{1h}, kin::set_timeout(1h, tick{})); });
  kin::stop(it);
}

// ---- life and death -----------------------------------------------------------------------------

KIN_TEST(machine, that_gives_itself_events_for_ever_can_be_killed) {
  struct again {};
  struct spinning {};
  class spinner : public kin::gen_statem<spinner, spinning> {
   public:
    transition init() { return kin::next_event(again{}); }
    transition handle_event(spinning& /*now*/, again /*e*/) { return kin::next_event(again{}); }
  };
  const auto it = kin::start<spinner>();
  const kin::ref watch = kin::monitor(it);
  kin::exit(it.pid, "enough");
  EXPECT_EQ(test::expect_down(watch).reason, kin::exit_reason("enough"));
}
KIN_TEST(machine, ends_with_its_parent_and_hears_of_others) {
  const auto parent = std::make_shared<test::probe>();
  const kin::pid me = kin::self();
  const auto it = parent->as([me] { return kin::start_link<sleeper>(me); });
  const kin::ref watch = kin::monitor(it);
  kin::cast(it, wake{});
  const kin::pid other = kin::spawn([it] {
    kin::link(it);
    kin::exit("other");
  });
  EXPECT_EQ(test::expect<kin::exit_reason>(), kin::exit_reason("other"));
  test::await_exit(other);
  parent->end("parent");
  EXPECT_EQ(test::expect_down(watch).reason, kin::exit_reason("parent"));
  EXPECT_EQ(test::expect<word>(), word{"\"parent\""}) << "terminate was called";
}
KIN_TEST(machine, is_a_child_that_starts_again_in_its_first_state) {
  constexpr kin::name<door> front("gen_statem_test.front");
  const auto tree = kin::start_link(
      kin::supervisor{{.strategy = kin::one_for_one}, kin::child<door>({.name = front})});
  kin::call(front, unlock{});
  EXPECT_EQ(kin::call(front, enter{}), 1);
  EXPECT_EQ(test::end_told_by(kin::whereis(front).value(), word{}).is_error(), true);
  test::settle();
  EXPECT_EQ(kin::try_call(front, look{}).value(), 0);
  kin::stop(tree);
}
KIN_TEST(machine, starts_where_init_says_and_enters_there) {
  const auto it = kin::start<walker>(walker::first{[](walker& /*w*/) -> transition {
    return kin::next_state(at_b{3}, kin::next_event(note{"first"}));
  }});
  EXPECT_THAT(notes_of(it), ElementsAre("b3 -> b3", "first in b3"));
  kin::stop(it);
}
KIN_TEST(machine, that_stops_when_it_enters_its_first_state_has_started) {
  class stillborn : public kin::gen_statem<stillborn, closed> {
   public:
    entry handle_enter(closed& /*now*/) { return kin::stop(kin::shutdown); }
  };
  EXPECT_TRUE(kin::try_start<stillborn>().has_value());
  EXPECT_THAT(test::reports(), IsEmpty());
}

}  // namespace
