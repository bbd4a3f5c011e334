// SPDX-License-Identifier: Apache-2.0
// proc_lib: starts that wait, stops that wait, and how processes end. otp-semantics 2.
#include <kin/info.hpp>
#include <kin/logger.hpp>
#include <kin/proc_lib.hpp>
#include <kin/special_process.hpp>

#include "conformance/support.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace kin::literals;
using kin::proc_lib::starter;
using test::number;
using test::word;
using testing::HasSubstr;
using testing::IsEmpty;

namespace proc_lib = kin::proc_lib;

auto crashes_about(kin::pid p) {
  const auto all = test::reports();
  return std::count_if(all.begin(), all.end(), [&](const test::told& r) {
    return r.title == "CRASH REPORT" && r.text.find(kin::to_string(p)) != std::string::npos;
  });
}

// Says that it is there, and is ready only when it has been told to go on. Ends when told why.
auto in_steps(kin::pid test) {
  return [test](starter<number> ready) {
    kin::send(test, word{"begun"});
    kin::receive([](const word& /*go on*/) {});
    ready.init_ack(number{5});
    kin::exit(kin::receive([](kin::exit_reason why) { return why; }));
  };
}
// Tells the process that `start` begins to go on, but only if `start` waits for that.
template <class Start>
auto started_in_steps(Start start) {
  const kin::pid me = kin::self();
  const kin::pid between = kin::spawn([me] {
    kin::receive([me](const kin::pid& child) {
      test::settle();
      kin::send(me, word{"waited"});
      kin::send(child, word{"go on"});
    });
  });
  return start([between, me](starter<number> ready) {
    kin::send(between, kin::self());
    in_steps(me)(std::move(ready));
  });
}
void expect_steps() {
  EXPECT_EQ(test::expect<word>(), word{"begun"});
  EXPECT_EQ(test::expect<word>(), word{"waited"});
  EXPECT_THAT(test::drained(), IsEmpty());
}
const auto too_slow = [](starter<number> ready) {
  test::idle();
  ready.init_ack(number{5});
};

// Keeps the crash reports.
class crash_keeper {
 public:
  explicit crash_keeper(std::shared_ptr<std::vector<kin::logger::event>> to) : to_(std::move(to)) {}
  void log(const kin::logger::event& e, const kin::logger::handler_config& /*how*/) const {
    if (e.meta.title == "CRASH REPORT") to_->push_back(e);
  }

 private:
  std::shared_ptr<std::vector<kin::logger::event>> to_;
};
// What the processes that `make` starts and watches say when they end.
template <class F>
std::vector<kin::logger::event> crashes_of(F make) {
  auto told = std::make_shared<std::vector<kin::logger::event>>();
  kin::logger::add_handler("crashes", crash_keeper(told));
  const kin::monitored child = make();
  test::expect_down(child.ref);
  kin::logger::remove_handler("crashes");
  return *told;
}
const kin::logger::report& fields_of(const kin::logger::event& e) {
  return std::get<kin::logger::report>(e.msg);
}
std::string field_of(const kin::logger::event& e, std::string_view key) {
  const std::string* found = fields_of(e).find(key);
  return found == nullptr ? "(none)" : *found;
}

// No report of an end in order, whatever the way; else one with its fields, and with those linked to
// it that trap no exits, or linked to one of these: whom it takes with it.
KIN_TEST(proc_lib, crash) {
  const kin::pid me = kin::self();
  kin::register_name(kin::name<>("proc_lib_test.\u00e9t\u00e9"), me);
  for (const kin::exit_reason& why :
       {kin::exit_reason(kin::normal), kin::exit_reason(kin::shutdown), kin::shutdown("done")}) {
    EXPECT_THAT(crashes_of([&] { return kin::spawn_monitor([why] { kin::exit(why); }); }),
                IsEmpty());
  }
  EXPECT_EQ(crashes_of([] { return kin::spawn_monitor([] { throw kin::shutdown; }); }).size(), 1U)
      << "thrown, it is an error";

  kin::pid near;
  kin::pid far;
  const auto all = crashes_of([&] {
    const auto child = kin::spawn_monitor([me] {
      const auto traps = kin::spawn_link([] {
        kin::trap_exits();
        kin::spawn_link([] { test::idle(); });
        kin::receive([](const kin::exited& /*of the link*/) {});
        kin::exit(kin::shutdown);
      });
      const auto near_by = kin::spawn_link([me] {
        kin::register_name(kin::name<>("proc_lib_test.near"), kin::self());
        kin::send(me, kin::spawn_link([] { test::idle(); }));
        test::idle();
      });
      kin::send(me, traps);
      kin::send(me, near_by);
      kin::receive([](const word& /*go on*/) {});
      kin::exit(number{3});
    });
    std::vector<kin::pid> pids;
    for (int i = 0; i < 3; ++i) pids.push_back(test::expect<kin::pid>());
    test::settle();
    near = kin::whereis(kin::name<>("proc_lib_test.near")).value();
    for (const kin::pid p : pids) {
      const auto links = kin::info(p)->links;
      if (p != near && std::find(links.begin(), links.end(), near) != links.end() &&
          !kin::info(p)->traps_exits)
        far = p;
    }
    kin::send(child.pid, word{"go on"});
    return child;
  });
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(field_of(all[0], "exception exit"), kin::to_string(number{3}));
  EXPECT_EQ(field_of(all[0], "ancestors"), "[proc_lib_test.\u00e9t\u00e9]");
  EXPECT_EQ(field_of(all[0], "registered_name"), "[]");
  EXPECT_EQ(field_of(all[0], "trap_exit"), "false");
  std::vector<std::string> neighbours;
  bool begins = false;
  for (const kin::report_field& f : fields_of(all[0]).fields) {
    if (begins && f.key == "pid") neighbours.push_back(f.value);
    begins = begins || f.key == "neighbours";
  }
  EXPECT_THAT(neighbours, testing::ElementsAre(kin::to_string(near), kin::to_string(far)));
  const std::string text = kin::logger::message_of(all[0], {});
  EXPECT_THAT(text,
              HasSubstr("\n  neighbours:\n    neighbour:\n      pid: " + kin::to_string(near) +
                        "\n      registered_name: proc_lib_test.near\n"));
  EXPECT_THAT(text, HasSubstr("\n      current_function: kin::receive\n"));
  kin::unregister_name(kin::name<>("proc_lib_test.\u00e9t\u00e9"));
}

// However long a reason is, its report keeps the limit, and says of each field what there is room
// for.
KIN_TEST(proc_lib, t_format) {
  const auto all = crashes_of([] {
    return kin::spawn_monitor([] { kin::exit(std::vector(2000, std::vector{1, 2, 3})); });
  });
  ASSERT_EQ(all.size(), 1U);
  const std::string whole = kin::logger::message_of(all[0], {});
  EXPECT_GT(whole.size(), 10'000U);
  for (const std::size_t limit : {400U, 1000U, 5000U}) {
    for (const bool single_line : {true, false}) {
      const std::string cut =
          kin::logger::message_of(all[0], {.single_line = single_line, .chars_limit = limit});
      EXPECT_LE(cut.size(), limit);
      EXPECT_THAT(cut, testing::AllOf(HasSubstr("exception exit: [[1, 2, 3], "), HasSubstr("...")));
      EXPECT_THAT(cut, HasSubstr("message_queue_len: 0")) << "what is short is whole";
    }
  }
  const std::string flat = kin::logger::message_of(all[0], {.single_line = true, .depth = 1});
  EXPECT_THAT(flat, HasSubstr("exception exit: [[...], [...], "));
}

// In several lines, on one, and cut.
KIN_TEST(proc_lib, report_cb) {
  const kin::pid me = kin::self();
  kin::pid p;
  const auto all = crashes_of([&] {
    const auto child = kin::spawn_monitor([] {
      kin::exit(std::vector{std::vector{1}, std::vector{2, 3}});
    });
    p = child.pid;
    return child;
  });
  ASSERT_EQ(all.size(), 1U);
  const std::string subject = field_of(all[0], "initial call");
  const auto text = [&](const kin::report_layout& layout) {
    return kin::logger::message_of(all[0], layout);
  };
  EXPECT_EQ(text({}), "  crasher:\n    initial call: " + subject +
                          "\n    pid: " + kin::to_string(p) +
                          "\n    registered_name: []\n    exception exit: [[1], [2, 3]]\n    "
                          "ancestors: [" +
                          kin::to_string(me) +
                          "]\n    links: []\n    message_queue_len: 0\n    trap_exit: false");
  EXPECT_EQ(text({.single_line = true}),
            "crasher: initial call: " + subject + ", pid: " + kin::to_string(p) +
                ", registered_name: [], exception exit: [[1], [2, 3]], ancestors: [" +
                kin::to_string(me) + "], links: [], message_queue_len: 0, trap_exit: false");
  EXPECT_THAT(text({.single_line = true, .depth = 1}),
              HasSubstr("exception exit: [[...], [...]], "));
}

// An exception is an error with what it says, an exit its value, both reported once.
KIN_TEST(proc_lib, stacktrace) {
  const auto thrown = kin::spawn_monitor([] { throw std::runtime_error("no eggs"); });
  const auto why = test::expect_down(thrown.ref).reason;
  EXPECT_TRUE(why.is_error());
  EXPECT_EQ(why.get_if<std::runtime_error>()->what(), std::string("no eggs"));
  EXPECT_EQ(crashes_about(thrown.pid), 1);
  const auto ended = kin::spawn_monitor([] { kin::exit(number{3}); });
  EXPECT_EQ(test::expect_down(ended.ref).reason, kin::exit_reason(number{3}));
  EXPECT_EQ(crashes_about(ended.pid), 1);
  const auto value = kin::spawn_monitor([] { throw number{4}; });
  EXPECT_TRUE(test::expect_down(value.ref).reason.is_error());
  EXPECT_EQ(crashes_about(value.pid), 1);
}

KIN_TEST(proc_lib, sync_start_nolink) {
  const auto child = started_in_steps([](auto body) { return proc_lib::start(body); });
  EXPECT_EQ(child.value, number{5});
  expect_steps();
  EXPECT_EQ(test::end_told_by(child.pid, kin::exit_reason(number{1})), kin::exit_reason(number{1}));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(proc_lib, sync_start_link) {
  kin::trap_exits();
  const auto child = started_in_steps([](auto body) { return proc_lib::start_link(body); });
  EXPECT_EQ(child.value, number{5});
  expect_steps();
  kin::send(child.pid, kin::exit_reason(number{1}));
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{child.pid, kin::exit_reason(number{1})}));
}

KIN_TEST(proc_lib, sync_start_monitor) {
  const auto child = started_in_steps([](auto body) { return proc_lib::start_monitor(body); });
  EXPECT_EQ(child.value, number{5});
  expect_steps();
  kin::trap_exits();
  kin::send(child.pid, kin::exit_reason(number{1}));
  EXPECT_EQ(test::expect<kin::down>(),
            (kin::down{child.ref, child.pid, kin::exit_reason(number{1})}));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(proc_lib, sync_start_monitor_link) {
  const auto child = started_in_steps(
      [](auto body) { return proc_lib::start_monitor(body, kin::infinity, {.link = true}); });
  EXPECT_EQ(child.value, number{5});
  expect_steps();
  kin::trap_exits();
  kin::send(child.pid, kin::exit_reason(number{1}));
  EXPECT_EQ(test::expect<kin::exited>(), (kin::exited{child.pid, kin::exit_reason(number{1})}));
  EXPECT_EQ(test::expect_down(child.ref).reason, kin::exit_reason(number{1}));
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(proc_lib, sync_start_timeout) {
  kin::trap_exits();
  EXPECT_EQ(proc_lib::try_start(too_slow, 5ms).error(), kin::timed_out);
  test::settle();
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(proc_lib, sync_start_link_timeout) {
  for (const bool traps : {false, true}) {
    kin::trap_exits(traps);
    EXPECT_EQ(proc_lib::try_start_link(too_slow, 5ms).error(), kin::timed_out);
    test::settle();
    EXPECT_THAT(test::drained(), IsEmpty());
  }
}

KIN_TEST(proc_lib, sync_start_monitor_link_timeout) {
  for (const bool traps : {false, true}) {
    kin::trap_exits(traps);
    const auto tried = proc_lib::try_start_monitor(too_slow, 5ms, {.link = true});
    EXPECT_EQ(tried.result.error(), kin::timed_out);
    EXPECT_EQ(test::expect_down(tried.ref).reason, kin::killed);
    test::settle();
    EXPECT_THAT(test::drained(), IsEmpty());
  }
}

void waits_for_a_word(starter<> ready) {
  ready.init_ack();
  test::idle();
}

// The options hold, and the function is told as what the process runs.
KIN_TEST(proc_lib, spawn_opt) {
  const auto child = proc_lib::start(&waits_for_a_word, kin::infinity,
                                     {.link = true,
                                      .priority = kin::priority::low,
                                      .mailbox = {.limit = 3},
                                      .message_queue_data = kin::message_queue_data::off_heap});
  const auto about = kin::info(child.pid);
  EXPECT_THAT(about->links, testing::ElementsAre(kin::self()));
  EXPECT_EQ(about->priority, kin::priority::low);
  EXPECT_EQ(about->message_queue_data, kin::message_queue_data::off_heap);
  EXPECT_EQ(about->subject, kin::type_name(typeid(&waits_for_a_word)));
  EXPECT_EQ(about->parent, kin::self());
  EXPECT_EQ(about->ancestors.front(), kin::to_string(kin::self()));
  for (int i = 0; i < 3; ++i) kin::send(child.pid, number{i});
  EXPECT_EQ(kin::info(child.pid)->message_queue_len, 3U);
  EXPECT_THROW(proc_lib::start(&waits_for_a_word, kin::infinity, {.priority = {9}}), kin::error);

  const auto lambda = [](starter<> ready) { waits_for_a_word(std::move(ready)); };
  const auto other = proc_lib::start_link(lambda);
  EXPECT_EQ(kin::info(other.pid)->subject, kin::type_name(typeid(lambda)));
}

// It sleeps until there is a message, and an end after that is reported as any other.
KIN_TEST(proc_lib, hibernate) {
  const kin::pid me = kin::self();
  const auto child = proc_lib::start_monitor([me](starter<> ready) {
    ready.init_ack();
    return kin::hibernate([me] {
      kin::receive([me](number n) { kin::send(me, n); });
      return kin::hibernate(
          [] { kin::receive([](const word& w) { throw std::runtime_error(w.text); }); });
    });
  });
  test::settle();
  EXPECT_EQ(kin::info(child.pid)->current_function, "kin::hibernate");
  kin::send(child.pid, number{1});
  EXPECT_EQ(test::expect<number>(), number{1});
  test::settle();
  EXPECT_EQ(kin::info(child.pid)->current_function, "kin::hibernate");
  EXPECT_EQ(crashes_about(child.pid), 0);
  kin::send(child.pid, word{"woken"});
  EXPECT_THAT(kin::to_string(test::expect_down(child.ref).reason), HasSubstr("woken"));
  EXPECT_EQ(crashes_about(child.pid), 1);
}

// A monitor is not for the options to ask for.
KIN_TEST(proc_lib, otp_6345) {
  const auto reason_of = [](auto start) -> kin::exit_reason {
    try {
      start();
    } catch (const kin::error& e) {
      return e.reason();
    }
    return kin::normal;
  };
  const kin::spawn_options monitor{.monitor = true};
  EXPECT_EQ(reason_of([&] { proc_lib::start(too_slow, 5ms, monitor); }), kin::badarg);
  EXPECT_EQ(reason_of([&] { proc_lib::start_link(too_slow, 5ms, monitor); }), kin::badarg);
  EXPECT_EQ(reason_of([&] { static_cast<void>(proc_lib::try_start(too_slow, 5ms, monitor)); }),
            kin::badarg);
  EXPECT_EQ(
      reason_of([&] { static_cast<void>(proc_lib::try_start_monitor(too_slow, 5ms, monitor)); }),
      kin::badarg);
}

KIN_TEST(proc_lib, init_dont_hang) {
  const auto crashes = [](starter<number> /*ready*/) { throw std::runtime_error("too early"); };
  const auto alone = proc_lib::try_start(crashes).error();
  EXPECT_THAT(kin::to_string(alone), HasSubstr("too early"));
  EXPECT_EQ(proc_lib::try_start_link(crashes).error(), alone);
  EXPECT_EQ(proc_lib::try_start_monitor(crashes).result.error(), alone);
  test::settle();
  EXPECT_EQ(test::drained().size(), 1U) << "more than the DOWN";
}

// Ends in order, by its own will, or not in time.
class stoppable : public kin::gen_server {
 public:
  using how = void (*)();
  explicit stoppable(how ends) : ends_(ends) {}
  void terminate(const kin::exit_reason& /*why*/) const { ends_(); }

 private:
  how ends_;
};
inline constexpr kin::name<stoppable> named{"proc_lib_test.named"};

KIN_TEST(proc_lib, stop) {
  const auto serves = [](stoppable::how ends) {
    return kin::start<stoppable>({.name = named}, ends);
  };
  const stoppable::how in_order = [] {};
  auto server = serves(in_order);
  kin::stop(server);
  EXPECT_EQ(kin::whereis(named), std::nullopt);
  EXPECT_EQ(kin::try_stop(server).error(), kin::noproc);
  EXPECT_EQ(kin::try_stop(named).error(), kin::noproc);

  serves(in_order);
  kin::stop(named, number{1});
  serves([] { kin::exit(number{2}); });
  EXPECT_EQ(kin::try_stop(named, number{1}).error(), kin::exit_reason(number{2}));
  serves([] { throw std::runtime_error("in terminate"); });
  EXPECT_THAT(kin::to_string(kin::try_stop(named).error()), HasSubstr("in terminate"));

  server = serves([] { kin::receive([](const word& /*go on*/) {}); });
  EXPECT_EQ(kin::try_stop(named, kin::normal, 5ms).error(), kin::timed_out);
  EXPECT_EQ(test::end_told_by(server.pid, word{"go on"}), kin::normal);
  server = serves(in_order);
  const kin::ref watch = kin::monitor(server.pid);
  const auto at_once = kin::try_stop(server, kin::shutdown, 0ms);  // it may have ended by then
  EXPECT_TRUE(at_once || at_once.error() == kin::timed_out);
  EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown) << "the request was not sent";

  const auto by_hand = proc_lib::start([](starter<> ready) {
    int state = 0;
    kin::sys::special_process me(state);
    ready.init_ack();
    for (;;) me.receive([](number n) { kin::exit(n); });
  });
  kin::stop(by_hand.pid, kin::shutdown);
  EXPECT_EQ(kin::try_stop(kin::self()).error(), kin::calling_self);
  EXPECT_THAT(test::drained(), IsEmpty());
}

}  // namespace
