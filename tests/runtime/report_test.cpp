// SPDX-License-Identifier: Apache-2.0
// What kin says about a process that ended badly.
#include "support/expect.hpp"

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::HasSubstr;
using testing::Not;

inline constexpr kin::name<> till{"report_test.till"};

struct out_of_eggs : std::runtime_error {
  out_of_eggs() : std::runtime_error("no eggs left") {}
};
struct order {
  std::string item;
  int count = 0;
};

// The one report about `p`.
std::string report_about(kin::pid p) {
  std::string found;
  for (const test::told& r : test::reports()) {
    if (r.title == "CRASH REPORT" && r.text.find(kin::to_string(p)) != std::string::npos) {
      EXPECT_EQ(found, "") << "two reports about one process";
      EXPECT_EQ(r.severity, kin::severity::error);
      found = r.text;
    }
  }
  return found;
}
std::string report_of(std::function<void()> body) {
  const auto child = kin::spawn_monitor(std::move(body));
  test::expect_down(child.ref);
  return report_about(child.pid);
}

TEST(crash_report, says_who_and_why) {
  test::run([] {
    const std::string text = report_of([] { throw out_of_eggs(); });

    EXPECT_THAT(text, HasSubstr("initial call: "));
    EXPECT_THAT(text, HasSubstr("out_of_eggs"));
    EXPECT_THAT(text, HasSubstr("no eggs left"));
    EXPECT_THAT(text, HasSubstr("exception error"));
  });
}

TEST(crash_report, is_made_for_an_exit_that_is_not_orderly) {
  test::run([] {
    EXPECT_THAT(report_of([] { kin::exit("bad end"); }), HasSubstr("exception exit: \"bad end\""));
  });
}

TEST(crash_report, is_not_made_for_orderly_ends_and_signals) {
  test::run([] {
    EXPECT_EQ(report_of([] {}), "");
    EXPECT_EQ(report_of([] { kin::exit(kin::normal); }), "");
    EXPECT_EQ(report_of([] { kin::exit(kin::shutdown); }), "");
    EXPECT_EQ(report_of([] { kin::exit(kin::shutdown("why")); }), "");
    const auto killed = kin::spawn_monitor([] { test::idle(); });
    kin::exit(killed.pid, kin::kill);
    test::expect_down(killed.ref);
    EXPECT_EQ(report_about(killed.pid), "");
  });
}

TEST(crash_report, is_made_once_and_not_by_those_who_die_of_the_link) {
  test::run([] {
    kin::trap_exits();
    const kin::pid outer = kin::spawn_link([] {
      kin::spawn_link([] { throw out_of_eggs(); });
      test::idle();
    });
    EXPECT_TRUE(test::expect<kin::exited>().reason.is_error());
    test::await_exit(outer);
    EXPECT_EQ(test::reports().size(), 1U);
  });
}

TEST(crash_report, gives_the_registered_name) {
  test::run([] {
    EXPECT_THAT(report_of([] {
                  kin::register_name(till, kin::self());
                  throw out_of_eggs();
                }),
                HasSubstr("registered_name: report_test.till"));
    EXPECT_THAT(report_of([] {
                  kin::register_name(till, kin::self());
                  kin::unregister_name(till);
                  throw out_of_eggs();
                }),
                Not(HasSubstr("report_test.till")));
  });
}

TEST(crash_report, gives_the_ancestors_by_name_or_pid) {
  test::run([] {
    const kin::pid me = kin::self();
    kin::spawn([me] {
      kin::register_name(till, kin::self());
      const auto child = kin::spawn_monitor([] { throw out_of_eggs(); });
      test::expect_down(child.ref);
      kin::send(me, report_about(child.pid));
    });
    EXPECT_THAT(test::expect<std::string>(),
                HasSubstr("ancestors: [report_test.till, " + kin::to_string(me) + "]"));
  });
}

TEST(crash_report, gives_the_last_message_links_mailbox_and_flags) {
  test::run([] {
    const kin::pid other = kin::spawn([] {
      kin::trap_exits();
      test::idle();
    });
    const auto p = kin::spawn_monitor([other] {
      kin::trap_exits();
      kin::link(other);
      return kin::loop([](const order& /*o*/) { throw out_of_eggs(); },
                       [](const word& /*w*/) { kin::sleep(1ms); });
    });
    EXPECT_TRUE(kin::is_alive(p.pid));
    kin::send(p.pid, word{"wait"});
    kin::send(p.pid, order{"egg", 6});
    kin::send(p.pid, order{"salt", 1});
    kin::send(p.pid, order{"flour", 2});
    test::expect_down(p.ref);

    const std::string text = report_about(p.pid);
    EXPECT_THAT(text, HasSubstr("last message: "));
    EXPECT_THAT(text, HasSubstr("order{\"egg\", 6}"));
    EXPECT_THAT(text, HasSubstr("links: [" + kin::to_string(other) + "]"));
    EXPECT_THAT(text, HasSubstr("message_queue_len: 2"));
    EXPECT_THAT(text, HasSubstr("trap_exit: true"));
    kin::exit(other, kin::kill);
  });
}

TEST(crash_report, counts_messages_that_have_not_been_received_yet) {
  test::run({.workers = 1}, [] {
    const auto p = kin::spawn_monitor([] {
      for (int i = 0; i < 3; ++i) kin::send(kin::self(), number{i});
      throw out_of_eggs();
    });
    test::expect_down(p.ref);
    EXPECT_THAT(report_about(p.pid), HasSubstr("message_queue_len: 3"));
  });
}

TEST(crash_report, gives_a_message_in_hand_that_was_alone_in_the_mailbox) {
  test::run([] {
    const auto p = kin::spawn_monitor(
        [] { return kin::loop([](const order& /*o*/) { throw out_of_eggs(); }); });
    EXPECT_TRUE(kin::is_alive(p.pid));
    kin::send(p.pid, order{"egg", 6});
    test::expect_down(p.ref);
    EXPECT_THAT(report_about(p.pid), HasSubstr("order{\"egg\", 6}"));
  });
}

class stateful final : public kin::behaviour {
 public:
  kin::next start() override { return {}; }
  kin::next handle(kin::incoming& in) override {
    if (const auto* n = in.get_if<number>()) total_ += n->value;
    if (in.get_if<word>() != nullptr) throw out_of_eggs();
    return {};
  }
  [[nodiscard]] const std::type_info& subject() const override { return typeid(stateful); }
  void print_state(std::ostream& out) const override { out << "total=" << total_; }

 private:
  int total_ = 0;
};

TEST(crash_report, gives_the_state_of_a_behaviour) {
  kin::machine machine({.workers = 1, .reports = test::quiet()});
  test::forget_reports();
  machine.start();
  const kin::pid p = machine.spawn_behaviour(std::make_unique<stateful>());
  kin::send(p, number{3});
  kin::send(p, number{4});
  kin::send(p, word{"crash"});
  machine.run([p] { test::await_exit(p); });

  const std::string text = report_about(p);
  EXPECT_THAT(text, HasSubstr("state: total=7"));
  EXPECT_THAT(text, HasSubstr("stateful"));
  machine.stop();
}

TEST(report_sink, can_be_replaced_and_is_called_by_one_at_a_time) {
  std::vector<std::string> seen;  // no lock: the promise is kin's
  {
    kin::machine machine(
        {.workers = 4, .reports = [&](const kin::report& r) { seen.push_back(r.text); }});
    machine.run([] {
      std::vector<kin::monitored> all;
      all.reserve(200);
      for (int i = 0; i < test::times(200); ++i)
        all.push_back(kin::spawn_monitor([] { throw out_of_eggs(); }));
      const auto slow = kin::spawn_monitor([] {  // sysmon has something to say, too
        const auto end = std::chrono::steady_clock::now() + 150ms;
        while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
      });
      for (const auto& one : all) test::expect_down(one.ref);
      test::expect_down(slow.ref);
    });
    machine.stop();
  }
  EXPECT_GE(seen.size(), static_cast<std::size_t>(test::times(200)));
}

TEST(report_sink, gets_what_a_process_emits) {
  test::run([] { kin::emit({kin::severity::notice, "MY REPORT", "something to say"}); });
  const auto all = test::reports();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].title, "MY REPORT");
  EXPECT_EQ(all[0].text, "something to say");
}

TEST(report_sink, by_default_is_standard_error) {
  testing::internal::CaptureStderr();
  kin::print_report({kin::severity::error, "CRASH REPORT", "  text"});
  kin::print_report({kin::severity::info, "PROGRESS REPORT", "  unseen"});
  const std::string out = testing::internal::GetCapturedStderr();

  EXPECT_THAT(out, testing::ContainsRegex(
                       "^=CRASH REPORT==== [0-9]+-[A-Z][a-z]+-[0-9]+::[0-9:.]+ ===\n  text\n"));
  EXPECT_THAT(out, Not(HasSubstr("unseen")));
}

TEST(report_sink, that_throws_does_no_harm) {
  kin::machine machine({.workers = 1, .reports = [](const kin::report& /*r*/) {
                          throw std::runtime_error("sink");
                        }});
  machine.run([] {
    const auto p = kin::spawn_monitor([] { throw out_of_eggs(); });
    EXPECT_TRUE(test::expect_down(p.ref).reason.is_error());
  });
  EXPECT_TRUE(machine.stop().empty());
}

}  // namespace
