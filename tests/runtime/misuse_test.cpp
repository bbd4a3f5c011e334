// SPDX-License-Identifier: Apache-2.0
// What a user gets to read who does what cannot be done: outside a process, in destructors, below
// noexcept. protocols 16 and 17.
#include <kin/alias.hpp>
#include <kin/info.hpp>
#include <kin/run.hpp>
#include <kin/values.hpp>

#include "support/child.hpp"
#include "support/expect.hpp"

#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::outcome;
using test::word;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// ---- outside a process --------------------------------------------------------------------------

TEST(outside_a_process, what_only_a_process_can_do_says_so) {
  const kin::pid p;
  const kin::ref r;
  const std::vector<std::pair<std::string, std::function<void()>>> wrong{
      {"kin::self", [] { static_cast<void>(kin::self()); }},
      {"kin::parent", [] { static_cast<void>(kin::parent()); }},
      {"kin::exit", [] { kin::exit("no"); }},
      {"kin::receive", [] { kin::receive([](number) {}); }},
      {"kin::sleep", [] { kin::sleep(1ms); }},
      {"kin::yield", [] { kin::yield(); }},
      {"kin::checkpoint", [] { kin::checkpoint(); }},
      {"kin::link", [&] { kin::link(p); }},
      {"kin::unlink", [&] { kin::unlink(p); }},
      {"kin::monitor", [&] { static_cast<void>(kin::monitor(p)); }},
      {"kin::demonitor", [&] { kin::demonitor(r); }},
      {"kin::alias", [] { static_cast<void>(kin::alias()); }},
      {"kin::unalias", [&] { kin::unalias(r); }},
      {"kin::trap_exits", [] { kin::trap_exits(); }},
      {"kin::set_priority", [] { kin::set_priority(kin::priority::low); }},
      {"kin::suspend", [&] { kin::suspend(p); }},
      {"kin::resume", [&] { kin::resume(p); }},
      {"kin::group_leader", [] { static_cast<void>(kin::group_leader()); }},
      {"kin::put", [] { kin::put("key", 1); }},
      {"kin::get", [] { static_cast<void>(kin::get<int>("key")); }},
      {"kin::cancel_timer with async_answer", [&] { kin::cancel_timer(r, kin::async_answer); }},
      {"kin::read_timer with async_answer", [&] { kin::read_timer(r, kin::async_answer); }},
  };
  for (const auto& [name, call] : wrong) {
    try {
      call();
      ADD_FAILURE() << name << " threw nothing";
    } catch (const kin::error& e) {
      EXPECT_EQ(
          std::string(e.what()),
          "kin: " + name + " was called outside a process; a thread can send, call and spawn");
      EXPECT_EQ(e.reason(), kin::badarg);
    }
  }
}

// ---- waits in a process that ends ---------------------------------------------------------------

// Waits in all ways where it is destroyed, and tells.
struct waits_at_the_end {
  kin::pid to;
  ~waits_at_the_end() {
    kin::sleep(1h);
    kin::yield();
    kin::checkpoint();
    bool timed_out = false;
    kin::receive([](number) {}, kin::after(1h, [&] { timed_out = true; }));
    if (timed_out && !kin::is_alive(to)) kin::send(to, word{"all waits failed at once"});
  }
};

TEST(a_process_that_ends, has_waits_that_fail_at_once) {
  test::run([] {
    for (const bool is_killed : {true, false}) {
      const auto p = kin::spawn_monitor([me = kin::self(), is_killed] {
        const waits_at_the_end last{me};
        if (!is_killed) kin::exit("by itself");
        kin::send(me, word{"waits"});
        test::idle();
      });
      if (is_killed) {
        EXPECT_EQ(test::expect<word>(), word{"waits"});
        kin::exit(p.pid, kin::kill);
      }
      EXPECT_EQ(test::expect<word>(), word{"all waits failed at once"});
      test::expect_down(p.ref);
    }
  });
}

// ---- below noexcept -----------------------------------------------------------------------------

constexpr bool dies_by_signal = !test::sanitized;  // which may have its own end for it

outcome fatal(const std::function<void()>& body) {
  const kin::run_options one{.machine = {.workers = 1, .stop_limit = 2s}};
  outcome seen = test::run_child([&](int) { return kin::run(body, one); });
  EXPECT_NE(seen.code, 0);
  if (dies_by_signal) {
    EXPECT_EQ(seen.signal, SIGABRT) << seen.errors;
  }
  return seen;
}

void fails(const char* why) { throw std::runtime_error(why); }
void calls_and_promises_not_to_throw(const char* why) noexcept { fails(why); }
void waits_and_promises_not_to_throw() noexcept {
  kin::receive([](number) {});
}

TEST(a_wait_below_noexcept, of_a_process_that_is_killed_names_it) {
  const outcome seen = fatal([] {
    const kin::pid p = kin::spawn([] {
      kin::register_name(kin::name("misuse_test.careless"), kin::self());
      waits_and_promises_not_to_throw();
    });
    kin::yield();
    kin::exit(p, kin::kill);
    test::await_exit(p);
  });
  EXPECT_THAT(seen.errors,
              AllOf(HasSubstr("=FATAL===="), HasSubstr("process: <0."),
                    HasSubstr("registered as misuse_test.careless"),
                    HasSubstr("reason of its exit: killed"), HasSubstr("noexcept function"),
                    HasSubstr("Do not wait, nor call kin::exit, below one")));
}

TEST(a_wait_below_noexcept, of_a_process_that_lives_is_no_fault) {
  const kin::run_options one{.machine = {.workers = 1}};
  EXPECT_EQ(test::run_child([&](int) {
              return kin::run(
                  [] {
                    kin::send(kin::self(), number{1});
                    waits_and_promises_not_to_throw();
                  },
                  one);
            }).code,
            0);
}

struct waits_for_ever_at_the_end {
  ~waits_for_ever_at_the_end() {
    kin::receive([](number) {});
  }
};

TEST(a_wait_without_limit_in_a_destructor, of_a_process_that_ends_is_named) {
  const outcome seen = fatal([] {
    const waits_for_ever_at_the_end last;
    kin::exit("enough");
  });
  EXPECT_THAT(seen.errors,
              AllOf(HasSubstr("=FATAL===="), HasSubstr("reason of its exit: \"enough\""),
                    HasSubstr("A destructor of this process, which ends, waits without a time "
                              "limit"),
                    HasSubstr("kin::after")));
}

TEST(an_exception_below_noexcept, names_the_process_and_itself) {
  const outcome seen = fatal([] { calls_and_promises_not_to_throw("no disk"); });
  EXPECT_THAT(seen.errors, AllOf(HasSubstr("=FATAL===="), HasSubstr("std::runtime_error: no disk"),
                                 HasSubstr("have ended this process alone")));
}

TEST(an_exception_on_a_thread, is_no_matter_of_processes) {
  const outcome seen = test::run_child([](int) {
    kin::run([] {}, {.machine = {.workers = 1}});
    calls_and_promises_not_to_throw("elsewhere");
    return 0;
  });
  EXPECT_THAT(seen.errors, Not(HasSubstr("=FATAL====")));
}

}  // namespace
