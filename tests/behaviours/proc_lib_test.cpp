// SPDX-License-Identifier: Apache-2.0
// proc_lib: a start that is over when the process says so; servers that are monitored from their
// start on; processes that become servers. otp-semantics 2, 3.1 and 3.9.
#include <kin/info.hpp>
#include <kin/keyed_registry.hpp>
#include <kin/machine.hpp>
#include <kin/proc_lib.hpp>
#include <kin/sys.hpp>

#include "behaviours/counter.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace kin::literals;
using namespace kin::test;
using kin::proc_lib::starter;
using testing::HasSubstr;
using testing::IsEmpty;

namespace proc_lib = kin::proc_lib;
inline constexpr kin::name<> here{"proc_lib_test.here"};

void stay() { test::idle(); }

// ---- start --------------------------------------------------------------------------------------

KIN_TEST(start, is_over_when_the_process_says_so_and_gives_what_it_said) {
  const kin::pid me = kin::self();
  const auto child = proc_lib::start_link([me](starter<std::unique_ptr<int>> ready) {
    kin::send(me, word{"not yet"});
    kin::yield();
    ready.init_ack(std::make_unique<int>(7));
    stay();
  });
  EXPECT_EQ(*child.value, 7);
  EXPECT_EQ(test::drained().size(), 1U) << "it was over too soon";
  EXPECT_TRUE(kin::is_alive(child.pid));
  EXPECT_FALSE(child.ref);
}

KIN_TEST(start, takes_a_plain_function_and_a_duty_without_a_value) {
  struct plain {
    static void body(starter<> ready) {
      EXPECT_TRUE(ready.owed());
      EXPECT_EQ(ready.pid(), kin::parent());
      ready.init_ack();
      EXPECT_FALSE(ready.owed());
      ready.init_ack();
    }
  };
  const proc_lib::started<void> child = proc_lib::start(&plain::body);
  await_exit(child.pid);
}

// What a body may do instead of saying that it is ready.
using early_end = void (*)(starter<int>);
void returns(starter<int> /*ready*/) {}
void throws(starter<int> /*ready*/) { throw std::runtime_error("no port"); }
void exits(starter<int> /*ready*/) { kin::exit(oops{1}); }
void fails(starter<int> ready) { ready.init_fail(oops{1}); }
void fails_in_order(starter<int> ready) { ready.init_fail(oops{1}, kin::normal); }

void expect_reason(early_end body, const kin::exit_reason& why) {
  if (body == &returns) {
    EXPECT_EQ(why, kin::normal);
  } else if (body == &throws) {
    EXPECT_TRUE(why.is_error()) << why;
    EXPECT_THAT(kin::to_string(why), HasSubstr("no port"));
  } else {
    EXPECT_EQ(why, bad);
  }
}
constexpr early_end early_ends[] = {&returns, &throws, &exits, &fails, &fails_in_order};

KIN_TEST(start, fails_with_what_the_process_ended_for_and_nothing_else_is_heard) {
  for (const bool traps : {false, true}) {
    kin::trap_exits(traps);
    for (const early_end body : early_ends) {
      expect_reason(body, proc_lib::try_start(body).error());
      expect_reason(body, proc_lib::try_start_link(body).error());
      try {
        proc_lib::start_link(body);
        ADD_FAILURE() << "it has started";
      } catch (const kin::error& e) {
        expect_reason(body, e.reason());
        EXPECT_THAT(e.what(), HasSubstr("did not start"));
      }
    }
    EXPECT_THAT(test::drained(), IsEmpty());
  }
}

KIN_TEST(start, that_fails_is_over_when_the_name_is_free) {
  for (const early_end body : early_ends) {
    const auto holds = [body](starter<int> ready) {
      kin::register_name(here, kin::self());
      body(std::move(ready));
    };
    EXPECT_FALSE(proc_lib::try_start(holds));
    EXPECT_EQ(kin::whereis(here), std::nullopt);
  }
}

KIN_TEST(start, that_lasts_too_long_kills_the_process_and_leaves_nothing) {
  const kin::pid me = kin::self();
  for (const bool traps : {false, true}) {
    kin::trap_exits(traps);
    const auto slow = [me](starter<int> ready) {
      kin::send(me, kin::monitored{kin::self(), {}});
      test::idle();
      ready.init_ack(1);
    };
    EXPECT_EQ(proc_lib::try_start(slow, 10ms).error(), kin::timed_out);
    await_exit(test::expect<kin::monitored>().pid);
    EXPECT_EQ(proc_lib::try_start_link(slow, 10ms).error(), kin::timed_out);
    await_exit(test::expect<kin::monitored>().pid);
    EXPECT_THAT(test::drained(), IsEmpty());
  }
}

KIN_TEST(start, waits_for_the_end_of_a_process_that_has_lost_its_duty) {
  const auto forgets = [](starter<int> ready) {
    { const starter<int> lost = std::move(ready); }
    kin::yield();
    kin::exit(oops{1});
  };
  EXPECT_EQ(proc_lib::try_start(forgets).error(), bad);
}

KIN_TEST(start, is_over_when_another_process_says_so) {
  const kin::pid me = kin::self();
  const kin::pid helper = kin::spawn_link([me] {
    kin::receive([me](starter<int> ready) {
      try {
        ready.init_fail(oops{1});
      } catch (const kin::error& e) {
        kin::send(me, e.reason());
      }
      ready.init_ack(9);
    });
  });
  const auto child = proc_lib::start_link([helper](starter<int> ready) {
    kin::send(helper, std::move(ready));
    stay();
  });
  EXPECT_EQ(child.value, 9);
  EXPECT_EQ(test::expect<kin::exit_reason>(), kin::badarg) << "another process was ended";
}

// The loop has the duty, and so its end comes with the link still there.
KIN_TEST(start, that_fails_late_leaves_no_exit_signal_for_who_traps_them) {
  kin::trap_exits();
  const auto loops = [](starter<int> ready) {
    kin::send(kin::self(), word{"end"});
    auto kept = std::make_shared<starter<int>>(std::move(ready));
    return kin::loop([kept](const word& /*w*/) { kin::exit(oops{1}); });
  };
  EXPECT_EQ(proc_lib::try_start_link(loops).error(), bad);
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(start, may_go_on_as_a_loop_or_hibernate) {
  const kin::pid me = kin::self();
  const auto loops = proc_lib::start_link([me](starter<> ready) {
    ready.init_ack();
    return kin::loop([me](number n) { kin::send(me, number{n.value + 1}); });
  });
  const auto sleeps = proc_lib::start_link([me](starter<> ready) {
    ready.init_ack();
    return kin::hibernate(
        [me] { kin::receive([me](number n) { kin::send(me, number{n.value + 2}); }); });
  });
  kin::send(loops.pid, number{1});
  EXPECT_EQ(test::expect<number>(), number{2});
  kin::send(sleeps.pid, number{1});
  EXPECT_EQ(test::expect<number>(), number{3});
}

KIN_TEST(start_link, ties_the_two_from_the_beginning) {
  kin::trap_exits();
  const auto child = proc_lib::start_link([](starter<> ready) {
    ready.init_ack();
    kin::exit(kin::receive([](kin::exit_reason why) { return why; }));
  });
  EXPECT_TRUE(proc_lib::try_start([](starter<> ready) { ready.init_ack(); }).has_value());
  kin::send(child.pid, bad);
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{child.pid, bad}));

  // Who waits for a start and is ended takes the new process with it.
  const kin::pid me = kin::self();
  const auto waits = kin::spawn_monitor([me] {
    proc_lib::start_link([me](starter<> /*ready*/) {
      kin::send(me, kin::monitored{kin::self(), {}});
      stay();
    });
  });
  const kin::pid inner = test::expect<kin::monitored>().pid;
  kin::exit(waits.pid, kin::shutdown);
  EXPECT_EQ(test::expect_down(waits.ref).reason, kin::shutdown);
  await_exit(inner);
}

// ---- start_monitor ------------------------------------------------------------------------------

KIN_TEST(start_monitor, hears_of_the_end_and_is_not_linked) {
  kin::trap_exits();
  const auto child = proc_lib::start_monitor([](starter<int> ready) {
    ready.init_ack(3);
    kin::exit(kin::receive([](kin::exit_reason why) { return why; }));
  });
  EXPECT_EQ(child.value, 3);
  kin::send(child.pid, bad);
  EXPECT_EQ(test::expect<kin::down>(), (kin::down{child.ref, child.pid, bad}));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(start_monitor, that_fails_leaves_its_down_to_who_has_the_reference) {
  for (const early_end body : early_ends) {
    const auto tried = proc_lib::try_start_monitor(body);
    expect_reason(body, tried.result.error());
    const kin::exit_reason ended = test::expect_down(tried.ref).reason;
    if (body == &fails_in_order) {
      EXPECT_EQ(ended, kin::normal);
    } else {
      expect_reason(body, ended);
    }
    EXPECT_THROW(proc_lib::start_monitor(body), kin::error);
    EXPECT_THAT(test::drained(), IsEmpty());
  }
}

TEST(start, works_on_a_thread_which_has_no_links_and_monitors) {
  kin::machine machine{{.workers = 2, .reports = test::quiet()}};
  machine.start();
  {
    const kin::machine::enter inside{machine};
    EXPECT_EQ(proc_lib::start([](starter<int> ready) { ready.init_ack(4); }).value, 4);
    for (const early_end body : early_ends) expect_reason(body, proc_lib::try_start(body).error());
    EXPECT_THROW(static_cast<void>(proc_lib::try_start_link(&returns)), kin::error);
    EXPECT_THROW(static_cast<void>(proc_lib::try_start_monitor(&returns)), kin::error);
    EXPECT_THROW(static_cast<void>(kin::try_start_monitor<counter>(kin::pid{})), kin::error);
  }
  EXPECT_TRUE(machine.stop().empty());
}

// ---- servers ------------------------------------------------------------------------------------

class store : public kin::gen_server {
 public:
  explicit store(int value) : value_(value) {}
  store(int value, kin::pid test) : value_(value), test_(test) { kin::trap_exits(); }
  void init() { value_ = -1; }
  int handle_call(get /*request*/) const { return value_; }
  void handle_cast(add a) { value_ += a.by; }
  auto handle_info() {
    return kin::clauses{[this](kin::timeout) { value_ = 100; }};
  }
  void terminate(const kin::exit_reason& why) const {
    if (test_) kin::send(test_, ended{why});
  }

 private:
  int value_;
  kin::pid test_;
};
inline constexpr kin::name<store> kept{"proc_lib_test.kept"};
inline kin::registry<int, store> stores;

KIN_TEST(server_start_monitor, gives_the_server_and_the_monitor) {
  kin::trap_exits();
  const auto [server, ref] = kin::start_monitor<store>({.name = kept}, 1);
  EXPECT_EQ(kin::whereis(kept), server.pid);
  EXPECT_THAT(kin::info(server.pid)->links, IsEmpty());
  kin::stop(server, kin::shutdown);
  EXPECT_EQ(test::expect<kin::down>(), (kin::down{ref, server.pid, kin::shutdown}));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(server_start_monitor, makes_the_starter_the_parent_whose_exit_ends_the_server) {
  const auto begun = kin::start_monitor<store>(1, kin::self());
  kin::exit(begun.server.pid, oops{1});
  EXPECT_EQ(test::expect<ended>().why, bad);
  EXPECT_EQ(test::expect_down(begun.ref).reason, bad);
}

KIN_TEST(server_start_monitor, that_fails_leaves_no_down) {
  class never : public kin::gen_server {
   public:
    explicit never(bool throws) {
      if (throws) throw std::runtime_error("no");
    }
    static kin::next init() { return kin::ignore(); }
  };
  EXPECT_TRUE(kin::try_start_monitor<never>(true).error().is_error());
  EXPECT_EQ(kin::try_start_monitor<never>(false).error(), kin::ignored);
  EXPECT_THROW(static_cast<void>(kin::start_monitor<never>(true)), kin::error);
  const auto held = kin::start_link<store>({.name = kept}, 1);
  EXPECT_EQ(kin::try_start_monitor<store>({.name = kept}, 1).error(),
            kin::exit_reason(kin::already_started{held}));
  test::settle();
  EXPECT_THAT(test::drained(), IsEmpty());
}

// ---- enter_loop ---------------------------------------------------------------------------------

KIN_TEST(enter_loop, makes_a_server_of_the_process_without_init) {
  const auto child = proc_lib::start_link([](starter<> ready) {
    kin::cast(kin::server<store>{kin::self()}, add{2});
    ready.init_ack();
    return kin::enter_loop<store>(5);
  });
  const kin::server<store> server{child.pid};
  EXPECT_EQ(kin::call(server, get{}), 7) << "init has run, or a message was lost";
  EXPECT_EQ(kin::sys::get_status(server).parent, kin::self());
  EXPECT_THAT(kin::info(child.pid)->subject, HasSubstr("store"));
  EXPECT_FALSE(kin::info(child.pid)->holds_stack);
  kin::stop(server);
  EXPECT_FALSE(kin::is_alive(child.pid));
}

KIN_TEST(enter_loop, serves_under_a_name_or_key_that_is_held_already) {
  proc_lib::start_link([](starter<> ready) {
    kin::register_name(kept, kin::self());
    ready.init_ack();
    return kin::enter_loop<store>({.name = kept}, 6);
  });
  EXPECT_EQ(kin::call(kept, get{}), 6);
  proc_lib::start_link([](starter<> ready) {
    kin::register_name(stores[3], kin::self());
    ready.init_ack();
    return kin::enter_loop<store>({.name = stores[3]}, 8);
  });
  EXPECT_EQ(kin::call(stores[3], get{}), 8);
}

KIN_TEST(enter_loop, ends_a_process_that_does_not_hold_the_name) {
  const auto end_of = [](auto body) {
    const auto child = proc_lib::start_monitor(std::move(body));
    return test::expect_down(child.ref).reason;
  };
  EXPECT_EQ(end_of([](starter<> ready) {
              ready.init_ack();
              return kin::enter_loop<store>({.name = kept}, 6);
            }),
            kin::process_not_registered);
  EXPECT_EQ(end_of([](starter<> ready) {
              ready.init_ack();
              return kin::enter_loop<store>({.name = stores[3]}, 6);
            }),
            kin::process_not_registered_via);
}

KIN_TEST(enter_loop, begins_with_what_it_was_told_to) {
  const auto idle = proc_lib::start_link([](starter<> ready) {
    ready.init_ack();
    return kin::enter_loop<store>({.then = kin::timeout{0ms}}, 1);
  });
  test::settle();
  EXPECT_EQ(kin::call(kin::server<store>{idle.pid}, get{}), 100);

  const kin::pid me = kin::self();
  const auto stops = proc_lib::start_monitor([me](starter<> ready) {
    ready.init_ack();
    return kin::enter_loop<store>({.then = kin::continue_with([] { return kin::stop(oops{1}); })},
                                  1, me);
  });
  EXPECT_EQ(test::expect<ended>().why, bad);
  EXPECT_EQ(test::expect_down(stops.ref).reason, bad);
}

KIN_TEST(enter_loop, ends_the_process_with_what_the_constructor_throws) {
  class never : public kin::gen_server {
   public:
    never() { throw std::runtime_error("no state"); }
  };
  const auto child = proc_lib::start_monitor([](starter<> ready) {
    ready.init_ack();
    return kin::enter_loop<never>();
  });
  EXPECT_TRUE(test::expect_down(child.ref).reason.is_error());
}

KIN_TEST(enter_loop, has_a_parent_whose_exit_ends_it) {
  const auto child = proc_lib::start_monitor([me = kin::self()](starter<> ready) {
    ready.init_ack();
    return kin::enter_loop<store>(1, me);
  });
  EXPECT_EQ(kin::call(kin::server<store>{child.pid}, get{}), 1);
  kin::exit(child.pid, oops{1});
  EXPECT_EQ(test::expect<ended>().why, bad);
  EXPECT_EQ(test::expect_down(child.ref).reason, bad);
}

}  // namespace
