// SPDX-License-Identifier: Apache-2.0
// What passes to whom, and how a handler is protected from those who log.
#include <kin/gen_server.hpp>
#include <kin/gtest.hpp>
#include <kin/logger.hpp>
#include <kin/no_wait.hpp>
#include <kin/proc_lib.hpp>

#include "support/expect.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace logger = kin::logger;
using logger::level;
using logger::verdict;

/// What has been said, to whoever keeps a copy.
class heard {
 public:
  void add(std::string text) const {
    const std::lock_guard hold(is_->lock);
    is_->all.push_back(std::move(text));
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard hold(is_->lock);
    return is_->all;
  }

 private:
  struct book {
    std::mutex lock;
    std::vector<std::string> all;
  };
  std::shared_ptr<book> is_ = std::make_shared<book>();
};

/// Keeps what each event says, and nothing beside.
class keeper {
 public:
  explicit keeper(heard to) : to_(std::move(to)) {}
  void log(const logger::event& e, const logger::handler_config& /*how*/) const {
    to_.add(logger::message_of(e, {.single_line = true}));
  }

 private:
  heard to_;
};
/// Keeps the events themselves.
class event_keeper {
 public:
  explicit event_keeper(std::shared_ptr<std::vector<logger::event>> to) : to_(std::move(to)) {}
  void log(const logger::event& e, const logger::handler_config& /*how*/) const {
    to_->push_back(e);
  }

 private:
  std::shared_ptr<std::vector<logger::event>> to_;
};
class failing {
 public:
  static void log(const logger::event& /*e*/, const logger::handler_config& /*how*/) {
    throw std::runtime_error("no paper");
  }
};

const logger::formatter bare({.pattern = {logger::key("msg")}});

/// A handler of that name which keeps what passes; the only one.
heard only_handler(level primary = level::all) {
  heard to;
  logger::set_primary_level(primary);
  logger::remove_handler("default");
  logger::add_handler("heard", keeper(to));
  return to;
}

// ---- what is logged -----------------------------------------------------------------------------

KIN_TEST(log, prints_values_in_their_places) {
  const heard to = only_handler();
  logger::info("no place");
  logger::info("{} has {} of {}, {{}}", "shop", 3, std::vector{1, 2});
  logger::error(std::string("a {} text"));
  logger::debug(logger::report{{"disk", "/"}, {"free", 3}});
  logger::at(level::alert)([] { return "lazily"; });
  logger::warning([] { return logger::report{{"a", 1}}; });
  EXPECT_THAT(to.all(), ElementsAre("no place", "shop has 3 of [1, 2], {}", "a {} text",
                                    "disk: /, free: 3", "lazily", "a: 1"));
}

KIN_TEST(log, makes_nothing_of_what_nobody_wants) {
  const heard to = only_handler(level::warning);
  bool made = false;
  logger::info([&] {
    made = true;
    return "text";
  });
  EXPECT_FALSE(made);
  EXPECT_FALSE(logger::allow(level::notice));
  EXPECT_TRUE(logger::allow(level::warning));
  logger::set_primary_level(level::none);
  logger::emergency("not even this");
  EXPECT_THAT(to.all(), IsEmpty());
}

KIN_TEST(log, knows_who_and_where_and_when) {
  auto events = std::make_shared<std::vector<logger::event>>();
  logger::remove_handler("default");
  logger::add_handler("keeps", event_keeper(events));
  kin::register_name(kin::name<>("logger_test.me"), kin::self());
  const unsigned line = __LINE__ + 1;
  logger::error.with({.domain = "shop", .more = {{"order", "7"}}})("x");
  ASSERT_EQ(events->size(), 1U);
  const logger::metadata& meta = events->front().meta;
  EXPECT_EQ(meta.pid, kin::self());
  EXPECT_EQ(meta.gl, kin::group_leader());
  EXPECT_EQ(meta.registered_name, "logger_test.me");
  EXPECT_EQ(meta.domain, "shop");
  EXPECT_THAT(meta.where.file, HasSubstr("logger_test.cpp"));
  EXPECT_EQ(meta.where.line, line);
  EXPECT_EQ(meta.more.at("order"), "7");
  EXPECT_NE(meta.time, std::chrono::system_clock::time_point());
}

KIN_SIM_TEST(log, is_dated_by_the_virtual_clock) {
  heard to;
  logger::remove_handler("default");
  logger::add_handler(
      "heard",
      logger::to_function([to](level, std::string_view text) { to.add(std::string(text)); }),
      {.formatter =
           logger::formatter({.pattern = {logger::key("time"), " ", logger::key("msg")}})});
  kin::sleep(std::chrono::hours(24));
  logger::error("late");
  logger::remove_handler("heard");
  ASSERT_EQ(to.all().size(), 1U);
  EXPECT_THAT(to.all().front(), testing::StartsWith("1970-01-02T00:00:0"));
}

KIN_TEST(log, has_what_a_process_said_of_itself) {
  auto events = std::make_shared<std::vector<logger::event>>();
  logger::remove_handler("default");
  logger::add_handler("keeps", event_keeper(events));
  auto primary = logger::get_primary_config();
  primary.meta.more = {{"node", "a"}, {"order", "none"}};
  logger::set_primary_config(primary);
  logger::set_process_metadata({.domain = "shop", .more = {{"order", "7"}}});
  logger::update_process_metadata({.more = {{"step", "pay"}}});
  logger::error("one");
  logger::error.with({.domain = "shop.cart", .more = {{"order", "8"}}})("two");
  logger::unset_process_metadata();
  EXPECT_FALSE(logger::get_process_metadata().has_value());
  logger::error("three");
  ASSERT_EQ(events->size(), 3U);
  EXPECT_EQ(events->at(0).meta.domain, "shop");
  EXPECT_EQ(events->at(0).meta.more,
            (decltype(logger::metadata::more){{"node", "a"}, {"order", "7"}, {"step", "pay"}}));
  EXPECT_EQ(events->at(1).meta.domain, "shop.cart");
  EXPECT_EQ(events->at(1).meta.more.at("order"), "8");
  EXPECT_EQ(events->at(2).meta.domain, "");
  EXPECT_EQ(events->at(2).meta.more.at("order"), "none");
}

// ---- what passes --------------------------------------------------------------------------------

KIN_TEST(level, of_a_source_file_or_a_domain_stands_in_the_place_of_the_primary_one) {
  const heard to = only_handler(level::error);
  logger::set_domain_level("shop", level::info);
  logger::set_domain_level("shop.cart", level::none);
  logger::info.with({.domain = "shop"})("shop");
  logger::info.with({.domain = "shop.desk"})("desk");
  logger::error.with({.domain = "shop.cart"})("cart");
  logger::info.with({.domain = "shopping"})("shopping");
  logger::info("none");
  EXPECT_THAT(to.all(), ElementsAre("shop", "desk"));
  logger::unset_domain_level("shop");
  logger::unset_domain_level("shop.cart");
  logger::set_module_level("logger_test.cpp", level::debug);
  logger::set_module_level("test.cpp", level::none);
  logger::debug("here");
  logger::unset_module_level("logger_test.cpp");
  logger::debug("no more");
  EXPECT_THAT(to.all(), ElementsAre("shop", "desk", "here"));
}

KIN_TEST(filter, decides_changes_and_is_asked_in_its_turn) {
  const heard to = only_handler();
  logger::add_primary_filter(
      "no info", logger::level_filter(verdict::stop, logger::compare::equal, level::info));
  logger::add_handler_filter("heard", "rename", [](logger::event& e) {
    if (e.meta.domain != "shop") return verdict::ignore;
    e.msg = std::string("renamed");
    return verdict::log;
  });
  logger::info("info");
  logger::error.with({.domain = "shop"})("shop");
  logger::error("other");
  EXPECT_THAT(to.all(), ElementsAre("renamed", "other"));
  auto how = logger::get_handler_config("heard");
  how.filter_default = verdict::stop;
  logger::set_handler_config("heard", how);
  logger::error("other");
  logger::error.with({.domain = "shop"})("shop");
  EXPECT_THAT(to.all(), ElementsAre("renamed", "other", "renamed"));
  logger::remove_handler_filter("heard", "rename");
  logger::remove_primary_filter("no info");
  logger::error("stopped");
  EXPECT_EQ(logger::try_remove_primary_filter("no info").error(),
            kin::exit_reason(logger::not_found{"no info"}));
  EXPECT_EQ(to.all().size(), 3U);
}

KIN_TEST(filter, of_a_domain_compares_whole_names) {
  using logger::compare;
  const auto says = [](compare how, const std::string& of, const std::string& domain) {
    logger::event e{.level = level::info, .meta = {.domain = domain}};
    return logger::domain_filter(verdict::log, how, of)(e) == verdict::log;
  };
  EXPECT_TRUE(says(compare::super, "a", "a.b"));
  EXPECT_TRUE(says(compare::super, "a", "a"));
  EXPECT_FALSE(says(compare::super, "a", "ab"));
  EXPECT_FALSE(says(compare::super, "a", ""));
  EXPECT_TRUE(says(compare::sub, "a.b", "a"));
  EXPECT_FALSE(says(compare::sub, "a", "a.b"));
  EXPECT_TRUE(says(compare::equal, "a", "a"));
  EXPECT_TRUE(says(compare::not_equal, "a", "b"));
  EXPECT_TRUE(says(compare::undefined, "", ""));
  EXPECT_FALSE(says(compare::undefined, "", "a"));
}

KIN_TEST(filter, that_fails_is_removed_and_told) {
  const heard to = only_handler();
  logger::add_primary_filter(
      "bad", [](logger::event&) -> verdict { throw std::runtime_error("no sieve"); });
  logger::error("one");
  logger::error("two");
  ASSERT_EQ(to.all().size(), 3U);
  EXPECT_THAT(to.all()[0], HasSubstr("Filter bad has failed and was removed"));
  EXPECT_THAT(to.all()[0], HasSubstr("no sieve"));
  EXPECT_EQ(to.all()[1], "one");
  EXPECT_EQ(to.all()[2], "two");
}

// ---- handlers -----------------------------------------------------------------------------------

KIN_TEST(handler, is_added_changed_and_removed_by_its_name) {
  const heard to = only_handler();
  EXPECT_THAT(logger::get_handler_ids(), ElementsAre("heard"));
  EXPECT_EQ(logger::try_add_handler("heard", keeper(to)).error(),
            kin::exit_reason(logger::already_exist{"heard"}));
  logger::set_handler_config("heard", {.level = level::error});
  logger::info("info");
  logger::error("error");
  EXPECT_THAT(to.all(), ElementsAre("error"));
  EXPECT_EQ(logger::try_get_handler_state("heard").error(), kin::badarg);
  logger::remove_handler("heard");
  logger::error("nobody");
  EXPECT_EQ(logger::try_remove_handler("heard").error(),
            kin::exit_reason(logger::not_found{"heard"}));
  EXPECT_THROW(logger::set_handler_config("heard", {}), kin::error);
  EXPECT_EQ(to.all().size(), 1U);
}

KIN_TEST(handler, that_fails_is_removed_and_told_to_the_others) {
  const heard to = only_handler();
  logger::add_handler("printer", failing());
  logger::error("one");
  logger::error("two");
  ASSERT_EQ(to.all().size(), 3U);
  EXPECT_THAT(to.all()[1], HasSubstr("Handler printer has failed and was removed"));
  EXPECT_THAT(to.all()[1], HasSubstr("no paper"));
  EXPECT_THAT(logger::get_handler_ids(), ElementsAre("heard"));
}

KIN_TEST(handler, that_fails_as_the_last_one_is_told_to_the_sink) {
  logger::remove_handler("default");
  logger::add_handler("printer", failing());
  logger::error("one");
  const auto told = test::reports();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0].text, HasSubstr("Handler printer has failed"));
}

// ---- what kin reports ---------------------------------------------------------------------------

KIN_TEST(reports, of_kin_pass_the_logger_with_their_fields) {
  auto events = std::make_shared<std::vector<logger::event>>();
  logger::add_handler("keeps", event_keeper(events));
  const auto child = kin::spawn_monitor([] { kin::exit("bad end"); });
  test::expect_down(child.ref);
  ASSERT_EQ(events->size(), 1U);
  const logger::event& e = events->front();
  EXPECT_EQ(e.level, level::error);
  EXPECT_EQ(e.meta.domain, "otp.sasl");
  EXPECT_EQ(e.meta.title, "CRASH REPORT");
  EXPECT_EQ(e.meta.pid, child.pid);
  const auto* said = std::get_if<logger::report>(&e.msg);
  ASSERT_NE(said, nullptr);
  EXPECT_EQ(said->label, "proc_lib crash");
  EXPECT_EQ(*said->find("exception exit"), "\"bad end\"");
  EXPECT_EQ(*said->find("pid"), kin::to_string(child.pid));
  EXPECT_EQ(test::reports().size(), 1U) << "the machine's sink is the handler default";
  logger::remove_handler("keeps");
}

TEST(default_handler, prints_as_reports_were_printed_before) {
  testing::internal::CaptureStderr();
  {
    kin::machine machine({.workers = 2});
    machine.run([] {
      const auto before = kin::spawn_monitor([] { kin::exit("before"); });
      test::expect_down(before.ref);
      logger::info("unseen");
      logger::notice("and now");
      const auto after = kin::spawn_monitor([] { kin::exit("after"); });
      test::expect_down(after.ref);
    });
    machine.stop();
  }
  const std::string out = testing::internal::GetCapturedStderr();
  const std::string stamp = " [0-9]+-[A-Z][a-z]+-[0-9]+::[0-9:.]+ ===\n";
  EXPECT_THAT(out, testing::ContainsRegex("^=CRASH REPORT====" + stamp + "  crasher:\n"));
  EXPECT_THAT(out, testing::ContainsRegex("\n\n=INFO REPORT====" + stamp +
                                          "and now\n\n=CRASH REPORT====" + stamp +
                                          "  crasher:\n    initial call: "));
  EXPECT_THAT(out, HasSubstr("exception exit: \"before\"\n"));
  EXPECT_THAT(out, HasSubstr("exception exit: \"after\"\n"));
  EXPECT_THAT(out, testing::EndsWith("trap_exit: false\n\n"));
  EXPECT_THAT(out, Not(HasSubstr("unseen")));
}

TEST(outside, has_a_logger_of_its_own) {
  testing::internal::CaptureStderr();
  logger::error("outside");
  heard to;
  logger::add_handler("heard", logger::to_function([to](level, std::string_view text) {
                        to.add(std::string(text));
                      }),
                      {.formatter = bare});
  logger::error("to both");
  EXPECT_EQ(logger::get_handler_state("heard").now, logger::handler_state::mode::direct);
  logger::remove_handler("heard");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, HasSubstr("outside\n\n"));
  EXPECT_THAT(to.all(), ElementsAre("to both"));
}

// ---- handlers with a process --------------------------------------------------------------------

/// Writes into `to`, one text whenever it is told to, or without an end once it is let go.
logger::std_handler gated(const heard& to, const kin::pid& told, logger::overload limits) {
  auto open = std::make_shared<bool>(false);
  return logger::to_function(
      [to, told, open](level, std::string_view text) {
        if (!*open && kin::in_process()) {
          kin::send(told, kin::self());
          kin::receive([&](bool all) { *open = all; });
        }
        to.add(std::string(text));
      },
      limits);
}
/// The process of a gated handler, which has a text in hand.
kin::pid at_the_gate() { return test::expect<kin::pid>(1h); }

void only(logger::std_handler handler) {
  logger::remove_handler("default");
  logger::set_primary_level(level::all);
  logger::add_handler("slow", std::move(handler), {.formatter = bare});
}

KIN_TEST(std_handler, writes_what_was_logged_in_its_order) {
  heard to;
  only(logger::to_function([to](level, std::string_view text) { to.add(std::string(text)); }));
  std::vector<std::string> all;
  for (int i = 0; i < 100; ++i) {
    logger::info("{}", i);
    all.push_back(std::to_string(i));
  }
  logger::remove_handler("slow");
  EXPECT_EQ(to.all(), all);
}

KIN_TEST(std_handler, is_waited_for_above_sync_mode_qlen) {
  heard to;
  only(gated(to, kin::self(), {.sync_mode_qlen = 2, .drop_mode_qlen = 5, .flush_qlen = 10}));
  logger::info("0");
  const kin::pid handler = at_the_gate();  // "0" is in hand, no more in the queue
  logger::info("1");
  logger::info("2");
  EXPECT_EQ(logger::get_handler_state("slow").now, logger::handler_state::mode::sync);
  const auto waits = kin::spawn_monitor([] { logger::info("3"); });
  test::settle();
  EXPECT_TRUE(kin::is_alive(waits.pid)) << "it did not wait";
  EXPECT_EQ(logger::get_handler_state("slow").syncs, 1U);
  kin::send(handler, true);
  test::expect_down(waits.ref);
  EXPECT_THAT(to.all(), ElementsAre("0", "1", "2", "3")) << "it did not wait until it was written";
  logger::remove_handler("slow");
}

// Those who cannot wait fill the queue; what it does not take is counted.
KIN_TEST(std_handler, drops_above_drop_mode_qlen_and_tells_how_many) {
  heard to;
  only(gated(to, kin::self(), {.sync_mode_qlen = 0, .drop_mode_qlen = 2, .flush_qlen = 10}));
  const auto log_without_waiting = [](int i) {
    const kin::no_wait here;
    logger::info("{}", i);
  };
  log_without_waiting(0);
  const kin::pid handler = at_the_gate();
  for (int i = 1; i < 6; ++i) log_without_waiting(i);
  const auto state = logger::get_handler_state("slow");
  EXPECT_EQ(state.now, logger::handler_state::mode::drop);
  EXPECT_EQ(state.queued, 2U);
  EXPECT_EQ(state.dropped, 3U);
  kin::send(handler, true);
  logger::remove_handler("slow");
  EXPECT_THAT(to.all(), ElementsAre("0", "1", "2",
                                    "Handler slow was overloaded: 3 events dropped, 0 flushed, 0 "
                                    "above the burst limit"));
}

KIN_TEST(std_handler, flushes_at_flush_qlen_if_it_may_not_drop) {
  heard to;
  only(gated(to, kin::self(), {.sync_mode_qlen = 3, .drop_mode_qlen = 3, .flush_qlen = 3}));
  logger::info("0");
  const kin::pid handler = at_the_gate();
  for (int i = 1; i < 5; ++i) logger::info("{}", i);
  EXPECT_EQ(logger::get_handler_state("slow").flushed, 3U);
  kin::send(handler, true);
  logger::remove_handler("slow");
  EXPECT_THAT(to.all(), ElementsAre("0", "4",
                                    "Handler slow was overloaded: 0 events dropped, 3 flushed, 0 "
                                    "above the burst limit"));
}

KIN_SIM_TEST(std_handler, takes_no_more_in_a_time_than_the_burst_limit) {
  heard to;
  only(logger::to_function([to](level, std::string_view text) { to.add(std::string(text)); },
                           {.burst_limit_max_count = 2, .burst_limit_window_time = 1s}));
  for (int i = 0; i < 5; ++i) logger::info("{}", i);
  test::settle();
  EXPECT_THAT(to.all(), ElementsAre("0", "1"));
  kin::sleep(2s);
  logger::info("5");
  logger::remove_handler("slow");
  EXPECT_THAT(to.all(), ElementsAre("0", "1",
                                    "Handler slow was overloaded: 0 events dropped, 0 flushed, 3 "
                                    "above the burst limit",
                                    "5"));
}

KIN_TEST(std_handler, whose_writing_fails_is_removed_and_that_is_told) {
  heard to;
  logger::remove_handler("default");
  logger::add_handler("heard", keeper(to), {.level = level::error});
  logger::add_handler("disk", logger::to_function([](level, std::string_view) {
                        throw std::runtime_error("disk is full");
                      }));
  logger::notice("x");
  test::settle();
  EXPECT_THAT(logger::get_handler_ids(), ElementsAre("heard"));
  ASSERT_FALSE(to.all().empty());
  EXPECT_THAT(to.all().front(), HasSubstr("Handler disk has failed and was removed"));
  EXPECT_THAT(to.all().front(), HasSubstr("disk is full"));
}

KIN_TEST(std_handler, that_is_killed_leaves_the_writing_to_those_who_log) {
  heard to;
  only(logger::to_function([to, test = kin::self()](level, std::string_view text) {
    if (text == "0") {
      kin::send(test, kin::self());
      test::idle();
    }
    to.add(std::string(text));
  }));
  logger::info("0");
  const kin::pid handler = at_the_gate();
  logger::info("1");
  const kin::ref watch = kin::monitor(handler);
  kin::exit(handler, kin::kill);
  test::expect_down(watch);
  logger::info("2");
  EXPECT_EQ(logger::get_handler_state("slow").now, logger::handler_state::mode::direct);
  EXPECT_THAT(to.all(), ElementsAre("1", "2"));
  logger::remove_handler("slow");
}

KIN_TEST(std_handler, is_fed_by_crashes_too) {
  heard to;
  only(logger::to_function([to](level, std::string_view text) { to.add(std::string(text)); }));
  const auto child = kin::spawn_monitor([] { throw std::runtime_error("oops"); });
  test::expect_down(child.ref);
  logger::remove_handler("slow");
  ASSERT_EQ(to.all().size(), 1U);
  EXPECT_THAT(to.all().front(), HasSubstr("oops"));
}

KIN_TEST(std_handler, takes_no_limits_out_of_their_order) {
  EXPECT_THROW(static_cast<void>(logger::to_stderr({.sync_mode_qlen = 300})), kin::error);
  EXPECT_THROW(static_cast<void>(logger::to_stderr({.flush_qlen = 1})), kin::error);
}

/// A folder of this test's own.
class folder {
 public:
  folder()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("kin_logger_" + std::to_string(getpid()))) {
    std::filesystem::create_directory(path_);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& file) const { return path_ / file; }

 private:
  std::filesystem::path path_;
};
std::string content_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return std::move(text).str();
}

// What is logged while a machine stops is written too.
TEST(file_handler, has_every_line_when_the_machine_has_stopped) {
  const folder here;
  {
    kin::machine machine({.workers = 2});
    machine.run([&] {
      logger::remove_handler("default");
      logger::add_handler(
          "file", logger::to_file(here / "log"),
          {.formatter = logger::formatter(
               {.pattern = {logger::key("level"), " ", logger::key("msg"), "\n"}})});
      kin::spawn([me = kin::self()] {
        kin::trap_exits();
        kin::send(me, word{"ready"});
        kin::receive([](const kin::exited& /*stop*/) { logger::error("stopped"); });
      });
      test::expect<word>();
      logger::error("{} lines", 2);
    });
    machine.stop();
  }
  EXPECT_EQ(content_of(here / "log"), "error 2 lines\nerror stopped\n");
}

TEST(file_handler, begins_a_fresh_file_when_one_is_full) {
  const folder here;
  {
    kin::machine machine({.workers = 1});
    machine.run([&] {
      logger::remove_handler("default");
      logger::add_handler(
          "file", logger::to_file(here / "log", {.max_bytes = 20, .max_files = 1}),
          {.formatter = logger::formatter({.pattern = {logger::key("msg"), "\n"}})});
      for (int i = 0; i < 4; ++i) logger::error("line number {}", i);
      logger::remove_handler("file");
    });
    machine.stop();
  }
  EXPECT_EQ(content_of(here / "log"), "line number 3\n");
  EXPECT_EQ(content_of(here / "log.1"), "line number 2\n");
}

TEST(file_handler, that_cannot_be_opened_says_so) {
  try {
    static_cast<void>(logger::to_file("/dev/null/log"));
    FAIL() << "it was opened";
  } catch (const kin::error& e) {
    const auto* why = e.reason().get_if<logger::cannot_open>();
    ASSERT_NE(why, nullptr);
    EXPECT_EQ(why->path, "/dev/null/log");
  }
}

}  // namespace
