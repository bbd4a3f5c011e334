// SPDX-License-Identifier: Apache-2.0
// State machines: otp-semantics 6. The orders below are those that OTP 25 was seen to keep.
#include <kin/gen_statem.hpp>
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>
#include <kin/proc_lib.hpp>
#include <kin/send_request.hpp>
#include <kin/sys.hpp>

#include "conformance/support.hpp"
#include "support/walker.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace kin::literals;
using test::at_a;
using test::at_b;
using test::at_thrice;
using test::at_timed;
using test::have;
using test::later;
using test::note;
using test::notes_of;
using test::number;
using test::tick;
using test::walker;
using test::word;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using transition = walker::transition;

// The machine of OTP's suite: it waits to be greeted, and then serves one client until it hangs up.
struct hello {
  bool to_order = false;
};
struct check {};
struct hang_up {};
struct delayed {};
struct end_with {
  kin::exit_reason why;
  bool answer = false;
};
struct fail {};
struct idle {};
struct waits {};
struct connected {
  kin::pid client;
};

class phone : public kin::gen_statem<phone, idle, waits, connected> {
 public:
  enum class at_start : unsigned char { works, ignores, stops, sleeps };
  phone() = default;
  explicit phone(at_start how) : how_(how) {
    if (how == at_start::sleeps) kin::sleep(1h);
  }
  transition init() {
    if (how_ == at_start::ignores) return kin::ignore();
    if (how_ == at_start::stops) return kin::stop("stopped");
    return kin::keep_state;
  }
  replies<std::string> handle_call(idle& /*now*/, hello h, kin::pid client) {
    if (h.to_order) return {"accept"s, kin::next_state(connected{client})};
    return {"delayed"s, kin::next_state(waits{}, kin::set_state_timeout(5ms, delayed{}))};
  }
  void handle_event(idle& /*now*/, hang_up /*e*/) {}
  transition handle_event(waits& /*now*/, delayed /*e*/) { return kin::next_state(idle{}); }
  transition handle_event(waits& /*now*/, hang_up /*e*/) { return kin::postpone; }
  replies<std::string> handle_call(waits& /*now*/, hello /*h*/) { return kin::postpone; }
  std::string handle_call(connected& now, check /*q*/, kin::pid client) {
    return client == now.client ? "yours" : "another's";
  }
  transition handle_event(connected& /*now*/, hang_up /*e*/) { return kin::next_state(idle{}); }
  template <class S>
  replies<std::string> handle_call(S& /*now*/, end_with e) {
    if (e.answer) return kin::stop(e.why, "good bye"s);
    return kin::stop(e.why);
  }
  template <class S>
  void handle_event(S& /*now*/, fail /*e*/) {
    throw std::runtime_error("no line");
  }

 private:
  at_start how_ = at_start::works;
};
using enum phone::at_start;

// All states, as a client sees them.
template <class To>
void talk(const To& line) {
  EXPECT_EQ(kin::call(line, hello{.to_order = true}), "accept");
  EXPECT_EQ(kin::call(line, check{}), "yours");
  kin::cast(line, hang_up{});
  EXPECT_EQ(kin::call(line, hello{}), "delayed");
  kin::cast(line, hang_up{});  // for later
  EXPECT_EQ(kin::call(line, hello{.to_order = true}), "accept") << "when the delay is over";
  EXPECT_EQ(kin::call(line, check{}), "yours");
}
template <class To>
void stop_and_see(const To& line, kin::pid p) {
  const kin::ref watch = kin::monitor(p);
  kin::stop(line);
  EXPECT_EQ(test::expect_down(watch).reason, kin::normal);
  EXPECT_EQ(kin::try_call(line, check{}).error(), kin::noproc);
}

inline constexpr kin::name<phone> local{"conformance.phone"};
kin::registry<std::string, phone> lines;  // what OTP's global and via are

KIN_TEST(gen_statem, start1) {
  const auto line = kin::start<phone>();
  talk(line);
  stop_and_see(line, line);
}
KIN_TEST(gen_statem, start2) {
  const auto line = kin::start<phone>();
  talk(line);
  const kin::ref watch = kin::monitor(line);
  EXPECT_EQ(kin::call(line, end_with{kin::shutdown, true}), "good bye");
  EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown);
}
KIN_TEST(gen_statem, start3) {
  EXPECT_EQ(kin::try_start<phone>({.timeout = 10ms}, sleeps).error(), kin::timed_out);
  EXPECT_EQ(kin::try_start_link<phone>({.timeout = 10ms}, sleeps).error(), kin::timed_out);
}
KIN_TEST(gen_statem, start4) {
  EXPECT_EQ(kin::try_start<phone>(ignores).error(), kin::ignored);
  EXPECT_EQ(kin::try_start_link<phone>({.name = local}, ignores).error(), kin::ignored);
  EXPECT_EQ(kin::whereis(local), std::nullopt);
}
KIN_TEST(gen_statem, start5) {
  EXPECT_EQ(kin::try_start<phone>(stops).error(), kin::exit_reason("stopped"));
  EXPECT_EQ(kin::try_start_link<phone>(stops).error(), kin::exit_reason("stopped"));
  EXPECT_THROW(kin::start<phone>(stops), kin::error);
}
KIN_TEST(gen_statem, start6) {
  const auto line = kin::start_link<phone>();
  talk(line);
  stop_and_see(line, line);
}
KIN_TEST(gen_statem, start7) {
  const auto line = kin::start_link<phone>({.name = lines["global"]});
  const kin::exit_reason taken(kin::already_started{line});
  EXPECT_EQ(kin::try_start<phone>({.name = lines["global"]}).error(), taken);
  EXPECT_EQ(kin::try_start_link<phone>({.name = lines["global"]}).error(), taken);
  talk(lines["global"]);
  stop_and_see(lines["global"], line);
}
KIN_TEST(gen_statem, start8) {
  const auto line = kin::start<phone>({.name = local});
  EXPECT_EQ(kin::try_start<phone>({.name = local}).error(),
            kin::exit_reason(kin::already_started{line}));
  talk(local);
  stop_and_see(local, line);
}
KIN_TEST(gen_statem, start9) {
  const auto line = kin::start_link<phone>({.name = local});
  EXPECT_EQ(kin::try_start_link<phone>({.name = local}).error(),
            kin::exit_reason(kin::already_started{line}));
  talk(local);
  stop_and_see(local, line);
}
KIN_TEST(gen_statem, start10) {
  const auto line = kin::start<phone>({.name = lines["unlinked"]});
  talk(lines["unlinked"]);
  stop_and_see(lines["unlinked"], line);
}
KIN_TEST(gen_statem, start11) {
  for (int i = 0; i < 3; ++i) {
    const auto line = kin::start<phone>({.name = local});
    const auto other = kin::start<phone>({.name = lines["again"]});
    kin::stop(local);
    kin::stop(lines["again"]);
    EXPECT_FALSE(kin::is_alive(line) || kin::is_alive(other));
  }
}
KIN_TEST(gen_statem, start12) {
  const auto line = kin::start_link<phone>({.name = lines["via"]});
  talk(lines["via"]);
  stop_and_see(lines["via"], line);
}

KIN_TEST(gen_statem, stop1) {
  const auto line = kin::start<phone>();
  kin::stop(line);
  EXPECT_FALSE(kin::is_alive(line));
  EXPECT_EQ(kin::try_stop(line).error(), kin::noproc);
  EXPECT_THROW(kin::stop(line), kin::call_failed);
}
KIN_TEST(gen_statem, stop2) {
  const auto line = kin::start<phone>();
  const kin::ref watch = kin::monitor(line);
  kin::stop(line, "other reason");
  EXPECT_EQ(test::expect_down(watch).reason, kin::exit_reason("other reason"));
}
KIN_TEST(gen_statem, stop3) {
  const auto line = kin::start<phone>();
  EXPECT_THROW(kin::stop(line, kin::normal, -1s), kin::error);
  EXPECT_TRUE(kin::is_alive(line));
  kin::stop(line);
}
KIN_TEST(gen_statem, stop4) {
  kin::start<phone>({.name = local});
  kin::stop(local);
  EXPECT_EQ(kin::try_stop(local).error(), kin::noproc);
}
KIN_TEST(gen_statem, stop6) {
  kin::start<phone>({.name = lines["global"]});
  kin::stop(lines["global"]);
  EXPECT_EQ(kin::try_stop(lines["global"]).error(), kin::noproc);
}
KIN_TEST(gen_statem, stop7) {
  kin::start<phone>({.name = lines["via"]});
  kin::stop(lines["via"]);
  EXPECT_EQ(kin::try_stop(lines["via"]).error(), kin::noproc);
}

KIN_SIM_TEST(gen_statem, abnormal1) {
  const auto line = kin::start<phone>();
  EXPECT_EQ(kin::call(line, hello{}), "delayed");
  EXPECT_EQ(kin::try_call(line, hello{.to_order = true}, 1ms).error(), kin::timed_out);
  test::pass(20ms);  // the postponed call is answered now
  EXPECT_EQ(kin::call(line, check{}), "yours");
  EXPECT_THAT(test::drained(), IsEmpty());
  kin::stop(line);
}
KIN_TEST(gen_statem, abnormal1clean) {
  const auto line = kin::start<phone>();
  EXPECT_EQ(kin::call(line, hello{}), "delayed");
  for (int i = 0; i < 3; ++i)
    EXPECT_THROW(kin::call(line, hello{.to_order = true}, 0ms), kin::call_failed);
  kin::stop(line);
  EXPECT_THAT(test::drained(), IsEmpty());
}
KIN_TEST(gen_statem, abnormal4) {
  const auto machine = kin::start<walker>();
  const kin::ref watch = kin::monitor(machine);
  const auto failed = kin::try_call(
      machine, walker::do_now{[](walker& /*w*/) -> transition { return kin::state_timeout{-1s}; }});
  EXPECT_FALSE(failed);
  EXPECT_TRUE(test::expect_down(watch).reason.is_error());
}

KIN_TEST(gen_statem, shutdown) {
  const auto line = kin::start<phone>();
  const kin::ref watch = kin::monitor(line);
  const kin::exit_reason why = kin::shutdown("reason"s);
  EXPECT_EQ(kin::try_call(line, end_with{why}).error(), why);
  EXPECT_EQ(test::expect_down(watch).reason, why);
  EXPECT_THAT(test::reports(), IsEmpty());
}

// Those who wait are answered, in order, before the end is told.
struct wait_here {};
struct answer_all {};
class doorman : public kin::gen_statem<doorman, idle> {
 public:
  replies<int> handle_call(idle& /*now*/, wait_here /*q*/, kin::from<int> caller) {
    waiting_.push_back(std::move(caller));
    return kin::noreply;
  }
  transition handle_event(idle& /*now*/, answer_all /*e*/) {
    for (int i = 0; auto& caller : waiting_) kin::reply(std::move(caller), ++i);
    return kin::stop("closed");
  }
  void terminate(const kin::exit_reason& /*why*/) {
    for (auto& caller : waiting_) EXPECT_FALSE(caller.owed());
  }

 private:
  std::vector<kin::from<int>> waiting_;
};
KIN_TEST(gen_statem, stop_and_reply) {
  kin::trap_exits();
  const auto line = kin::start_link<phone>();
  EXPECT_EQ(kin::call(line, end_with{kin::exit_reason("hung up"), true}), "good bye");
  EXPECT_EQ(test::expect<kin::exited>().reason, kin::exit_reason("hung up"));

  const auto man = kin::start_link<doorman>();
  const kin::pid me = kin::self();
  for (int i = 1; i <= 3; ++i) {
    kin::spawn([=] { kin::send(me, number{kin::call(man, wait_here{})}); });
    test::settle();
  }
  kin::cast(man, answer_all{});
  EXPECT_EQ(test::expect<kin::exited>().reason, kin::exit_reason("closed"));
  std::vector<int> got;
  for (int i = 0; i < 3; ++i) got.push_back(test::expect<number>().value);
  EXPECT_THAT(got, testing::UnorderedElementsAre(1, 2, 3));
}

KIN_TEST(gen_statem, state_enter) {
  const auto machine = kin::start<walker>();
  EXPECT_THAT(notes_of(machine), ElementsAre("a -> a"));
  have(machine, [] { return kin::next_state(at_b{}); });
  have(machine, [] { return kin::next_state(at_b{}); });
  EXPECT_THAT(notes_of(machine), ElementsAre("a -> b")) << "an equal state is no change";
  have(machine, [] { return kin::repeat_state; });
  EXPECT_THAT(notes_of(machine), ElementsAre("b -> b"));
  have(machine, [] { return kin::next_state(at_b{1}); });
  EXPECT_THAT(notes_of(machine), ElementsAre("b -> b1"));
  have(machine, [] {
    return kin::next_state(at_timed{}, kin::set_state_timeout(0s, note{"from the handler"}),
                           kin::set_timeout(0s, tick{"own"}));
  });
  EXPECT_THAT(notes_of(machine),
              ElementsAre("b1 -> timed", "tick own in timed", "from enter in timed"))
      << "the timeouts of both, the later for the earlier; the event timeout ends with an event";
  kin::stop(machine);

  const auto thrice = kin::start<walker>(at_thrice{});
  EXPECT_THAT(notes_of(thrice),
              ElementsAre("thrice -> thrice", "thrice -> thrice", "thrice -> thrice"));
  kin::sys::log(thrice, 10);
  have(thrice, [] { return kin::next_state(at_a{}); });
  EXPECT_FALSE(kin::sys::get_log(thrice).empty());
  kin::stop(thrice);
}

KIN_TEST(gen_statem, next_events) {
  const auto machine = kin::start<walker>(walker::first{[](walker& /*w*/) -> transition {
    return kin::keep_state(kin::next_event(note{"1"}), kin::next_info(word{"2"}),
                           kin::state_timeout{}, kin::next_event(tick{"3"}), kin::timeout{});
  }});
  kin::cast(machine, note{"from outside"});
  EXPECT_THAT(notes_of(machine), ElementsAre("a -> a", "1 in a", "info 2 in a", "tick 3 in a",
                                             "state_timeout in a", "from outside in a"));
  have(machine, [] {
    return kin::keep_state(kin::next_event(walker::act{[](walker& /*w*/) -> transition {
                             return kin::next_event(note{"inner"});
                           }}),
                           kin::next_event(note{"outer"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("inner in a", "outer in a"));
  kin::stop(machine);
}

KIN_TEST(gen_statem, event_order) {
  const auto machine = kin::start<walker>();
  EXPECT_THAT(notes_of(machine), ElementsAre("a -> a"));
  for (int i = 1; i <= 2; ++i) kin::cast(machine, later{i});
  kin::cast(machine, walker::act{[](walker& /*w*/) -> transition {
              return kin::next_state(at_b{}, kin::next_event(note{"inserted"}),
                                     kin::state_timeout{});
            }});
  kin::cast(machine, later{3});
  EXPECT_THAT(notes_of(machine),
              ElementsAre("postponed 1", "postponed 2", "a -> b", "inserted in b", "1 in b",
                          "2 in b", "state_timeout in b", "3 in b"));

  // What is postponed comes before what was inserted earlier; to repeat a state is no change.
  have(machine, [] { return kin::next_state(at_a{}); });
  for (int i = 1; i <= 2; ++i) kin::cast(machine, later{i});
  have(machine, [] { return kin::repeat_state; });
  have(machine, [] { return kin::next_state(at_a{}); });
  have(machine, [] {
    return kin::keep_state(kin::next_event(walker::act{[](walker& /*w*/) -> transition {
                             return kin::next_state(at_b{});
                           }}),
                           kin::next_event(note{"after"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("b -> a", "postponed 1", "postponed 2", "a -> a",
                                             "a -> b", "1 in b", "2 in b", "after in b"));

  // Zero timeouts, in their order; the event timeout only if nothing came before it.
  have(machine, [] {
    return kin::keep_state(kin::state_timeout{}, kin::set_timeout(0s, tick{"x"}), kin::timeout{},
                           kin::next_event(note{"inserted"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("inserted in b", "state_timeout in b", "tick x in b"));
  have(machine, [] {
    return kin::keep_state(kin::timeout{}, kin::state_timeout{}, kin::set_timeout(0s, tick{"x"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("timeout in b", "state_timeout in b", "tick x in b"));
  kin::stop(machine);
}

KIN_SIM_TEST(gen_statem, state_timeout) {
  const auto machine = kin::start<walker>();
  have(machine, [] { return kin::state_timeout{10ms}; });
  have(machine, [] { return kin::next_state(at_b{}); });
  EXPECT_THAT(notes_of(machine), ElementsAre("a -> a", "a -> b")) << "a change ends it";
  have(machine, [] { return kin::state_timeout{10ms}; });
  have(machine, [] { return kin::next_state(at_b{}); });
  kin::cast(machine, note{"an event"});
  EXPECT_THAT(notes_of(machine), ElementsAre("an event in b", "state_timeout in b"))
      << "neither the same state nor an event does";
  have(machine, [] { return kin::state_timeout{10ms}; });
  have(machine, [] { return kin::state_timeout{1h}; });
  EXPECT_THAT(notes_of(machine), IsEmpty()) << "set again, it begins anew";
  have(machine, [] { return kin::state_timeout{kin::infinity}; });
  have(machine, [] {
    return kin::keep_state(kin::state_timeout{}, kin::set_timeout(0s, tick{"x"}),
                           kin::set_state_timeout(0s, note{"the last one"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("tick x in b", "the last one in b"));
  // Set again when it has come: behind those that wait.
  have(machine, [] {
    return kin::keep_state(kin::set_state_timeout(0s, walker::act{[](walker& /*w*/) -> transition {
                                                    return kin::set_timeout("x", 0s, tick{"x2"});
                                                  }}),
                           kin::set_timeout("x", 0s, tick{"x"}),
                           kin::set_timeout("y", 0s, tick{"y"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("tick y in b", "tick x2 in b"));
  // A change of state ends one of zero that waits.
  have(machine, [] {
    return kin::keep_state(kin::set_timeout(0s, walker::act{[](walker& /*w*/) -> transition {
                                              return kin::next_state(at_a{});
                                            }}),
                           kin::state_timeout{}, kin::timeout{});
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("b -> a"));
  kin::stop(machine);
}

std::string told(const kin::sys::status& status, const std::string& what) {
  for (const auto& [name, text] : status.more)
    if (name == what) return text;
  return "nothing";
}

KIN_SIM_TEST(gen_statem, timeout_cancel_and_update) {
  const auto machine = kin::start<walker>();
  notes_of(machine);
  have(machine, [] {
    return kin::keep_state(kin::set_state_timeout(1h, note{"first"}),
                           kin::set_timeout("ring", 1h, tick{"first"}),
                           kin::set_timeout(1h, tick{"typed"}));
  });
  have(machine, [] {
    return kin::keep_state(kin::update_state_timeout(note{"second"}),
                           kin::update_timeout("ring", tick{"second"}));
  });
  EXPECT_THAT(told(kin::sys::get_status(machine), "Time-outs"),
              AllOf(HasSubstr("{state_timeout, second}"), HasSubstr("\"ring\"}, "),
                    HasSubstr("second"), testing::Not(HasSubstr("first"))));
  have(machine, [] {
    return kin::keep_state(kin::cancel_state_timeout, kin::cancel_timeout("ring"),
                           kin::cancel_timeout<tick>());
  });
  EXPECT_EQ(told(kin::sys::get_status(machine), "Time-outs"), "[]");
  EXPECT_THAT(notes_of(machine), IsEmpty());

  have(machine, [] { return kin::update_state_timeout(note{"at once"}); });
  EXPECT_THAT(notes_of(machine), ElementsAre("at once in a"));
  have(machine, [] {
    return kin::keep_state(kin::set_state_timeout(1h, note{"u"}),
                           kin::update_state_timeout(note{"v"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("v in a")) << "the last of a kind is the one";
  have(machine, [] { return kin::set_state_timeout(10ms, note{"u"}); });
  have(machine, [] { return kin::update_state_timeout(note{"v"}); });
  EXPECT_THAT(notes_of(machine), ElementsAre("v in a"));

  // Of zero, and not yet handled: both work, and it keeps its place.
  for (const bool cancels : {false, true}) {
    have(machine, [cancels] {
      return kin::keep_state(
          kin::set_state_timeout(0s, walker::act{[cancels](walker& /*w*/) {
                                   return cancels
                                              ? transition(kin::cancel_timeout("x"))
                                              : transition(kin::update_timeout("x", tick{"x2"}));
                                 }}),
          kin::set_timeout("x", 0s, tick{"x"}), kin::set_timeout("y", 0s, tick{"y"}));
    });
    if (cancels) {
      EXPECT_THAT(notes_of(machine), ElementsAre("tick y in a"));
    } else {
      EXPECT_THAT(notes_of(machine), ElementsAre("tick x2 in a", "tick y in a"));
    }
  }
  have(machine, [] { return kin::timeout{1h}; });
  have(machine, [] { return kin::keep_state; });
  EXPECT_EQ(told(kin::sys::get_status(machine), "Time-outs"), "[]") << "any event ends it";
  have(machine, [] { return kin::keep_state(kin::timeout{1h}, kin::cancel_event_timeout); });
  EXPECT_EQ(told(kin::sys::get_status(machine), "Time-outs"), "[]");
  kin::stop(machine);
}

// Whatever an event is, it can be inserted.
struct ask {};
class inserter : public kin::gen_statem<inserter, idle> {
 public:
  replies<int> handle_call(idle& /*now*/, ask /*q*/, kin::from<int> caller) {
    if (++asked_ < 3) return kin::next_call(std::move(caller), ask{});
    all_.emplace_back("call");
    asker_.emplace(std::move(caller));
    return kin::keep_state(kin::next_event(note{}), kin::next_info(word{}),
                           kin::next_event(kin::state_timeout{}), kin::next_event(kin::timeout{}),
                           kin::next_event(tick{}));
  }
  void handle_event(idle& /*now*/, note /*e*/) { all_.emplace_back("internal"); }
  void handle_event(idle& /*now*/, kin::state_timeout /*e*/) { all_.emplace_back("state_timeout"); }
  void handle_event(idle& /*now*/, kin::timeout /*e*/) { all_.emplace_back("timeout"); }
  auto handle_info(idle& /*now*/) {
    return kin::clauses{[this](word /*w*/) { all_.emplace_back("info"); }};
  }
  void handle_event(idle& /*now*/, tick /*e*/) {
    EXPECT_THAT(all_, ElementsAre("call", "internal", "info", "state_timeout", "timeout"));
    kin::reply(*std::move(asker_), asked_);
  }

 private:
  int asked_ = 0;
  std::optional<kin::from<int>> asker_;
  std::vector<std::string> all_;
};
KIN_TEST(gen_statem, event_types) {
  const auto machine = kin::start<inserter>();
  EXPECT_EQ(kin::call(machine, ask{}), 3);
  kin::stop(machine);
}

KIN_SIM_TEST(gen_statem, generic_timers) {
  const auto machine = kin::start<walker>();
  notes_of(machine);
  have(machine, [] {
    return kin::next_state(
        at_b{}, kin::set_timeout(4ms, tick{"by type"}), kin::set_timeout("one", 8ms, tick{"one"}),
        kin::set_timeout("two", 12ms, tick{"two"}), kin::set_timeout("three", 12ms, tick{"three"}),
        kin::set_timeout("four", kin::clock::now() + 16ms, note{"absolute"}));
  });
  have(machine, [] {
    return kin::next_state(at_a{}, kin::set_timeout("two", kin::infinity, tick{}),
                           kin::set_timeout("three", 14ms, tick{"three again"}));
  });
  EXPECT_THAT(notes_of(machine),
              ElementsAre("a -> b", "b -> a", "tick by type in a", "tick one in a",
                          "tick three again in a", "absolute in a"));
  // At a time that has passed: a message, behind the timeouts of zero.
  have(machine, [] {
    return kin::keep_state(kin::set_state_timeout(kin::clock::now() - 1ms, note{"late"}),
                           kin::set_timeout(0s, tick{"x"}));
  });
  EXPECT_THAT(notes_of(machine), ElementsAre("tick x in a", "late in a"));
  kin::stop(machine);
}

// ---- sys ----------------------------------------------------------------------------------------

KIN_TEST(gen_statem, sys1) {
  const auto machine = kin::start<walker>();
  kin::cast(machine, later{1});
  const auto status = kin::sys::get_status(machine);
  EXPECT_EQ(status.pid, machine.pid);
  EXPECT_THAT(status.server, HasSubstr("walker"));
  EXPECT_THAT(told(status, "Postponed"), HasSubstr("{cast, 1}"));
  EXPECT_EQ(told(status, "Callback mode"), "[state_functions, state_enter]");
  kin::sys::suspend(machine);
  EXPECT_TRUE(kin::sys::get_status(machine).suspended);
  EXPECT_EQ(kin::try_call(machine, test::get_notes{}, 2ms).error(), kin::timed_out);
  kin::sys::resume(machine);
  EXPECT_THAT(kin::call(machine, test::get_notes{}), IsEmpty()) << "the stale call was served";
  kin::stop(machine);
}

// The lamp of many books: an enum, and data beside it.
enum class mode : unsigned char { off, on };
struct flip {};
struct count {};
class lamp : public kin::gen_statem<lamp, mode> {
 public:
  lamp() : gen_statem(mode::off) {}
  transition handle_event(mode now, flip /*e*/) {
    if (broken_) throw std::logic_error("broken");
    if (now == mode::on) return kin::next_state(mode::off);
    ++flips_;
    return kin::next_state(mode::on);
  }
  int handle_call(mode /*now*/, count /*q*/) const { return flips_; }
  void terminate(const kin::exit_reason& why) const {
    if (why == kin::exit_reason("fail")) throw std::runtime_error("in terminate");
  }
  [[nodiscard]] std::string format_status() const {
    return std::string(state() == mode::on ? "on" : "off") + " for the " + std::to_string(flips_) +
           ".";
  }
  void set_flips(int n) { flips_ = n; }
  void break_it() { broken_ = true; }

 private:
  int flips_ = 0;
  bool broken_ = false;
};
inline constexpr kin::name<lamp> hall{"conformance.lamp"};

KIN_TEST(gen_statem, get_state) {
  const auto machine = kin::start<lamp>({.name = hall});
  kin::cast(machine, flip{});
  EXPECT_EQ(kin::sys::get_state(machine).state(), mode::on);
  EXPECT_EQ(kin::sys::get_state(hall).state(), mode::on);
  kin::sys::suspend(machine);
  EXPECT_NE(kin::sys::get_state(hall).in<mode>(), nullptr);
  kin::stop(machine);
}
KIN_TEST(gen_statem, replace_state) {
  const auto machine = kin::start<lamp>();
  const lamp changed = kin::sys::replace_state(machine, [](lamp l) {
    l.put_state(mode::on);
    l.set_flips(7);
    return l;
  });
  EXPECT_EQ(changed.state(), mode::on);
  EXPECT_EQ(kin::call(machine, count{}), 7);
  const auto failed = kin::sys::try_replace_state(machine, [](lamp l) -> lamp {
    l.put_state(mode::off);
    throw std::runtime_error("no");
  });
  EXPECT_NE(failed.error().get_if<kin::sys::callback_failed>(), nullptr);
  EXPECT_EQ(kin::sys::get_state(machine).state(), mode::on) << "and nothing has changed";
  kin::stop(machine);
}
KIN_TEST(gen_statem, code_change) {
  const auto machine = kin::start<lamp>();
  const auto repaired = [](lamp l) {
    l.put_state(mode::on);
    return l;
  };
  EXPECT_EQ(kin::sys::try_change_code(machine, repaired).error(), kin::sys::not_suspended);
  kin::sys::suspend(machine);
  kin::cast(machine, flip{});
  kin::sys::change_code(machine, repaired);
  EXPECT_FALSE(kin::sys::try_change_code(
      machine, [](const lamp& /*l*/) -> lamp { throw std::runtime_error("no"); }));
  EXPECT_EQ(kin::sys::get_state(machine).state(), mode::on);
  kin::sys::resume(machine);
  EXPECT_EQ(kin::call(machine, count{}), 0);
  EXPECT_EQ(kin::sys::get_state(machine).state(), mode::off) << "the flip came after";
  kin::stop(machine);
}

KIN_TEST(gen_statem, call_format_status) {
  kin::start<lamp>({.name = hall});
  kin::cast(hall, flip{});
  EXPECT_EQ(kin::sys::get_status(hall).state, "\"on for the 1.\"");
  kin::stop(hall);
  kin::registry<int, lamp> lamps;
  kin::start<lamp>({.name = lamps[1]});
  EXPECT_EQ(kin::sys::get_status(lamps[1]).state, "\"off for the 0.\"");
  kin::stop(lamps[1]);
}

// The reports of a machine's own end, without that of the process.
std::vector<std::string> machine_reports() {
  std::vector<std::string> all;
  for (const test::told& t : test::reports())
    if (t.title == "ERROR REPORT") all.push_back(t.text);
  return all;
}
KIN_TEST(gen_statem, error_format_status) {
  const auto machine = kin::start<lamp>();
  const kin::ref watch = kin::monitor(machine);
  kin::sys::replace_state(machine, [](lamp l) {
    l.break_it();
    return l;
  });
  kin::cast(machine, flip{});
  test::expect_down(watch);
  EXPECT_THAT(
      machine_reports(),
      ElementsAre(AllOf(HasSubstr("** When server state = \"off for the 0.\""),
                        HasSubstr("** Reason for termination = error:"), HasSubstr("broken"))));
}
KIN_TEST(gen_statem, terminate_crash_format) {
  const auto machine = kin::start<lamp>();
  const kin::ref watch = kin::monitor(machine);
  EXPECT_FALSE(kin::try_stop(machine, "fail"));
  EXPECT_NE(test::expect_down(watch).reason.get_if<std::runtime_error>(), nullptr);
  EXPECT_THAT(machine_reports(),
              ElementsAre(AllOf(HasSubstr("in terminate"), HasSubstr("off for the 0."))));
}
KIN_TEST(gen_statem, format_all_status) {
  const auto machine = kin::start<walker>();
  const kin::ref watch = kin::monitor(machine);
  kin::sys::log(machine, 5);
  kin::cast(machine, later{1});
  have(machine, [] { return kin::set_timeout("ring", 1h, tick{"content"}); });
  have(machine, [] {
    return kin::keep_state(kin::next_event(walker::act{
                               [](walker& /*w*/) -> transition { return kin::stop("enough"); }}),
                           kin::next_event(note{"queued"}));
  });
  EXPECT_EQ(test::expect_down(watch).reason, kin::exit_reason("enough"));
  EXPECT_THAT(
      machine_reports(),
      ElementsAre(AllOf(
          HasSubstr("** Last event = {internal, act}"), HasSubstr("** When server state = {a, "),
          HasSubstr("** Reason for termination = exit:\"enough\""),
          HasSubstr("** Queued = [{internal, queued}]"), HasSubstr("** Postponed = [{cast, 1}]"),
          HasSubstr("** Time-outs = {1, [{{timeout, \"ring\"}, "), HasSubstr("** Log = ["),
          HasSubstr("got call "))));
}
KIN_TEST(gen_statem, format_log_1) {
  const auto line = kin::start<phone>();
  const kin::ref watch = kin::monitor(line);
  kin::cast(line, fail{});
  test::expect_down(watch);
  const std::vector<std::string> all = machine_reports();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_THAT(all[0],
              AllOf(HasSubstr("** Last event = {cast, "), HasSubstr("fail"), HasSubstr("no line")));
  for (const char* part : {"Queued", "Postponed", "Time-outs", "Log"})
    EXPECT_THAT(all[0], testing::Not(HasSubstr(part)));
}
KIN_TEST(gen_statem, format_log_2) {
  kin::start<lamp>({.name = hall});
  const kin::ref watch = kin::monitor(kin::whereis(hall).value());
  kin::stop(hall, "because");
  test::expect_down(watch);
  EXPECT_THAT(machine_reports(), ElementsAre("** State machine conformance.lamp terminating\n"
                                             "** When server state = \"off for the 0.\"\n"
                                             "** Reason for termination = exit:\"because\"\n"
                                             "** Callback modules = [" +
                                             kin::type_name(typeid(lamp)) +
                                             "]\n"
                                             "** Callback mode = handle_event_function"));
}

// ---- a process that becomes a machine -------------------------------------------------------------

struct lit {};
struct unlit {};
class candle : public kin::gen_statem<candle, unlit, lit> {
 public:
  explicit candle(kin::pid test) : test_(test) { put_state(lit{}); }
  static transition init() { return kin::stop("init was called"); }
  void handle_enter(lit& /*now*/) const { kin::send(test_, word{"lit"}); }
  void handle_enter(unlit& /*now*/) const { kin::send(test_, word{"unlit"}); }
  static transition handle_event(lit& /*now*/, flip /*e*/) { return kin::next_state(unlit{}); }
  static int handle_call(lit& /*now*/, count /*q*/) { return 1; }
  static int handle_call(unlit& /*now*/, count /*q*/) { return 0; }
  void terminate(const kin::exit_reason& why) const { kin::send(test_, why); }

 private:
  kin::pid test_;
};
inline constexpr kin::name<candle> on_the_table{"conformance.candle"};

// Without a name, under its own, under one it does not hold; its parent's end is its own.
KIN_TEST(gen_statem, enter_loop) {
  using starter = kin::proc_lib::starter<>;
  kin::registry<int, candle> keys;
  const kin::pid me = kin::self();
  const auto plain = kin::proc_lib::start_link([me](starter ready) {
    kin::trap_exits();
    ready.init_ack();
    return kin::enter_loop<candle>(me);
  });
  EXPECT_EQ(test::expect<word>(), word{"lit"}) << "it enters the state it is in";
  const kin::server<candle> machine{plain.pid};
  EXPECT_EQ(kin::call(machine, count{}), 1);
  kin::cast(machine, flip{});
  EXPECT_EQ(test::expect<word>(), word{"unlit"});
  EXPECT_EQ(kin::call(machine, count{}), 0);
  EXPECT_EQ(kin::sys::get_status(machine).parent, me);

  const auto named = kin::proc_lib::start_monitor([me](starter ready) {
    kin::register_name(on_the_table, kin::self());
    ready.init_ack();
    return kin::enter_loop<candle>({.name = on_the_table}, me);
  });
  EXPECT_EQ(test::expect<word>(), word{"lit"});
  EXPECT_EQ(kin::call(on_the_table, count{}), 1);
  kin::stop(on_the_table);
  EXPECT_EQ(test::expect<kin::exit_reason>(), kin::normal);
  EXPECT_EQ(test::expect_down(named.ref).reason, kin::normal);

  const auto wrong_name = kin::proc_lib::start_monitor([me](starter ready) {
    ready.init_ack();
    return kin::enter_loop<candle>({.name = on_the_table}, me);
  });
  EXPECT_EQ(test::expect_down(wrong_name.ref).reason, kin::process_not_registered);
  const auto wrong_key = kin::proc_lib::start_monitor([&, me](starter ready) {
    ready.init_ack();
    return kin::enter_loop<candle>({.name = keys[1]}, me);
  });
  EXPECT_EQ(test::expect_down(wrong_key.ref).reason, kin::process_not_registered_via);
  test::settle();
  test::forget_reports();

  kin::trap_exits();
  kin::exit(plain.pid, kin::shutdown);
  EXPECT_EQ(test::expect<kin::exit_reason>(), kin::shutdown) << "its parent's exit was no end";
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{plain.pid, kin::shutdown}));
}

// ---- hibernation --------------------------------------------------------------------------------

bool hibernates(kin::pid p) {
  test::settle();
  return kin::info(p)->current_function == "kin::hibernate";
}
KIN_TEST(gen_statem, hibernate) {
  const auto machine =
      kin::start<walker>(walker::first{[](walker& /*w*/) -> transition { return kin::hibernate; }});
  EXPECT_TRUE(hibernates(machine)) << "asked for by init";
  kin::cast(machine, note{});
  EXPECT_FALSE(hibernates(machine));
  have(machine, [] { return kin::next_state(at_b{}, kin::hibernate); });
  EXPECT_TRUE(hibernates(machine));
  kin::sys::get_status(machine);
  EXPECT_TRUE(hibernates(machine)) << "goes on when sys was answered";
  kin::sys::suspend(machine);
  EXPECT_TRUE(hibernates(machine));
  kin::sys::resume(machine);
  EXPECT_TRUE(hibernates(machine));
  kin::send(machine, word{});
  EXPECT_FALSE(hibernates(machine));
  have(machine,
       [] { return kin::keep_state(kin::hibernate, kin::next_event(note{"is pending"})); });
  EXPECT_FALSE(hibernates(machine)) << "an event was pending, which did not ask for it";
  kin::stop(machine);
}
KIN_SIM_TEST(gen_statem, auto_hibernate) {
  const auto machine = kin::start<walker>({.hibernate_after = 5ms});
  have(machine, [] { return kin::keep_state(kin::state_timeout{1h}, kin::timeout{1h}); });
  test::pass(20ms);
  EXPECT_TRUE(hibernates(machine)) << "timeouts that are set do not keep it awake";
  kin::sys::get_status(machine);
  test::pass(20ms);
  EXPECT_TRUE(hibernates(machine));
  have(machine, [] { return kin::set_state_timeout(10ms, note{"woken"}); });
  EXPECT_THAT(notes_of(machine), testing::Contains("woken in a"));
  test::pass(20ms);
  EXPECT_TRUE(hibernates(machine));
  kin::stop(machine);
}

// ---- terminate, callback modules ----------------------------------------------------------------

KIN_TEST(gen_statem, undef_terminate1) {
  const auto line = kin::start<phone>();
  kin::stop(line);
  EXPECT_THAT(test::reports(), IsEmpty());
}
KIN_TEST(gen_statem, undef_terminate2) {
  const auto line = kin::start<phone>();
  const kin::ref watch = kin::monitor(line);
  kin::stop(line, "other");
  EXPECT_EQ(test::expect_down(watch).reason, kin::exit_reason("other"));
}
KIN_TEST(gen_statem, undef_in_terminate) {
  const auto machine = kin::start<lamp>();
  const auto failed = kin::try_stop(machine, "fail");
  EXPECT_NE(failed.error().get_if<std::runtime_error>(), nullptr) << failed.error();
}

struct push_it {};
struct change_it {};
struct pop_it {};
struct who {};
class stacked;
struct module_one;
struct module_two;
class stacked : public kin::gen_statem<stacked, idle> {
 public:
  using callback_modules = kin::callback_modules_of<module_one, module_two>;
  std::string handle_call(idle& /*now*/, who /*q*/) { return "itself, " + std::to_string(entered); }
  transition handle_event(idle& /*now*/, push_it /*e*/) {
    return kin::repeat_state(kin::push_callback_module<module_one>);
  }
  transition handle_event(idle& /*now*/, pop_it /*e*/) { return kin::pop_callback_module; }
  int entered = 0;
};
struct module_one {
  explicit module_one(stacked& s) : it(&s) {}
  std::string handle_call(idle& /*now*/, who /*q*/) const {
    return "one, " + std::to_string(it->entered);
  }
  void handle_enter(idle& /*now*/) const { ++it->entered; }
  stacked::transition handle_event(idle& /*now*/, push_it /*e*/) const {
    return kin::push_callback_module<module_two>;
  }
  stacked::transition handle_event(idle& /*now*/, change_it /*e*/) const {
    return kin::change_callback_module<module_two>;
  }
  stacked::transition handle_event(idle& /*now*/, pop_it /*e*/) const {
    return kin::pop_callback_module;
  }
  stacked* it;
};
struct module_two {
  explicit module_two(stacked& /*s*/) {}
  std::string handle_call(idle& /*now*/, who /*q*/) const { return "two"; }
  stacked::transition handle_event(idle& /*now*/, pop_it /*e*/) const {
    return kin::pop_callback_module;
  }
};
KIN_TEST(gen_statem, pop_too_many) {
  const auto machine = kin::start<stacked>();
  const kin::ref watch = kin::monitor(machine);
  EXPECT_EQ(kin::call(machine, who{}), "itself, 0");
  kin::cast(machine, push_it{});
  EXPECT_EQ(kin::call(machine, who{}), "one, 1") << "the new module's handle_enter";
  kin::cast(machine, push_it{});
  EXPECT_EQ(kin::call(machine, who{}), "two");
  EXPECT_THAT(told(kin::sys::get_status(machine), "Modules"),
              testing::MatchesRegex(R"(\[".*module_two", ".*module_one", ".*stacked"\])"));
  kin::cast(machine, pop_it{});
  kin::cast(machine, change_it{});
  EXPECT_EQ(kin::call(machine, who{}), "two");
  kin::cast(machine, pop_it{});
  EXPECT_EQ(kin::call(machine, who{}), "itself, 1");
  kin::cast(machine, pop_it{});
  EXPECT_TRUE(test::expect_down(watch).reason.is_error()) << "there was none to pop";
}

// The answer comes by whoever has it in the end.
KIN_TEST(gen_statem, reply_by_alias_with_payload) {
  class asker : public kin::gen_statem<asker, idle> {
   public:
    replies<test::ledger> handle_call(idle& /*now*/, ask /*q*/, kin::from<test::ledger> caller) {
      kin::spawn([caller = std::move(caller)]() mutable {
        kin::reply(std::move(caller), test::large_ledger());
      });
      return kin::noreply;
    }
  };
  const auto machine = kin::start<asker>();
  EXPECT_EQ(kin::call(machine, ask{}), test::large_ledger());
  kin::stop(machine);
}

// ---- requests that nobody stands and waits for --------------------------------------------------

using answers = kin::request_ids<std::string, int>;
constexpr int of_a_line = 1;
constexpr int of_one_that_waits = 2;
constexpr int of_one_that_ends = 3;

// Three lines: one answers, one postpones the request, one ends.
class three_lines {
 public:
  answers ask() const {
    answers open;
    kin::send_request(ready_, hello{.to_order = true}, of_a_line, open);
    EXPECT_EQ(kin::call(waits_, hello{}), "delayed");
    kin::send_request(waits_, hello{.to_order = true}, of_one_that_waits, open);
    kin::send_request(ends_, end_with{kin::exit_reason("hung up")}, of_one_that_ends, open);
    return open;
  }
  void stop() const {
    kin::stop(ready_);
    kin::stop(waits_);
  }

 private:
  kin::server<phone> ready_ = kin::start<phone>();
  kin::server<phone> waits_ = kin::start<phone>();
  kin::server<phone> ends_ = kin::start<phone>();
};
void expect_all(std::vector<kin::labelled_response<std::string, int>> got) {
  ASSERT_EQ(got.size(), 3U);
  for (const auto& one : got) {
    if (one.label == of_one_that_ends) {
      EXPECT_EQ(one.response.error(), kin::exit_reason("hung up"));
    } else {
      EXPECT_EQ(*one.response, "accept");
    }
  }
}

KIN_TEST(gen_statem, send_request_receive_reqid_collection) {
  const three_lines lines_asked;
  answers open = lines_asked.ask();
  EXPECT_EQ(open.size(), 3U);
  std::vector<kin::labelled_response<std::string, int>> got;
  while (!open.empty()) got.push_back(kin::receive_response(open));
  expect_all(std::move(got));
  EXPECT_EQ(kin::try_receive_response(open).error(), kin::no_request);
  lines_asked.stop();
}
// In time that passes as it likes, the second line is answered when the test has given up on it.
KIN_SIM_TEST(gen_statem, send_request_wait_reqid_collection) {
  const three_lines lines_asked;
  answers open = lines_asked.ask();
  std::vector<kin::labelled_response<std::string, int>> got;
  for (int i = 0; i < 2; ++i) got.push_back(kin::wait_response(open, 1ms));
  EXPECT_EQ(kin::try_wait_response(open, 1ms).error(), kin::timed_out);
  EXPECT_EQ(open.size(), 1U) << "it is not abandoned";
  got.push_back(kin::wait_response(open));
  expect_all(std::move(got));
  lines_asked.stop();
}
KIN_TEST(gen_statem, send_request_check_reqid_collection) {
  const three_lines lines_asked;
  answers open = lines_asked.ask();
  answers none;
  std::vector<kin::labelled_response<std::string, int>> got;
  while (!open.empty()) {
    auto response = test::expect<kin::response>();
    EXPECT_EQ(kin::check_response(response, none).error(), kin::no_request);
    got.push_back(*kin::check_response(response, open));
  }
  expect_all(std::move(got));
  lines_asked.stop();
}

}  // namespace
