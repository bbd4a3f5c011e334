// SPDX-License-Identifier: Apache-2.0
// gen_server: how it starts, what it hears, how it ends. otp-semantics 3.1 to 3.4 and 3.8.
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>

#include "behaviours/counter.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using namespace kin::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- start --------------------------------------------------------------------------------------

// Starts as it is told.
class starter : public kin::gen_server {
 public:
  using how = std::function<kin::next()>;
  explicit starter(how init) : init_(std::move(init)) {}
  kin::next init() { return init_(); }
  bool handle_call(get /*request*/) { return true; }

 private:
  how init_;
};
constexpr kin::name<starter> only{"only"};

KIN_TEST(start, registers_the_name_before_the_constructor_runs, {.leaves_processes = true}) {
  class looks : public kin::gen_server {
   public:
    explicit looks(kin::pid test) {
      kin::send(test, word{kin::whereis(visits) == kin::self() ? "held" : "free"});
    }
  };
  kin::start<looks>({.name = kin::name<looks>("visits")}, kin::self());
  EXPECT_EQ(test::expect<word>(), word{"held"});
}

KIN_TEST(start, is_refused_when_the_name_is_taken) {
  kin::trap_exits();
  auto first = kin::start_link<counter>({.name = visits}, kin::self());
  EXPECT_TRUE(kin::try_start_link<counter>({.name = visits}, kin::self())
                  .error()
                  .is(kin::already_started{first}));
  EXPECT_THROW(kin::start_link<counter>({.name = visits}, kin::self()), kin::error);
  EXPECT_THAT(test::drained(), IsEmpty());
  EXPECT_EQ(kin::call(visits, add{1}), 1);
}

KIN_TEST(start, gives_what_the_constructor_threw) {
  auto failed = kin::try_start_link<starter>([]() -> kin::next { throw std::domain_error("no"); });
  ASSERT_NE(failed.error().get_if<std::domain_error>(), nullptr);
  EXPECT_EQ(kin::try_start_link<starter>([]() -> kin::next { kin::exit(oops{1}); }).error(), bad);
}

KIN_TEST(start, that_fails_is_heard_over_the_link_unless_it_is_tried) {
  kin::trap_exits();
  const auto fails = [] { return kin::stop(oops{1}); };
  EXPECT_EQ(kin::try_start_link<starter>(fails).error(), bad);
  EXPECT_THAT(test::drained(), IsEmpty());

  EXPECT_THROW(kin::start_link<starter>(fails), kin::error);
  EXPECT_EQ(test::expect<kin::exited>().reason, bad);
}

KIN_TEST(start, that_fails_ends_a_linked_starter_that_does_not_trap) {
  const auto starter_process = kin::spawn_monitor([] {
    try {
      kin::start_link<starter>([] { return kin::stop(oops{1}); });
    } catch (const kin::error&) {
      test::idle();
    }
  });
  EXPECT_EQ(test::expect_down(starter_process.ref).reason, bad);
}

KIN_TEST(start, can_be_ignored_and_that_is_no_end_to_report) {
  auto ignored = kin::try_start_link<starter>({.name = only}, [] { return kin::ignore(); });
  EXPECT_EQ(ignored.error(), kin::ignored);
  EXPECT_FALSE(kin::whereis(only));
  EXPECT_THAT(test::reports(), IsEmpty());
}

KIN_TEST(start, that_failed_has_given_the_name_back) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(
        kin::try_start_link<starter>({.name = only}, [] { return kin::stop(oops{1}); }).error(),
        bad);
  }
  EXPECT_TRUE(kin::try_start_link<starter>({.name = only}, [] { return kin::next(); }));
}

KIN_TEST(start, that_takes_too_long_is_killed) {
  kin::trap_exits();
  const kin::pid me = kin::self();
  auto late = kin::try_start_link<starter>({.timeout = 1ms}, [me] {
    kin::send(me, kin::self());
    test::idle();
    return kin::next();
  });
  EXPECT_EQ(late.error(), kin::timed_out);
  const auto reason = test::await_exit(test::expect<kin::pid>());
  EXPECT_TRUE(reason == kin::killed || reason == kin::noproc) << reason;
  EXPECT_THAT(test::drained(), IsEmpty());
}

TEST(start, gives_the_key_of_a_registry_before_the_constructor_runs) {
  kin::registry<int, starter> starters;
  test::play([&] {
    const auto started = kin::start<starter>({.name = starters[42]}, [&] {
      EXPECT_EQ(kin::whereis(starters[42]), kin::self());
      return kin::next();
    });
    EXPECT_EQ(kin::whereis(starters[42]), started.pid);
    EXPECT_TRUE(kin::call(starters[42], get{}));
    EXPECT_EQ(kin::try_start<starter>({.name = starters[42]}, [] { return kin::next(); }).error(),
              kin::exit_reason(kin::already_started{started}));
    kin::stop(starters[42]);
    EXPECT_EQ(kin::try_call(starters[42], get{}).error(), kin::noproc);
    EXPECT_EQ(kin::try_stop(starters[42]).error(), kin::noproc);
  });
}

TEST(start, that_failed_or_was_ignored_has_given_the_key_back) {
  kin::registry<int, starter> starters;
  test::play([&] {
    kin::trap_exits();
    for (int i = 0; i < test::times(300); ++i) {
      const auto bad_start =
          kin::try_start_link<starter>({.name = starters[1]}, [i]() -> kin::next {
            if (i % 3 == 0) return kin::ignore();
            if (i % 3 == 1) return kin::stop(bad);
            throw std::runtime_error("no");
          });
      ASSERT_FALSE(bad_start);
      ASSERT_EQ(kin::whereis(starters[1]), std::nullopt);
    }
  });
}

TEST(cast, to_a_key_that_nobody_holds_is_no_error) {
  kin::registry<int, counter> counters;
  test::play(
      [&] {
        kin::cast(counters[1], add{1});
        kin::start<counter>({.name = counters[1]}, kin::self());
        kin::cast(counters[1], add{1});
        EXPECT_EQ(kin::call(counters[1], get{}), 1);
      },
      {.leaves_processes = true});
}

KIN_TEST(start, gives_the_server_its_priority, {.leaves_processes = true}) {
  const auto urgent = kin::start<counter>({.priority = kin::priority::high}, kin::self());
  EXPECT_EQ(kin::info(urgent)->priority, kin::priority::high);
  EXPECT_EQ(kin::info(fresh())->priority, kin::priority::normal);
}

KIN_TEST(start, with_a_priority_that_does_not_exist_is_an_error) {
  try {
    kin::start<counter>({.priority = {7}}, kin::self());
    ADD_FAILURE() << "it started";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::badarg);
  }
}

KIN_TEST(start, bounds_the_servers_mailbox, {.leaves_processes = true}) {
  const auto c = kin::start<counter>(
      {.name = visits, .mailbox = {.limit = 2, .when_full = kin::when_full::drop_newest}},
      kin::self());
  kin::suspend(c);
  for (int i = 0; i < 5; ++i) kin::cast(visits, add{1});
  EXPECT_EQ(kin::try_call(c, get{}).error(), kin::dropped);
  kin::resume(c);
  while (kin::info(c)->message_queue_len != 0) kin::yield();
  EXPECT_EQ(kin::call(visits, get{}), 2);
  EXPECT_EQ(kin::info(c)->dropped, 4U);
}

KIN_TEST(start, goes_on_in_a_continuation_before_any_message, {.leaves_processes = true}) {
  class continues : public kin::gen_server {
   public:
    explicit continues(kin::pid test) : test_(test) {}
    kin::next init() {
      kin::cast(kin::server<continues>{kin::self()}, say{{"message"}});
      return kin::continue_with([this] {
        kin::send(test_, word{"first"});
        return kin::continue_with([this] { kin::send(test_, word{"second"}); });
      });
    }
    void handle_cast(const say& s) { kin::send(test_, s.text); }
    kin::replies<int> handle_call(get /*request*/) {
      return {1, kin::continue_with([this] { kin::send(test_, word{"after the reply"}); })};
    }

   private:
    kin::pid test_;
  };
  auto c = kin::start<continues>(kin::self());
  for (const char* text : {"first", "second", "message"})
    EXPECT_EQ(test::expect<word>(), word{text});
  kin::call(c, get{});
  EXPECT_EQ(test::expect<word>(), word{"after the reply"});
}

// ---- info and time ------------------------------------------------------------------------------

class listener : public kin::gen_server {
 public:
  explicit listener(kin::pid test) : test_(test) { kin::trap_exits(); }
  auto handle_info() {
    return kin::clauses{
        kin::when([](number n) { return n.value > 9; }, [this](number) { hear("big"); }),
        [this](number n) { hear(std::to_string(n.value)); },
        [this](const kin::exited& e) { hear(kin::to_string(e.reason)); },
        [](const oops& o) { return kin::timeout{std::chrono::milliseconds(o.number)}; },
        [this](kin::timeout) { hear("timeout"); },
        [](const kin::exit_reason& why) { return kin::stop(why); }};
  }
  int handle_call(get /*request*/) { return 1; }

 private:
  void hear(const std::string& text) { kin::send(test_, word{text}); }
  kin::pid test_;
};

KIN_TEST(handle_info, takes_the_first_clause_that_fits, {.leaves_processes = true}) {
  auto l = kin::start<listener>(kin::self());
  kin::send(l, number{10});
  kin::send(l, number{9});
  EXPECT_EQ(test::expect<word>(), word{"big"});
  EXPECT_EQ(test::expect<word>(), word{"9"});
}

KIN_TEST(handle_info, warns_of_what_no_clause_takes_and_lives, {.leaves_processes = true}) {
  auto l = kin::start<listener>(kin::self());
  auto c = fresh();  // has no handle_info at all
  kin::send(l, word{"?"});
  kin::send(c, word{"?"});
  EXPECT_EQ(kin::call(l, get{}), 1);
  EXPECT_EQ(kin::call(c, get{}), 0);
  ASSERT_EQ(test::reports().size(), 2U);
  for (const test::told& t : test::reports()) {
    EXPECT_EQ(t.severity, kin::severity::warning);
    EXPECT_THAT(t.text, HasSubstr("word ?"));
  }
}

KIN_TEST(handle_info, can_take_anything, {.leaves_processes = true}) {
  class takes_all : public kin::gen_server {
   public:
    explicit takes_all(kin::pid test) : test_(test) {}
    auto handle_info() {
      return kin::clauses{[this](kin::message m) { kin::send(test_, std::move(m)); }};
    }

   private:
    kin::pid test_;
  };
  auto t = kin::start<takes_all>(kin::self());
  kin::send(t, std::make_unique<int>(5));
  EXPECT_EQ(*test::expect<std::unique_ptr<int>>(), 5);
}

KIN_TEST(handle_info, hears_exits_of_all_but_the_parent) {
  auto l = kin::start_link<listener>(kin::self());
  kin::spawn([l] { kin::exit(l, oops{3}); });
  EXPECT_THAT(test::expect<word>().text, HasSubstr("oops"));
}

KIN_TEST(handle_info, may_stop_the_server) {
  auto l = kin::start<listener>(kin::self());
  const kin::ref watch = kin::monitor(l);
  kin::send(l, bad);
  EXPECT_EQ(test::expect_down(watch).reason, bad);
}

KIN_TEST(timeout, comes_when_nothing_does, {.leaves_processes = true}) {
  auto l = kin::start<listener>(kin::self());
  kin::send(l, oops{1});
  EXPECT_EQ(test::expect<word>(), word{"timeout"});
}

KIN_TEST(timeout, is_cancelled_by_any_message, {.leaves_processes = true}) {
  auto l = kin::start<listener>(kin::self());
  kin::send(l, oops{20});
  EXPECT_EQ(kin::call(l, get{}), 1);
  kin::sleep(40ms);  // longer than the time that no longer counts
  EXPECT_EQ(kin::call(l, get{}), 1);
  EXPECT_THAT(test::drained(), IsEmpty());
}

TEST(timeout, of_zero_is_beaten_by_a_message_that_is_there) {
  test::run({.workers = 1}, [] {  // both are there before the server runs
    auto l = kin::start<listener>(kin::self());
    kin::send(l, oops{0});
    kin::send(l, number{1});
    kin::call(l, get{});
    EXPECT_THAT(test::drained(), ElementsAre("1"));
  });
}

// ---- the end ------------------------------------------------------------------------------------

KIN_TEST(stop, runs_terminate_and_then_sends_the_reply) {
  auto c = fresh();
  const kin::ref watch = kin::monitor(c);

  EXPECT_EQ(kin::call(c, end_and_reply{bad}), "bye");

  // What terminate sent is here already.
  bool here = false;
  kin::receive([&](const ended& e) { here = e == ended{bad}; }, kin::after(0s, [] {}));
  EXPECT_TRUE(here);
  EXPECT_EQ(test::expect_down(watch).reason, bad);
}

KIN_TEST(stop, from_outside_waits_for_the_end) {
  auto c = kin::start<counter>({.name = visits}, kin::self());
  kin::stop(visits);
  EXPECT_EQ(test::expect<ended>(), ended{kin::normal});
  EXPECT_FALSE(kin::is_alive(c));
  EXPECT_EQ(kin::try_stop(c).error(), kin::noproc);
  EXPECT_EQ(kin::try_stop(visits).error(), kin::noproc);
}

KIN_TEST(stop, from_outside_gets_into_a_full_mailbox) {
  const auto c = kin::start<counter>(
      {.mailbox = {.limit = 2, .when_full = kin::when_full::drop_newest}}, kin::self());
  kin::suspend(c);
  for (int i = 0; i < 3; ++i) kin::cast(c, add{1});
  const auto stopper = kin::spawn_monitor([c] { kin::stop(c); });
  while (kin::info(c)->message_queue_len < 3) kin::yield();
  kin::resume(c);
  EXPECT_EQ(test::expect_down(stopper.ref).reason, kin::normal);
  EXPECT_EQ(test::expect<ended>(), ended{kin::normal});
}

KIN_TEST(stop, from_outside_gives_its_reason) {
  auto c = fresh();
  const kin::ref watch = kin::monitor(c);
  kin::stop(c, oops{1});
  EXPECT_EQ(test::expect<ended>(), ended{bad});
  EXPECT_EQ(test::expect_down(watch).reason, bad);
}

KIN_TEST(terminate, is_called_after_a_crash_with_its_reason) {
  auto c = fresh();
  kin::cast(c, fail{});
  EXPECT_NE(test::expect<ended>().why.get_if<std::out_of_range>(), nullptr);
}

KIN_TEST(terminate, is_called_when_a_trapping_servers_parent_ends) {
  const kin::pid me = kin::self();
  const kin::pid above = kin::spawn([me] {
    kin::start_link<counter>(me, true);
    kin::send(me, word{"started"});
    test::idle();
    kin::exit(oops{1});
  });
  test::expect<word>();
  kin::send(above, word{"end"});
  EXPECT_EQ(test::expect<ended>(), ended{bad});
}

KIN_TEST(terminate, is_called_with_normal_when_a_trapping_servers_parent_ends_so) {
  const kin::pid me = kin::self();
  kin::spawn([me] { kin::start_link<counter>(me, true); });
  EXPECT_EQ(test::expect<ended>(), ended{kin::normal});
}

KIN_TEST(terminate, is_not_called_when_a_signal_ends_the_server) {
  auto killed = kin::start<counter>(kin::self(), true);
  auto shut_down = fresh();
  kin::exit(killed, kin::kill);
  kin::exit(shut_down, kin::shutdown);
  test::await_exit(killed);
  test::await_exit(shut_down);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(terminate, is_not_called_when_init_fails) {
  class fails : public kin::gen_server {
   public:
    explicit fails(kin::pid test) : test_(test) {}
    kin::next init() { return kin::stop(oops{1}); }
    void terminate(const kin::exit_reason& why) { kin::send(test_, ended{why}); }

   private:
    kin::pid test_;
  };
  EXPECT_EQ(kin::try_start<fails>(kin::self()).error(), bad);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(terminate, that_throws_has_the_last_word) {
  class throws : public kin::gen_server {
   public:
    kin::next handle_cast(stop_now s) { return kin::stop(s.why); }
    void terminate(const kin::exit_reason& /*why*/) { throw std::logic_error("last word"); }
  };
  auto t = kin::start<throws>();
  const kin::ref watch = kin::monitor(t);
  kin::cast(t, stop_now{kin::normal});
  EXPECT_NE(test::expect_down(watch).reason.get_if<std::logic_error>(), nullptr);
}

KIN_TEST(server, that_does_not_trap_outlives_a_parent_that_ended_normal) {
  const kin::pid me = kin::self();
  const auto above = kin::spawn_monitor([me] { kin::send(me, kin::start_link<counter>(me)); });
  auto c = test::expect<kin::server<counter>>();
  test::expect_down(above.ref);
  EXPECT_EQ(kin::call(c, get{}), 0);
  kin::stop(c);
  test::expect<ended>();
}

KIN_TEST(server, that_crashed_is_reported_with_its_state_and_one_that_ended_well_is_not,
         {.leaves_messages = true}) {
  auto well = fresh();
  kin::call(well, end_and_reply{kin::shutdown(oops{1})});
  test::await_exit(well);
  EXPECT_THAT(test::reports(), IsEmpty());

  auto badly = fresh();
  kin::call(badly, add{7});
  const kin::ref watch = kin::monitor(badly);
  kin::cast(badly, fail{});
  test::expect_down(watch);
  ASSERT_EQ(test::reports().size(), 1U);
  EXPECT_EQ(test::reports()[0].title, "CRASH REPORT");
  EXPECT_THAT(test::reports()[0].text, AllOf(HasSubstr("too far"), HasSubstr("at 7")));
}

KIN_TEST(server, is_destroyed_in_its_own_process_before_its_name_is_free) {
  class tidy : public kin::gen_server {
   public:
    explicit tidy(kin::pid test) : test_(test), me_(kin::self()) {}
    tidy(const tidy&) = delete;
    tidy& operator=(const tidy&) = delete;
    ~tidy() { kin::send(test_, word{kin::self() == me_ ? "here" : "elsewhere"}); }

   private:
    kin::pid test_;
    kin::pid me_;
  };
  auto t = kin::start<tidy>({.name = kin::name<tidy>("tidy")}, kin::self());
  kin::exit(t, kin::kill);
  test::await_exit(t);
  EXPECT_EQ(test::expect<word>(), word{"here"});
  EXPECT_FALSE(kin::whereis(kin::name<tidy>("tidy")));
}

}  // namespace
