// SPDX-License-Identifier: Apache-2.0
// Event managers and their handlers. otp-semantics 5.
#include <kin/gen_event.hpp>
#include <kin/gtest.hpp>
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>
#include <kin/send_request.hpp>
#include <kin/sim.hpp>
#include <kin/supervisor.hpp>
#include <kin/sys.hpp>

#include "conformance/support.hpp"
#include "support/dummy_handler.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kin::handler_end;
using kin::handler_exited;
using kin::handler_id;
using test::act;
using test::ask_act;
using test::ask_in_vain;
using test::ask_name;
using test::dummy;
using test::ended;
using test::handed_on;
using test::heard;
using test::manager;
using test::number;
using test::to_do;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using cause = handler_end::cause;

constexpr kin::name<manager> events("events");

handler_id id_of(std::string id = {}) { return handler_id::of<dummy>(std::move(id)); }
kin::server<manager> fresh() { return kin::start<manager>(); }
// A handler of that name and id.
void add(kin::server<manager> to, const std::string& id) {
  kin::add_handler<dummy>(to, {.id = id}, kin::self(), id);
}
void add_sup(kin::server<manager> to, const std::string& id) {
  kin::add_sup_handler<dummy>(to, {.id = id}, kin::self(), id);
}
// The next that this process hears of a handler it subscribed for.
kin::exit_reason gone(kin::server<manager> of, const std::string& id) {
  const auto told = test::expect<handler_exited>();
  EXPECT_EQ(told, (handler_exited{of.pid, id_of(id), told.reason}));
  return told.reason;
}
void expect_end(const std::string& who, handler_end how) {
  EXPECT_EQ(test::expect<ended>(), (ended{who, std::move(how)}));
}
void expect_failed_end(const std::string& who) {
  const auto seen = test::expect<ended>();
  EXPECT_EQ(seen.who, who);
  EXPECT_EQ(seen.how.what, cause::failed);
  EXPECT_TRUE(test::is_failure(seen.how.why)) << seen.how.why;
}
// Stops a manager whose handlers do not matter any more.
void end(kin::server<manager> one) {
  kin::stop(one);
  static_cast<void>(test::drained());
}

// Each start function, with and without a name, which is taken then; a stop with a reason; the end
// of the parent.
KIN_TEST(gen_event, start) {
  const auto bare = kin::start<manager>();
  EXPECT_THAT(kin::which_handlers(bare), IsEmpty());
  kin::stop(bare);
  EXPECT_EQ(kin::try_which_handlers(bare).error(), kin::noproc);

  const auto linked = kin::start_link<manager>({.name = events});
  EXPECT_EQ(kin::whereis(events), linked.pid);
  EXPECT_EQ(kin::try_start<manager>({.name = events}).error(),
            kin::exit_reason(kin::already_started{linked.pid}));
  EXPECT_EQ(kin::try_start_link<manager>({.name = events}).error(),
            kin::exit_reason(kin::already_started{linked.pid}));
  kin::stop(events);
  EXPECT_EQ(kin::whereis(events), std::nullopt);

  const auto watched = kin::start<manager>({.name = events});
  const kin::ref watch = kin::monitor(watched.pid);
  kin::stop(events, kin::shutdown("enough"), 10s);
  EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown("enough"));
  EXPECT_EQ(kin::try_stop(events).error(), kin::noproc);

  const kin::pid me = kin::self();
  const auto parent = kin::spawn_monitor([me] {
    const auto child = kin::start_link<manager>({.name = events});
    kin::add_handler<dummy>(child, me, "orphan");
    kin::exit(kin::shutdown);
  });
  EXPECT_EQ(test::expect_down(parent.ref).reason, kin::shutdown);
  expect_end("orphan", {cause::stopped, kin::shutdown});
}

// What can be said at a start holds.
KIN_TEST(gen_event, start_opt) {
  const auto quiet = kin::start<manager>({.name = events, .priority = kin::priority::high});
  EXPECT_EQ(kin::info(quiet.pid)->priority, kin::priority::high);
  EXPECT_TRUE(kin::info(quiet.pid)->traps_exits);
  kin::stop(quiet);
  const auto heard = kin::start<manager>({.name = events, .debug = {.log = 5, .statistics = true}});
  kin::notify(events, word{"hello"});
  kin::sync_notify(events, word{"bye"});
  EXPECT_THAT(kin::sys::get_log(heard).front().text, HasSubstr("hello"));
  EXPECT_EQ(kin::sys::get_statistics(heard)->messages_in, 2U);
  kin::stop(heard);
  const auto limited = kin::start<manager>({.timeout = 10s, .mailbox = {.limit = 10}});
  kin::stop(limited);
}

// One that refuses is not there; several of a class, told apart by ids, the newest first.
KIN_TEST(gen_event, add_handler) {
  const auto bus = fresh();
  EXPECT_EQ(kin::try_add_handler<dummy>(bus, kin::self(), "none", true).error(), test::no_place());
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());
  kin::add_handler<dummy>(bus, kin::self(), "plain");
  EXPECT_TRUE(kin::try_add_handler<dummy>(bus, {.id = "one"}, kin::self(), "one"));
  add(bus, "two");
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of("two"), id_of("one"), id_of()));
  kin::sync_notify(bus, word{"hello"});
  for (const char* who : {"two", "one", "plain"})
    EXPECT_EQ(test::expect<heard>(), (heard{who, "hello"}));
  end(bus);
}

// A refusal; the end of who subscribed, or its exit signal; the end of the manager, which it hears
// of, and outlives.
KIN_TEST(gen_event, add_sup_handler) {
  const auto bus = fresh();
  EXPECT_EQ(kin::try_add_sup_handler<dummy>(bus, kin::self(), "none", true).error(),
            test::no_place());
  EXPECT_THAT(kin::info(bus.pid)->links, ElementsAre(kin::self()));
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());

  add_sup(bus, "one");
  kin::exit(bus.pid, "told to go");
  expect_end("one", {cause::subscriber_ended, "told to go"});
  EXPECT_EQ(gone(bus, "one"), kin::shutdown);
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());

  const kin::pid me = kin::self();
  kin::add_handler<dummy>(bus, {.id = "stays"}, me, "stays");
  const auto subscriber = kin::spawn_monitor([bus, me] {
    kin::add_sup_handler<dummy>(bus, {.id = "two"}, me, "two");
    kin::add_sup_handler<dummy>(bus, {.id = "three"}, me, "three");
    EXPECT_THAT(kin::which_handlers(bus),
                ElementsAre(id_of("three"), id_of("two"), id_of("stays")));
    kin::exit("over");
  });
  EXPECT_EQ(test::expect_down(subscriber.ref).reason, "over");
  expect_end("three", {cause::subscriber_ended, "over"});
  expect_end("two", {cause::subscriber_ended, "over"});
  EXPECT_EQ(test::expect<heard>(), (heard{"stays", "\"over\""}));
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of("stays")));

  add_sup(bus, "last");
  kin::stop(bus, "a bad end");  // this process does not trap exits, and lives
  expect_end("last", {cause::stopped, "a bad end"});
  EXPECT_EQ(gone(bus, "last"), kin::shutdown);
  expect_end("stays", {cause::stopped, "a bad end"});
}

// Gives what terminate returns; an unknown one is an error.
KIN_TEST(gen_event, delete_handler) {
  const auto bus = fresh();
  add(bus, "one");
  kin::add_handler<dummy>(bus, kin::self(), "plain");
  EXPECT_EQ(kin::try_delete_handler<dummy>(bus, {.id = "nobody"}).error(), kin::module_not_found);
  EXPECT_EQ(kin::delete_handler<dummy>(bus, {.id = "one"}, number{7}), "last word of one");
  expect_end("one", {cause::deleted, kin::exit_reason(number{7})});
  EXPECT_EQ(kin::delete_handler<dummy>(bus), "last word of plain");
  expect_end("plain", {cause::deleted, kin::normal});
  EXPECT_THROW(kin::delete_handler<dummy>(bus), kin::call_failed);
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());
  kin::stop(bus);
}

// The new one gets the last word of the old, or the error that there was none, and comes first.
KIN_TEST(gen_event, swap_handler) {
  const auto bus = fresh();
  const kin::pid me = kin::self();
  add(bus, "one");
  add(bus, "two");
  kin::swap_handler<dummy, dummy>(bus, {.old_id = "one", .why = "swap", .id = "new"}, me, "new");
  expect_end("one", {cause::swapped, "swap"});
  EXPECT_EQ(test::expect<handed_on>(), (handed_on{"new", "last word of one"}));
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of("new"), id_of("two")));

  kin::swap_handler<dummy, dummy>(bus, {.old_id = "nobody"}, me, "plain");
  EXPECT_EQ(test::expect<handed_on>(), (handed_on{"plain", "module_not_found"}));
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of(), id_of("new"), id_of("two")));

  EXPECT_EQ(
      (kin::try_swap_handler<dummy, dummy>(bus, {.old_id = "two", .id = "three"}, me, "three", true)
           .error()),
      test::no_place());
  expect_end("two", {cause::swapped, kin::normal});
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of(), id_of("new")));
  end(bus);
}

// Who subscribed hears of the swap, and is subscribed for the new one; or whoever asked for it is.
KIN_TEST(gen_event, swap_sup_handler) {
  const auto bus = fresh();
  const kin::pid me = kin::self();
  add_sup(bus, "one");
  kin::swap_handler<dummy, dummy>(bus, {.old_id = "one", .id = "two"}, me, "two");
  EXPECT_EQ(gone(bus, "one"), kin::exit_reason(kin::handler_swapped{id_of("two"), me}));
  kin::delete_handler<dummy>(bus, {.id = "two"});
  EXPECT_EQ(gone(bus, "two"), kin::normal);

  add(bus, "three");
  kin::swap_sup_handler<dummy, dummy>(bus, {.old_id = "three", .id = "four"}, me, "four");
  EXPECT_EQ(kin::delete_handler<dummy>(bus, {.id = "four"}), "last word of four");
  EXPECT_EQ(gone(bus, "four"), kin::normal);
  EXPECT_EQ((kin::try_swap_sup_handler<dummy, dummy>(bus, {.old_id = "nobody"}, me, "five", true)
                 .error()),
            test::no_place());
  end(bus);
}

// What all that is sent as `spread` does: an event alone, or with an answer, or a plain message.
using spread = void (*)(kin::server<manager> bus, act a);

// Of `id`, which is subscribed for, and of a bystander.
void play_acts(spread tell, const char* id = "one") {
  const auto bus = fresh();
  const kin::pid me = kin::self();
  add(bus, "by");
  add_sup(bus, id);
  tell(bus, {id, to_do::nothing});
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of(id), id_of("by")));

  tell(bus, {id, to_do::leave});
  expect_end(id, {cause::removed, {}});
  EXPECT_EQ(gone(bus, id), kin::normal);
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of("by")));

  add_sup(bus, id);
  add(bus, "newer");
  tell(bus, {id, to_do::swap});
  expect_end(id, {cause::swapped, "swap"});
  EXPECT_EQ(gone(bus, id), kin::exit_reason(kin::handler_swapped{id_of("successor"), me}));
  EXPECT_EQ(test::expect<handed_on>(), (handed_on{"successor", "last word of " + std::string(id)}));
  EXPECT_THAT(kin::which_handlers(bus),
              ElementsAre(id_of("newer"), id_of("successor"), id_of("by")))
      << "it takes the place of the old one";

  kin::test::forget_reports();
  tell(bus, {"successor", to_do::swap_for_refusal});
  expect_end("successor", {cause::swapped, "swap"});
  EXPECT_EQ(gone(bus, "successor"), kin::exit_reason(kin::handler_swapped{id_of("successor"), me}));
  EXPECT_EQ(gone(bus, "successor"), kin::crash);
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of("newer"), id_of("by")));
  EXPECT_EQ(kin::test::reports().size(), 1U);

  add_sup(bus, id);
  tell(bus, {id, to_do::fail});
  expect_failed_end(id);
  EXPECT_TRUE(test::has_failed(gone(bus, id)));
  add_sup(bus, id);
  tell(bus, {id, to_do::exit});
  expect_end(id, {cause::failed, "leaving"});
  EXPECT_EQ(gone(bus, id), kin::exit_reason(kin::handler_failed{"leaving"}));
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(id_of("newer"), id_of("by")));
  EXPECT_EQ(kin::test::reports().size(), 3U);
  end(bus);
}

KIN_TEST(gen_event, notify) {
  EXPECT_THROW(kin::notify(events, word{"nobody"}), kin::error);
  kin::registry<int, manager> buses;
  kin::notify(buses[1], word{"nobody"});
  const auto bus = fresh();
  add(bus, "one");
  kin::notify(bus, word{"first"});
  kin::notify(bus, word{"second"});
  EXPECT_EQ(test::expect<heard>(), (heard{"one", "first"}));
  EXPECT_EQ(test::expect<heard>(), (heard{"one", "second"}));
  end(bus);
  kin::notify(bus, word{"nobody"});
  play_acts([](kin::server<manager> to, act a) {
    kin::notify(to, std::move(a));
    static_cast<void>(kin::which_handlers(to));
  });
}

KIN_TEST(gen_event, sync_notify) {
  EXPECT_EQ(kin::try_sync_notify(events, word{"nobody"}).error(), kin::noproc);
  EXPECT_THROW(kin::sync_notify(events, word{"nobody"}), kin::call_failed);
  const auto bus = fresh();
  add(bus, "one");
  kin::sync_notify(bus, word{"done"});
  EXPECT_THAT(test::drained(), ElementsAre(HasSubstr("done"))) << "it came before the return";
  end(bus);
  play_acts([](kin::server<manager> to, act a) { kin::sync_notify(to, std::move(a)); });
}

// An answer; no such handler; none in time; and all that may come with an answer.
KIN_TEST(gen_event, call) {
  const auto bus = fresh();
  kin::add_handler<dummy>(bus, kin::self(), "plain");
  add(bus, "one");
  EXPECT_EQ(kin::call<dummy>(bus, ask_name{}), "plain");
  EXPECT_EQ(kin::call(bus, kin::to_handler<dummy>(ask_name{}, "one")), "one");
  EXPECT_EQ(test::expect<heard>(), (heard{"plain", "\"the test\""}));
  EXPECT_EQ(kin::try_call(bus, kin::to_handler<dummy>(ask_name{}, "nobody")).error(),
            kin::bad_module);
  EXPECT_EQ(kin::try_call<dummy>(bus, ask_in_vain{}, 1ms).error(), kin::timed_out);
  kin::send(bus.pid, number{1});  // it waits in the middle of the call
  EXPECT_EQ(kin::try_call<dummy>(events, ask_name{}).error(), kin::noproc);
  EXPECT_THROW(kin::call<dummy>(events, ask_name{}), kin::call_failed);

  const auto failed =
      kin::try_call(bus, kin::to_handler<dummy>(ask_act{{"one", to_do::fail}}, "one"));
  EXPECT_TRUE(test::has_failed(failed.error())) << failed.error();
  EXPECT_EQ(kin::try_call<dummy>(bus, ask_act{{"plain", to_do::exit}}).error(),
            kin::exit_reason(kin::handler_failed{"leaving"}));
  EXPECT_EQ(kin::try_call<dummy>(bus, ask_name{}).error(), kin::bad_module);
  add(bus, "two");
  const auto asked = kin::send_request(bus, kin::to_handler<dummy>(ask_name{}, "two"));
  EXPECT_EQ(kin::receive_response(asked, 10s), "two");
  const auto in_vain = kin::send_request(bus, kin::to_handler<dummy>(ask_name{}, "nobody"));
  EXPECT_EQ(kin::try_receive_response(in_vain, 10s).error(), kin::bad_module);
  end(bus);

  play_acts([](kin::server<manager> to, act a) {
    const bool fails = a.to_do == to_do::fail || a.to_do == to_do::exit;
    const auto answer = kin::try_call(to, kin::to_handler<dummy>(ask_act{a}, a.who));
    EXPECT_EQ(answer.has_value(), !fails);
    if (answer) {
      EXPECT_EQ(*answer, a.who);
    }
  });
}

// Plain messages go to all, with all that a callback may return.
KIN_TEST(gen_event, info) {
  const auto bus = fresh();
  add(bus, "one");
  add(bus, "two");
  kin::send(bus.pid, number{3});
  EXPECT_EQ(test::expect<heard>(), (heard{"two", "3"}));
  EXPECT_EQ(test::expect<heard>(), (heard{"one", "3"}));
  end(bus);
  play_acts([](kin::server<manager> to, act a) {
    kin::send(to.pid, std::move(a));
    static_cast<void>(kin::which_handlers(to));
  });
}

bool hibernates(kin::pid p) { return kin::info(p)->current_function == "kin::hibernate"; }
void await_hibernation(kin::pid p) {
  while (!hibernates(p)) kin::yield();
}

class sleeper {
 public:
  kin::handled init() { return kin::hibernate; }
};

// Whatever asks for it, when all handlers have had the event; sys does not wake it, others do.
KIN_TEST(gen_event, hibernate) {
  const auto bus = fresh();
  add(bus, "one");
  add(bus, "two");
  EXPECT_FALSE(hibernates(bus.pid));
  kin::add_handler<sleeper>(bus);
  await_hibernation(bus.pid);
  kin::sys::get_status(bus);
  EXPECT_TRUE(hibernates(bus.pid));
  EXPECT_EQ(kin::which_handlers(bus).size(), 3U);
  EXPECT_FALSE(hibernates(bus.pid));

  kin::notify(bus, act{"two", to_do::hibernate});
  await_hibernation(bus.pid);
  kin::sync_notify(bus, act{});
  EXPECT_FALSE(hibernates(bus.pid));
  kin::sync_notify(bus, act{"one", to_do::hibernate});
  await_hibernation(bus.pid);
  kin::call(bus, kin::to_handler<dummy>(ask_name{}, "one"));
  EXPECT_FALSE(hibernates(bus.pid));
  kin::call(bus, kin::to_handler<dummy>(ask_act{{"one", to_do::hibernate}}, "one"));
  await_hibernation(bus.pid);
  kin::send(bus.pid, number{1});
  EXPECT_EQ(test::expect<heard>(test::when(&heard::who, "two", &heard::what, "1")).who, "two");
  test::settle();
  EXPECT_FALSE(hibernates(bus.pid));
  kin::send(bus.pid, act{"two", to_do::hibernate});
  await_hibernation(bus.pid);
  kin::swap_handler<dummy, sleeper>(bus, {.old_id = "one"});
  await_hibernation(bus.pid);
  end(bus);
}

KIN_SIM_TEST(gen_event, auto_hibernate) {
  const auto bus = kin::start<manager>({.hibernate_after = 100ms});
  add(bus, "one");
  EXPECT_FALSE(hibernates(bus.pid));
  test::pass(90ms);
  EXPECT_FALSE(hibernates(bus.pid));
  kin::sync_notify(bus, word{"awake"});
  test::pass(90ms);
  EXPECT_FALSE(hibernates(bus.pid));
  test::pass(20ms);
  EXPECT_TRUE(hibernates(bus.pid));
  kin::sync_notify(bus, word{"awake"});
  EXPECT_FALSE(hibernates(bus.pid));
  test::pass(110ms);
  EXPECT_TRUE(hibernates(bus.pid));
  end(bus);
}

// A status shows each handler as it wishes to be shown.
KIN_TEST(gen_event, call_format_status) {
  const auto bus = kin::start<manager>({.name = events});
  add(bus, "one");
  add_sup(bus, "two");
  const auto status = kin::sys::get_status(events);
  EXPECT_EQ(status.name, "events");
  EXPECT_EQ(status.pid, bus.pid);
  EXPECT_FALSE(status.suspended);
  EXPECT_THAT(status.state, HasSubstr("a dummy called two"));
  EXPECT_THAT(status.state, HasSubstr("a dummy called one"));
  EXPECT_THAT(status.state, HasSubstr(kin::to_string(kin::self()))) << "who subscribed";
  EXPECT_LT(status.state.find("two"), status.state.find("one"));
  end(bus);
}

KIN_TEST(gen_event, call_format_status_anon) {
  const auto bus = fresh();
  const auto status = kin::sys::get_status(bus);
  EXPECT_EQ(status.name, "");
  EXPECT_EQ(status.pid, bus.pid);
  EXPECT_EQ(status.state, "[]");
  kin::stop(bus);
}

struct shy {
  void handle_event(const word& /*w*/) { throw std::runtime_error("seen"); }
  std::string format_status() const { throw std::runtime_error("not to be seen"); }
};

// A report shows the state as its handler wishes; where that fails it says so.
KIN_TEST(gen_event, error_format_status) {
  const auto bus = fresh();
  add(bus, "one");
  kin::test::forget_reports();
  kin::sync_notify(bus, act{"one", to_do::fail});
  EXPECT_THAT(kin::test::reports().back().text,
              HasSubstr("** When handler state == \"a dummy called one\"\n"));
  kin::add_handler<shy>(bus);
  EXPECT_THAT(kin::sys::get_status(bus).state, HasSubstr("shy::format_status threw"));
  kin::sync_notify(bus, word{"now"});
  EXPECT_THAT(kin::test::reports().back().text, HasSubstr("shy::format_status threw\n"));
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());
  end(bus);
}

KIN_TEST(gen_event, get_state) {
  const auto bus = fresh();
  EXPECT_THAT(kin::sys::get_state<dummy>(bus), IsEmpty());
  add(bus, "one");
  add(bus, "two");
  kin::add_handler<sleeper>(bus);
  const auto look = [&] {
    std::vector<std::string> seen;
    for (const auto& one : kin::sys::get_state<dummy>(bus)) {
      EXPECT_EQ(one.id, one.state.name());
      seen.push_back(one.id);
    }
    return seen;
  };
  EXPECT_THAT(look(), ElementsAre("two", "one"));
  kin::sys::suspend(bus);
  EXPECT_THAT(look(), ElementsAre("two", "one"));
  EXPECT_TRUE(kin::sys::inspect(bus, [](const manager& m) {
    return m.find<sleeper>() != nullptr && m.find<dummy>("one")->name() == "one" &&
           m.find<dummy>() == nullptr;
  }));
  kin::sys::resume(bus);
  end(bus);
}

// Each handler on its own: one for which the function fails stays as it was.
KIN_TEST(gen_event, replace_state) {
  const auto bus = fresh();
  add(bus, "one");
  add(bus, "two");
  const auto shout = [](dummy d) {
    if (d.name() == "one") throw std::runtime_error("no");
    d.rename(d.name() + "!");
    return d;
  };
  const auto names = [](const auto& states) {
    std::vector<std::string> all;
    for (const auto& one : states) all.push_back(one.id + " is " + one.state.name());
    return all;
  };
  EXPECT_THAT(names(kin::sys::replace_state<dummy>(bus, shout)),
              ElementsAre("two is two!", "one is one"));
  EXPECT_EQ(kin::sys::try_change_code<dummy>(bus, shout).error(), kin::sys::not_suspended);
  kin::sys::suspend(bus);
  EXPECT_THAT(names(*kin::sys::try_replace_state<dummy>(bus, shout)),
              ElementsAre("two is two!!", "one is one"));
  EXPECT_NE(
      kin::sys::try_change_code<dummy>(bus, shout).error().get_if<kin::sys::callback_failed>(),
      nullptr);
  const auto whisper = [](dummy d) {
    d.rename("hush");
    return d;
  };
  EXPECT_THAT(names(kin::sys::change_code<dummy>(bus, whisper)),
              ElementsAre("two is hush", "one is hush"));
  kin::sys::resume(bus);
  kin::sync_notify(bus, word{"who"});
  EXPECT_EQ(test::expect<heard>(), (heard{"hush", "who"}));
  end(bus);
}

// Has nothing that could be called.
class bare {};

// A message that a handler does not take is told of, and it stays.
KIN_TEST(gen_event, undef_handle_info) {
  const auto bus = fresh();
  kin::add_handler<bare>(bus);
  kin::test::forget_reports();
  kin::send(bus.pid, number{3});
  EXPECT_THAT(kin::which_handlers(bus), ElementsAre(handler_id::of<bare>()));
  const auto told = kin::test::reports();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].severity, kin::severity::warning);
  EXPECT_THAT(told[0].text, HasSubstr("handle_info in "));
  EXPECT_THAT(told[0].text, HasSubstr("bare"));
  EXPECT_THAT(told[0].text, HasSubstr("Unhandled message: 3"));
  kin::stop(bus);
}

KIN_TEST(gen_event, undef_terminate) {
  const auto bus = fresh();
  kin::add_handler<bare>(bus);
  EXPECT_TRUE(kin::try_delete_handler<bare>(bus));
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());
  kin::stop(bus);
}

struct last_words_fail {
  int terminate(const handler_end& /*how*/) { throw std::runtime_error("no"); }
};

// It is gone all the same; who deletes it learns why.
KIN_TEST(gen_event, undef_in_terminate) {
  const auto bus = fresh();
  kin::add_handler<last_words_fail>(bus);
  EXPECT_TRUE(test::has_failed(kin::try_delete_handler<last_words_fail>(bus).error()));
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());
  kin::stop(bus);
}

// What a report says, to the letter.
KIN_TEST(gen_event, format_log_2) {
  const auto bus = kin::start<manager>({.name = events});
  kin::add_handler<dummy>(bus, {.id = "disk"}, kin::self(), "disk");
  kin::test::forget_reports();
  kin::sync_notify(bus, act{"disk", to_do::exit});
  const std::string event = kin::to_string(act{"disk", to_do::exit});
  const auto told = kin::test::reports();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].severity, kin::severity::error);
  EXPECT_EQ(told[0].title, "ERROR REPORT");
  EXPECT_EQ(told[0].text,
            "** gen_event handler {kin::test::dummy, disk} crashed.\n"
            "** Was installed in events\n"
            "** Last event was: " +
                event +
                "\n"
                "** When handler state == \"a dummy called disk\"\n"
                "** Reason == \"leaving\"");
  kin::stop(bus);
  static_cast<void>(test::drained());
}

// ---- requests that nobody stands and waits for ---------------------------------------------------

kin::handler_request<dummy, ask_name> ask_for(std::string id) {
  return kin::to_handler<dummy>(ask_name{}, std::move(id));
}
using requests = kin::request_ids<std::string, int>;
// A manager with a handler of that id, which takes nothing until it is resumed.
kin::server<manager> suspended(const std::string& id) {
  const auto bus = fresh();
  add(bus, id);
  kin::sys::suspend(bus);
  return bus;
}

// The first to come is taken; an error of the manager's is one of the response; when the time is up
// all are abandoned.
KIN_TEST(gen_event, send_request_receive_reqid_collection) {
  const auto slow = suspended("slow");
  const auto bus = fresh();
  add(bus, "one");
  requests open;
  EXPECT_EQ(kin::try_receive_response(open, 0ms).error(), kin::no_request);
  kin::send_request(slow, ask_for("slow"), 1, open);
  kin::send_request(bus, ask_for("one"), 2, open);
  kin::send_request(bus, ask_for("nobody"), 3, open);
  kin::send_request(events, ask_for("one"), 4, open);
  EXPECT_EQ(open.size(), 4U);
  std::vector<std::string> came;
  for (int i = 0; i < 3; ++i) {
    auto [response, label] = kin::receive_response(open);
    came.push_back(std::to_string(label) + ' ' +
                   (response ? *response : kin::to_string(response.error())));
  }
  EXPECT_THAT(came, testing::UnorderedElementsAre("2 one", "3 bad_module", "4 noproc"));
  EXPECT_EQ(kin::try_receive_response(open, kin::clock::now()).error(), kin::timed_out);
  EXPECT_EQ(open.size(), 1U);
  kin::sys::resume(slow);
  end(slow);
  EXPECT_EQ(kin::try_receive_response(open, 0ms).error(), kin::timed_out) << "it was abandoned";
  end(bus);
}

// When the time is up they stay open; one that was taken may be kept.
KIN_TEST(gen_event, send_request_wait_reqid_collection) {
  const auto slow = suspended("slow");
  requests open;
  EXPECT_EQ(kin::try_wait_response(open, 0ms).error(), kin::no_request);
  kin::send_request(slow, ask_for("slow"), 1, open);
  kin::send_request(slow, ask_for("nobody"), 2, open);
  EXPECT_EQ(kin::try_wait_response(open, 1ms).error(), kin::timed_out);
  EXPECT_EQ(kin::try_wait_response(open, kin::clock::now()).error(), kin::timed_out);
  kin::sys::resume(slow);
  const auto first = kin::wait_response(open, kin::infinity, kin::when_taken::keep);
  EXPECT_EQ(first.label, 1);
  EXPECT_EQ(*first.response, "slow");
  EXPECT_EQ(open.size(), 2U);
  const auto second = kin::wait_response(open);
  EXPECT_EQ(second.label, 2);
  EXPECT_EQ(second.response.error(), kin::bad_module);
  EXPECT_EQ(open.size(), 1U);
  end(slow);
}

// A response that a receive has taken is found in its collection, and in no other.
KIN_TEST(gen_event, send_request_check_reqid_collection) {
  const auto bus = fresh();
  add(bus, "one");
  requests open;
  requests others;
  kin::send_request(bus, ask_for("one"), 1, open);
  auto got = test::expect<kin::response>();
  EXPECT_EQ(kin::check_response(got, others).error(), kin::no_request);
  kin::send_request(bus, ask_for("nobody"), 2, others);
  EXPECT_EQ(kin::check_response(got, others).error(), kin::no_reply);
  EXPECT_EQ(*kin::check_response(got, open)->response, "one");
  EXPECT_EQ(open.size(), 0U);
  auto next = test::expect<kin::response>();
  const auto in_vain = kin::check_response(next, others, kin::when_taken::keep);
  EXPECT_EQ(in_vain->label, 2);
  EXPECT_EQ(in_vain->response.error(), kin::bad_module);
  EXPECT_EQ(others.size(), 1U);
  end(bus);
}

}  // namespace
