// SPDX-License-Identifier: Apache-2.0
// Event managers: what C++ adds to OTP's cases, and what happens when processes end. otp-semantics 5.
#include <kin/gen_event.hpp>
#include <kin/gtest.hpp>
#include <kin/info.hpp>
#include <kin/machine.hpp>
#include <kin/supervisor.hpp>
#include <kin/sys.hpp>

#include "support/dummy_handler.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using kin::handler_end;
using kin::handler_exited;
using kin::handler_id;
using test::act;
using test::dummy;
using test::ended;
using test::heard;
using test::manager;
using test::number;
using test::to_do;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using cause = handler_end::cause;

handler_id id_of(std::string id = {}) { return handler_id::of<dummy>(std::move(id)); }

// ---- events -------------------------------------------------------------------------------------

struct parcel {
  std::vector<std::string> things;
};
struct rumour {};
using post = kin::gen_event<parcel, rumour>;

// Takes parcels, and spoils the copy it is given.
class taker {
 public:
  explicit taker(kin::pid test) : test_(test) {}
  void handle_event(parcel p) {
    kin::send(test_, number{static_cast<int>(p.things.size())});
    p.things.clear();
  }

 private:
  kin::pid test_;
};

KIN_TEST(event, goes_whole_to_each_handler_that_takes_it_and_past_the_others) {
  const auto office = kin::start<post>();
  kin::add_handler<taker>(office, kin::self());
  kin::add_handler<taker>(office, kin::self());
  kin::sync_notify(office, rumour{});
  EXPECT_THAT(kin::which_handlers(office), SizeIs(2));
  kin::notify(office, parcel{{"a book", "a lamp"}});
  EXPECT_EQ(test::expect<number>(), number{2});
  EXPECT_EQ(test::expect<number>(), number{2});
  kin::stop(office);
}

// Waits in the middle of an event until it is told a number.
class ponderer {
 public:
  explicit ponderer(kin::pid test) : test_(test) {}
  void handle_event(const word& w) {
    kin::send(test_, heard{"ponderer", w.text});
    test::expect<number>(1h);
  }

 private:
  kin::pid test_;
};

KIN_TEST(event, that_a_handler_waits_in_keeps_the_next_ones_waiting) {
  const auto bus = kin::start<manager>();
  kin::add_handler<dummy>(bus, kin::self(), "older");
  kin::add_handler<ponderer>(bus, kin::self());
  kin::notify(bus, word{"first"});
  kin::notify(bus, word{"second"});
  EXPECT_EQ(test::expect<heard>(), (heard{"ponderer", "first"}));
  test::expect_nothing();
  kin::send(bus.pid, number{1});
  EXPECT_EQ(test::expect<heard>(), (heard{"older", "first"}));
  EXPECT_EQ(test::expect<heard>(), (heard{"ponderer", "second"}));
  kin::send(bus.pid, number{2});
  EXPECT_EQ(test::expect<heard>(), (heard{"older", "second"}));
  kin::stop(bus);
  EXPECT_EQ(test::expect<ended>().who, "older");
}

// ---- plain messages -----------------------------------------------------------------------------

struct only_moved {
  std::unique_ptr<int> value;
};

class hearer {
 public:
  explicit hearer(kin::pid test) : test_(test) {}
  auto handle_info() {
    return kin::clauses{
        [this](std::string s) { kin::send(test_, word{std::move(s)}); },
        [this](const only_moved& m) { kin::send(test_, number{*m.value}); },
        [this](const kin::message& m) { kin::send(test_, word{"a " + kin::type_name(m.type())}); }};
  }

 private:
  kin::pid test_;
};

KIN_TEST(handle_info, gives_each_handler_the_whole_message) {
  const auto office = kin::start<post>();
  kin::add_handler<hearer>(office, kin::self());
  kin::add_handler<hearer>(office, kin::self());
  const std::string long_text(100, 'x');
  kin::send(office.pid, long_text);
  kin::send(office.pid, only_moved{std::make_unique<int>(7)});
  kin::send(office.pid, 1.5);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(test::expect<word>(), word{long_text});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(test::expect<number>(), number{7});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(test::expect<word>(), word{"a double"});
  kin::stop(office);
}

// ---- calls --------------------------------------------------------------------------------------

struct take_out {};
struct put_in {
  std::unique_ptr<int> value;
};
struct take_and_leave {};

class safe {
 public:
  void handle_call(put_in p) { value_ = std::move(p.value); }
  std::unique_ptr<int> handle_call(take_out /*request*/) { return std::move(value_); }
  kin::handled handle_call(take_and_leave /*request*/) { return kin::remove_handler; }

 private:
  std::unique_ptr<int> value_;
};

KIN_TEST(call, of_a_handler_carries_what_can_only_be_moved_and_may_answer_nothing) {
  const auto office = kin::start<post>();
  kin::add_handler<safe>(office);
  kin::call<safe>(office, put_in{std::make_unique<int>(5)});
  EXPECT_EQ(*kin::call<safe>(office, take_out{}), 5);
  EXPECT_TRUE(kin::try_call<safe>(office, take_and_leave{}));
  EXPECT_EQ(kin::try_call<safe>(office, take_out{}).error(), kin::bad_module);
  kin::stop(office);
}

KIN_TEST(call, that_makes_a_handler_leave_is_answered_when_it_is_gone) {
  const auto bus = kin::start<manager>();
  kin::add_handler<dummy>(bus, kin::self(), "one");
  EXPECT_EQ(kin::call<dummy>(bus, test::ask_act{{"one", to_do::leave}}), "one");
  EXPECT_THAT(test::drained(), SizeIs(1)) << "the handler's last word comes before the answer";
  kin::stop(bus);
}

KIN_TEST(call, of_a_manager_that_is_killed_fails_with_its_end_and_runs_no_terminate) {
  const auto bus = kin::start<manager>();
  const kin::pid me = kin::self();
  kin::add_handler<dummy>(bus, me, "one");
  const kin::pid caller = kin::spawn([bus, me] {
    kin::send(me, kin::try_call<dummy>(bus, test::ask_in_vain{}, kin::infinity).error());
  });
  const kin::ref watch = kin::monitor(caller);
  EXPECT_EQ(test::expect<heard>(), (heard{"one", "waits"}));
  kin::exit(bus.pid, kin::kill);
  EXPECT_EQ(test::expect<kin::exit_reason>(), kin::killed);
  test::expect_down(watch);
  test::expect_nothing();
}

KIN_THREAD_TEST(thread, notifies_asks_adds_and_deletes) {
  const auto bus = kin::start<manager>();
  const kin::pid me = kin::self();
  kin::blocking([bus, me] {
    std::thread([bus, me] {
      kin::add_handler<dummy>(bus, {.id = "theirs"}, me, "theirs");
      kin::notify(bus, word{"one"});
      kin::sync_notify(bus, word{"two"});
      EXPECT_EQ(kin::call(bus, kin::to_handler<dummy>(test::ask_name{}, "theirs")), "theirs");
      EXPECT_EQ(kin::delete_handler<dummy>(bus, {.id = "theirs"}), "last word of theirs");
      EXPECT_EQ(kin::try_add_sup_handler<dummy>(bus, me, "told").error(), kin::badarg);
    }).join();
  });
  EXPECT_EQ(test::expect<heard>(), (heard{"theirs", "one"}));
  EXPECT_EQ(test::expect<heard>(), (heard{"theirs", "two"}));
  EXPECT_EQ(test::expect<heard>(), (heard{"theirs", "\"another\""}));
  EXPECT_EQ(test::expect<ended>().who, "theirs");
  kin::stop(bus);
}

// ---- coming and going ---------------------------------------------------------------------------

KIN_TEST(handler, of_the_same_id_is_found_before_the_older_ones) {
  const auto bus = kin::start<manager>();
  kin::add_handler<dummy>(bus, kin::self(), "older");
  kin::add_handler<dummy>(bus, kin::self(), "newer");
  EXPECT_EQ(kin::delete_handler<dummy>(bus), "last word of newer");
  EXPECT_EQ(kin::delete_handler<dummy>(bus), "last word of older");
  EXPECT_EQ(kin::try_delete_handler<dummy>(bus).error(), kin::module_not_found);
  test::expect<ended>();
  test::expect<ended>();
  kin::stop(bus);
}

struct declines {
  kin::handled init() { return kin::remove_handler; }
};
struct confused {
  kin::handled init() { return kin::swap_to<declines, post>(*this); }
};
struct stray {
  kin::handled handle_event(const word& /*w*/) { return kin::swap_to<declines, post>(*this); }
};

KIN_TEST(handler, is_refused_by_an_init_that_says_anything_else_than_how_to_go_on) {
  const auto office = kin::start<post>();
  EXPECT_EQ(kin::try_add_handler<declines>(office).error(), kin::exit_reason(kin::remove_handler));
  EXPECT_EQ(kin::try_add_handler<confused>(office).error(), kin::badarg);
  EXPECT_THAT(kin::which_handlers(office), IsEmpty());
  kin::stop(office);
}

KIN_TEST(handler, that_gives_its_place_to_one_of_another_manager_has_failed) {
  const auto bus = kin::start<manager>();
  kin::add_sup_handler<stray>(bus);
  kin::sync_notify(bus, word{"now"});
  EXPECT_EQ(test::expect<handler_exited>().reason,
            kin::exit_reason(kin::handler_failed{kin::badarg}));
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());
  kin::stop(bus);
}

// Has no constructor that takes a last word.
class deaf {
 public:
  explicit deaf(int number) : number_(number) {}
  int handle_call(test::ask_name /*request*/) const { return number_; }

 private:
  int number_;
};

KIN_TEST(swap, hands_nothing_on_to_who_does_not_ask) {
  const auto bus = kin::start<manager>();
  kin::add_handler<dummy>(bus, kin::self(), "one");
  kin::swap_handler<dummy, deaf>(bus, 7);
  EXPECT_EQ(kin::call<deaf>(bus, test::ask_name{}), 7);
  EXPECT_EQ(test::expect<ended>(), (ended{"one", {cause::swapped, kin::normal}}));
  kin::stop(bus);
}

struct says_number {
  int terminate(const handler_end& /*how*/) { return 5; }
};
struct says_nothing {};
struct fails_to_say {
  int terminate(const handler_end& /*how*/) { throw std::runtime_error("no"); }
};
class heir {
 public:
  explicit heir(kin::result<int> last) : text_(last ? std::to_string(*last) : "failed") {
    if (!last && !test::has_failed(last.error())) text_ = kin::to_string(last.error());
  }
  explicit heir(kin::result<void> last) : text_(last ? "nothing" : "failed") {}
  std::string handle_call(test::ask_name /*request*/) const { return text_; }

 private:
  std::string text_;
};

KIN_TEST(swap, hands_on_what_terminate_returned_as_the_type_it_has) {
  const auto bus = kin::start<manager>();
  const auto inherits = [&] {
    std::string got = kin::call<heir>(bus, test::ask_name{});
    kin::delete_handler<heir>(bus);
    return got;
  };
  kin::add_handler<says_number>(bus);
  kin::swap_handler<says_number, heir>(bus);
  EXPECT_EQ(inherits(), "5");
  kin::swap_handler<says_number, heir>(bus);
  EXPECT_EQ(inherits(), "module_not_found");
  kin::add_handler<fails_to_say>(bus);
  kin::swap_handler<fails_to_say, heir>(bus);
  EXPECT_EQ(inherits(), "failed");
  kin::add_handler<says_nothing>(bus);
  kin::swap_handler<says_nothing, heir>(bus);
  EXPECT_EQ(inherits(), "nothing");
  kin::stop(bus);
}

// Holds something that others can have only when it is gone.
class holder {
 public:
  explicit holder(kin::pid test) : test_(test) {}
  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;
  ~holder() { kin::send(test_, word{"let go"}); }
  void handle_event(const word& /*w*/) { throw std::runtime_error("no"); }

 private:
  kin::pid test_;
};

KIN_TEST(subscriber, hears_of_an_end_when_what_the_handler_held_is_free) {
  const auto bus = kin::start<manager>();
  kin::add_sup_handler<holder>(bus, kin::self());
  kin::sync_notify(bus, word{"now"});
  const auto mail = test::drained();
  ASSERT_EQ(mail.size(), 2U);
  EXPECT_EQ(mail[0], "let go");
  EXPECT_THAT(mail[1], HasSubstr("gen_event_EXIT"));
  kin::stop(bus);
}

KIN_TEST(subscriber, whose_mailbox_is_full_hears_all_the_same) {
  const auto bus = kin::start<manager>();
  const kin::pid me = kin::self();
  const auto subscriber = kin::spawn(
      [bus, me] {
        kin::add_sup_handler<dummy>(bus, me, "one");
        kin::send(kin::self(), word{"fills it"});
        EXPECT_EQ(kin::delete_handler<dummy>(bus), "last word of one");
        EXPECT_EQ(test::expect<handler_exited>().reason, kin::normal);
      },
      {.monitor = true, .mailbox = {.limit = 1}});
  EXPECT_EQ(test::expect_down(subscriber.ref).reason, kin::normal);
  test::expect<ended>();
  kin::stop(bus);
}

KIN_TEST(subscriber, that_ends_before_its_handler_is_there_takes_it_along) {
  const auto bus = kin::start<manager>();
  const kin::pid me = kin::self();
  const kin::pid subscriber = kin::spawn([bus, me] {
    static_cast<void>(kin::try_add_sup_handler<dummy>(bus, me, "one"));
    kin::sleep(1h);
  });
  kin::exit(subscriber, kin::kill);
  test::await_exit(subscriber);
  while (!kin::which_handlers(bus).empty()) kin::yield();
  kin::stop(bus);
  static_cast<void>(test::drained());  // it came and went, or never came
}

KIN_TEST(subscriber, that_is_the_parent_stays_linked_when_the_manager_ends) {
  const auto parent = kin::spawn_monitor([] {
    const auto bus = kin::start_link<manager>();
    kin::add_sup_handler<dummy>(bus, kin::self(), "one");
    static_cast<void>(kin::try_stop(bus, "a bad end"));
    kin::sleep(1h);
  });
  EXPECT_EQ(test::expect_down(parent.ref).reason, "a bad end");
}

KIN_TEST(subscriber, of_a_manager_that_is_killed_dies_of_the_link) {
  const auto bus = kin::start<manager>();
  const kin::pid me = kin::self();
  const auto subscriber = kin::spawn_monitor([bus, me] {
    kin::add_sup_handler<dummy>(bus, me, "one");
    kin::send(me, word{"subscribed"});
    kin::sleep(1h);
  });
  test::expect<word>();
  kin::exit(bus.pid, kin::kill);
  EXPECT_EQ(test::expect_down(subscriber.ref).reason, kin::killed);
}

// ---- the end of a manager -----------------------------------------------------------------------

struct bad_loser {
  void terminate(const handler_end& /*how*/) { throw std::runtime_error("no"); }
};

KIN_TEST(stop, reaches_all_handlers_newest_first_whatever_one_of_them_does) {
  const auto bus = kin::start<manager>();
  kin::add_handler<dummy>(bus, kin::self(), "oldest");
  kin::add_handler<bad_loser>(bus);
  kin::add_handler<dummy>(bus, kin::self(), "newest");
  kin::stop(bus, kin::shutdown);
  EXPECT_EQ(test::expect<ended>(), (ended{"newest", {cause::stopped, kin::shutdown}}));
  EXPECT_EQ(test::expect<ended>(), (ended{"oldest", {cause::stopped, kin::shutdown}}));
}

KIN_TEST(child, is_restarted_without_its_handlers_and_shut_down_with_a_last_word) {
  static constexpr kin::name<manager> bus{"bus"};
  const auto tree = kin::start_link(kin::supervisor{{}, kin::child<manager>({.name = bus})});
  EXPECT_EQ(kin::which_children(tree).front().id, "bus");
  kin::add_handler<dummy>(bus, kin::self(), "one");
  const kin::pid first = *kin::whereis(bus);
  kin::exit(first, kin::kill);
  while (kin::whereis(bus).value_or(first) == first) kin::yield();
  EXPECT_THAT(kin::which_handlers(bus), IsEmpty());
  kin::add_handler<dummy>(bus, kin::self(), "two");
  kin::stop(tree);
  EXPECT_EQ(test::expect<ended>(), (ended{"two", {cause::stopped, kin::shutdown}}));
}

// ---- sys ----------------------------------------------------------------------------------------

KIN_TEST(suspended, manager_serves_what_has_waited_in_its_order) {
  const auto bus = kin::start<manager>();
  kin::add_handler<dummy>(bus, kin::self(), "one");
  kin::sys::suspend(bus);
  kin::notify(bus, word{"first"});
  kin::notify(bus, word{"second"});
  EXPECT_EQ(kin::sys::get_status(bus).state, "[{kin::test::dummy, \"a dummy called one\"}]");
  test::expect_nothing();
  kin::sys::resume(bus);
  EXPECT_EQ(test::expect<heard>(), (heard{"one", "first"}));
  EXPECT_EQ(test::expect<heard>(), (heard{"one", "second"}));
  kin::stop(bus);
  test::expect<ended>();
}

KIN_TEST(log, of_a_manager_shows_events_and_what_is_asked_of_it) {
  const auto bus = kin::start<manager>();
  kin::sys::log(bus, 20);
  kin::notify(bus, word{"hello"});
  kin::sync_notify(bus, word{"again"});
  kin::add_handler<dummy>(bus, {.id = "disk"}, kin::self(), "disk");
  kin::call(bus, kin::to_handler<dummy>(test::ask_name{}, "disk"));
  kin::swap_handler<dummy, deaf>(bus, {.old_id = "disk"}, 1);
  kin::delete_handler<deaf>(bus);
  kin::which_handlers(bus);
  std::vector<std::string> seen;
  for (const auto& e : kin::sys::get_log(bus)) {
    if (e.what == kin::sys::event::kind::call || e.what == kin::sys::event::kind::cast)
      seen.push_back(e.text);
  }
  const std::string disk = "{kin::test::dummy, disk}";
  const std::string name = kin::to_string(handler_id::of<deaf>());
  EXPECT_THAT(seen, ElementsAre("hello", "again", "add_handler " + disk,
                                disk + ' ' + kin::to_string(test::ask_name{}),
                                "swap_handler " + disk + " by " + name, "delete_handler " + name,
                                "which_handlers"));
  kin::stop(bus);
  static_cast<void>(test::drained());
}

// ---- what people read ---------------------------------------------------------------------------

TEST(handler_end, prints_as_the_argument_of_terminate_in_erlang) {
  EXPECT_EQ(kin::to_string(handler_end{cause::deleted, "why"}), "\"why\"");
  EXPECT_EQ(kin::to_string(handler_end{cause::swapped, "why"}), "\"why\"");
  EXPECT_EQ(kin::to_string(handler_end{cause::removed, {}}), "remove_handler");
  EXPECT_EQ(kin::to_string(handler_end{cause::stopped, "why"}), "stop");
  EXPECT_EQ(kin::to_string(handler_end{cause::subscriber_ended, "why"}), "{stop, \"why\"}");
  EXPECT_EQ(kin::to_string(handler_end{cause::failed, "why"}), "{error, \"why\"}");
}

TEST(handler_exited, prints_as_the_message_in_erlang) {
  EXPECT_EQ(kin::to_string(handler_exited{
                {}, id_of("disk"), kin::exit_reason(kin::handler_failed{kin::shutdown})}),
            "{gen_event_EXIT, {kin::test::dummy, disk}, {EXIT, shutdown}}");
  EXPECT_EQ(kin::to_string(kin::handler_swapped{id_of(), {}}),
            "{swapped, kin::test::dummy, " + kin::to_string(kin::pid{}) + "}");
  EXPECT_NE(id_of(), handler_id());
  EXPECT_NE(id_of("one"), id_of("two"));
}

}  // namespace
