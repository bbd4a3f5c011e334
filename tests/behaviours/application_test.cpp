// SPDX-License-Identifier: Apache-2.0
// Applications beside OTP's own cases: what their end means, who is part of one, what cannot be, and
// whole programs. otp-semantics 7.
#include <kin/application.hpp>
#include <kin/sys.hpp>

#include "support/child.hpp"
#include "support/sanitized.hpp"
#include "support/telling_application.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace kin::literals;
using kin::exit_reason;
using test::end_top;
using test::expect_words;
using test::on_start;
using test::running;
using test::start_told;
using test::stop_told;
using test::telling;
using test::word;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace app = kin::app;

using names = std::vector<std::string>;

bool failed_with(const auto& r, const auto& why) { return !r && r.error().is(why); }

// ---- what an end means --------------------------------------------------------------------------

// All six: the type, the reason, and whether the controller goes on.
struct ending {
  kin::restart type;
  exit_reason why;
  bool goes_on;
};
const std::vector<ending>& endings() {
  static const std::vector<ending> all{
      {kin::temporary, kin::normal, true},    {kin::temporary, "fire", true},
      {kin::transient, kin::normal, true},    {kin::transient, "fire", false},
      {kin::transient, kin::shutdown, false}, {kin::permanent, kin::normal, false},
      {kin::permanent, "fire", false},
  };
  return all;
}

KIN_TEST(an_application_that_ends, takes_all_others_along_or_not) {
  for (const ending& e : endings()) {
    const auto clock = telling("clock");
    const auto shop = telling("shop");
    const auto why = test::controlled([=] {
      app::start(clock);
      app::start(shop, e.type);
      const kin::pid top = *app::top_process(shop);
      const kin::ref watch = kin::monitor(top);
      kin::send(top, test::end_of_top{e.why});
      if (!e.goes_on) return;
      test::expect_down(watch);  // it may wait on its way, for its crash report
      test::settle();
      EXPECT_EQ(running(), names{"clock"});
      kin::exit(*kin::whereis(app::controller_name), kin::shutdown);
    });
    if (e.goes_on) {
      EXPECT_EQ(why, kin::shutdown);
    } else {
      EXPECT_EQ(why, exit_reason(app::application_terminated{"shop", e.why}));
    }
    expect_words({"clock starts", "shop starts", "shop prepares", "shop stops", "clock prepares",
                  "clock stops"});
  }
}

KIN_TEST(stop, of_a_permanent_application_ends_it_alone) {
  app::start_link();
  const auto shop = telling("shop");
  start_told(shop, kin::permanent);
  stop_told(shop);
  EXPECT_TRUE(kin::whereis(app::controller_name));
  EXPECT_TRUE(failed_with(app::try_stop(shop), app::not_started{"shop"}));
}

KIN_TEST(a_permanent_application, that_does_not_start_ends_the_controller) {
  const auto shop = telling("shop", {}, on_start::leaves);
  const auto why = test::controlled([=] { EXPECT_FALSE(app::try_start(shop, kin::permanent)); });
  EXPECT_NE(why.get_if<app::application_start_failure>(), nullptr) << why;
  expect_words({"shop starts"});
}

KIN_TEST(the_controller, ends_applications_in_reverse_when_its_parent_ends) {
  const auto clock = telling("clock");
  const auto store = telling("store");
  const auto shop = telling("shop", {&store, &clock});
  const kin::pid me = kin::self();
  const auto parent = kin::spawn_monitor([=] {
    app::start_link();
    app::start(clock);
    app::ensure_all_started(shop);
    kin::send(me, word{"up"});
    test::expect<word>();
  });
  expect_words({"clock starts", "store starts", "shop starts", "up"});
  const kin::ref gone = kin::monitor(app::controller_name);
  kin::send(parent.pid, word{"end"});
  test::expect_down(parent.ref);
  expect_words({"shop prepares", "shop stops", "store prepares", "store stops", "clock prepares",
                "clock stops"});
  test::expect_down(gone);
}

KIN_TEST(shut_down, ends_all_and_the_controller) {
  const auto shop = telling("shop");
  const auto why = test::controlled([=] {
    app::start(shop, kin::permanent);
    app::shut_down();
  });
  EXPECT_EQ(why, kin::shutdown);
  expect_words({"shop starts", "shop prepares", "shop stops"});
  EXPECT_THROW(app::shut_down(), kin::error);
}

KIN_TEST(the_controller, ends_one_that_still_starts) {
  const auto shop = telling("shop", {}, on_start::waits);
  const auto why = test::controlled([=] {
    kin::spawn([shop] { static_cast<void>(app::try_start(shop)); });
    test::settle();
    kin::exit(*kin::whereis(app::controller_name), kin::shutdown);
  });
  EXPECT_EQ(why, kin::shutdown);
  expect_words({"shop starts"});
}

KIN_TEST(max_time, ends_an_application_in_order) {
  app::start_link();
  auto shop = telling("shop");
  shop.max_time = 20ms;
  start_told(shop);
  expect_words({"shop prepares", "shop stops"});
  test::settle();
  EXPECT_THAT(running(), IsEmpty());
}

// ---- in an application --------------------------------------------------------------------------

KIN_TEST(an_application, can_stop_itself) {
  app::start_link();
  const kin::pid me = kin::self();
  const kin::application shop{.name = "shop", .start = [me] {
                                return kin::spawn_link([me] {
                                  test::expect<word>();
                                  app::stop("shop");
                                  kin::send(me, word{"goes on"});
                                });
                              }};
  app::start(shop);
  const kin::pid top = *app::top_process(shop);
  EXPECT_EQ(test::end_told_by(top, word{"stop"}), kin::shutdown);
  test::settle();
  EXPECT_THAT(running(), IsEmpty());
  test::expect_no_words();
}

KIN_TEST(get_application, is_that_of_whoever_started_the_process) {
  app::start_link();
  const kin::pid me = kin::self();
  const kin::application shop{.name = "shop", .start = [me] {
                                return kin::supervisor{{}, kin::child_process([me] {
                                                         kin::send(
                                                             me, kin::spawn([] { test::idle(); }));
                                                         test::idle();
                                                       })};
                              }};
  app::start(shop);
  const auto deep = test::expect<kin::pid>();
  EXPECT_EQ(app::get_application(deep), "shop");
  EXPECT_EQ(app::get_application(kin::self()), std::nullopt);
  const kin::ref watch = kin::monitor(deep);
  app::stop(shop);
  EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
  EXPECT_EQ(app::get_application(deep), std::nullopt);
}

KIN_TEST(a_library_application, has_no_process) {
  app::start_link();
  const kin::application words{.name = "words", .vsn = "3", .env = {{"language", "en"}}};
  app::start(words);
  EXPECT_THAT(app::which_applications(), ElementsAre(app::description{"words", "", "3"}));
  EXPECT_EQ(app::top_process(words), std::nullopt);
  EXPECT_EQ(app::get_env<std::string>("words", "language"), "en");
  EXPECT_TRUE(failed_with(app::try_unload(words), app::is_running{"words"}));
  app::stop(words);
  app::unload(words);
}

KIN_TEST(start, may_return_a_handle_or_a_result) {
  struct clerk : kin::gen_server {};
  app::start_link();
  const kin::application handle{.name = "handle", .start = [] { return kin::start_link<clerk>(); }};
  app::start(handle);
  EXPECT_TRUE(app::top_process(handle));
  app::stop(handle);
  const kin::application fails{.name = "fails", .start = []() -> kin::result<kin::server<clerk>> {
                                 return exit_reason("no clerk");
                               }};
  EXPECT_TRUE(failed_with(app::try_start(fails),
                          app::callback_failed{"fails", "start", exit_reason("no clerk")}));
  const kin::application nobody{.name = "nobody", .start = [] { return kin::pid{}; }};
  EXPECT_TRUE(failed_with(app::try_start(nobody),
                          app::bad_return{"nobody", "start", exit_reason("no process")}));
  const auto broken = telling("broken", {}, on_start::throws);
  const auto why = app::try_start(broken).error();
  EXPECT_THAT(kin::to_string(why), HasSubstr("{bad_return, {{broken, start}, {'EXIT', "));
  expect_words({"broken starts"});
}

KIN_TEST(a_tree_that_does_not_start, says_which_child) {
  app::start_link();
  const kin::application shop{
      .name = "shop", .start = [] {
        return kin::supervisor{
            {}, kin::child_spec{.id = "till", .start = []() -> kin::result<kin::pid> {
                                  return exit_reason("no coins");
                                }}};
      }};
  const auto why = app::try_start(shop).error();
  const auto* failed = why.get_if<app::callback_failed>();
  ASSERT_NE(failed, nullptr) << why;
  EXPECT_TRUE(failed->reason.is(kin::failed_to_start_child{"till", exit_reason("no coins")}))
      << why;
}

// ---- orders that meet ---------------------------------------------------------------------------

KIN_TEST(start, of_one_that_stops_waits_for_that) {
  app::start_link();
  const kin::pid me = kin::self();
  const auto shop = telling("shop");
  start_told(shop);
  kin::spawn([me] {
    const bool stopped = static_cast<bool>(app::try_stop("shop"));
    kin::send(me, word{stopped ? "stopped" : "not stopped"});
  });
  // Whichever comes first: it runs already, or it starts anew.
  const auto again = app::try_start(shop);
  std::vector<std::string> said;
  for (int i = 0; i < (again ? 4 : 3); ++i) said.push_back(test::expect<word>().text);
  EXPECT_THAT(said, testing::IsSupersetOf({"shop prepares", "shop stops", "stopped"}));
  EXPECT_EQ(running(), again ? names{"shop"} : names{});
  if (again) stop_told(shop);
}

KIN_TEST(stop, asked_for_twice_is_refused_once) {
  app::start_link();
  const kin::pid me = kin::self();
  const auto shop = telling("shop");
  start_told(shop);
  for (int i = 0; i < 2; ++i)
    kin::spawn([me] { kin::send(me, kin::to_string(app::try_stop("shop").has_value())); });
  std::multiset<std::string> said;
  for (int i = 0; i < 2; ++i) said.insert(test::expect<std::string>());
  EXPECT_EQ(said, (std::multiset<std::string>{"true", "false"}));
  expect_words({"shop prepares", "shop stops"});
}

// ---- what cannot be -----------------------------------------------------------------------------

KIN_TEST(without_a_controller, nothing_is_known) {
  const kin::application shop{.name = "shop"};
  EXPECT_EQ(app::try_start(shop).error(), kin::noproc);
  EXPECT_EQ(app::try_ensure_all_started(shop).error(), kin::noproc);
  EXPECT_EQ(app::try_which_applications().error(), kin::noproc);
  EXPECT_THROW(static_cast<void>(app::get_env("shop", "port")), kin::error);
  EXPECT_THROW(app::start(shop), kin::call_failed);
}

KIN_TEST(a_second_controller, is_refused) {
  const auto first = app::start_link();
  const auto second = app::try_start_link();
  EXPECT_TRUE(failed_with(second, kin::already_started{first.pid}));
  EXPECT_EQ(app::get_env("shop", "port"), std::nullopt);  // the first one's table is still there
}

KIN_TEST(applications_that_need_each_other, are_refused) {
  app::start_link();
  const kin::application store{.name = "store", .applications = {"shop"}};
  const kin::application shop{.name = "shop", .applications = {&store}};
  app::load(store);
  EXPECT_TRUE(failed_with(app::try_start(shop), app::not_started{"store"}));
  EXPECT_TRUE(
      failed_with(app::try_ensure_all_started(shop),
                  app::failed_to_start{"shop", exit_reason(app::circular{{"shop", "store"}})}));

  const kin::application b{.name = "b", .included_applications = {"a"}};
  const kin::application a{.name = "a", .included_applications = {&b}};
  EXPECT_TRUE(failed_with(app::try_load(a), app::circular{{"a", "b"}}));
}

struct bad {
  kin::application what;
  std::string says;
};
KIN_TEST(a_bad_application, is_refused_in_words) {
  app::start_link();
  const std::vector<bad> all{
      {{.name = ""}, "no name"},
      {{.name = "a", .applications = {"a"}}, "names itself"},
      {{.name = "a", .applications = {""}}, "without a name"},
      {{.name = "a", .applications = {"b", "b"}}, "b twice"},
      {{.name = "a", .applications = {"b"}, .included_applications = {"b"}}, "includes b"},
      {{.name = "a", .start_phases = {{"go", 1}, {"go", 2}}}, "phase go twice"},
      {{.name = "a", .max_time = -1s}, "max_time"},
  };
  for (const bad& one : all) {
    const auto loaded = app::try_load(one.what);
    ASSERT_FALSE(loaded);
    EXPECT_THAT(kin::to_string(loaded.error()), HasSubstr(one.says));
    EXPECT_NE(loaded.error().get_if<app::bad_application>(), nullptr);
  }
  const kin::application lacks{.name = "lacks", .included_applications = {"ghost"}};
  EXPECT_TRUE(failed_with(app::try_load(lacks), app::no_such_application{"ghost"}));
  EXPECT_THAT(app::loaded_applications(), IsEmpty());
}

// ---- environments -------------------------------------------------------------------------------

KIN_TEST(an_environment, has_the_command_line_above_files_above_the_application) {
  app::start_link({.config = {{"shop", {{"b", 2}, {"c", 2}}}},
                   .command_line = {{"shop", {{"c", 3}, {"d", 3}}}}});
  const kin::application shop{.name = "shop", .env = {{"a", 1}, {"b", 1}, {"c", 1}}};
  app::load(shop);
  EXPECT_EQ(app::get_all_env(shop), (kin::setting_table{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 3}}));
  app::change_config({{"shop", {{"a", 4}, {"c", 4}}}});
  EXPECT_EQ(app::get_all_env(shop), (kin::setting_table{{"a", 4}, {"b", 1}, {"c", 3}, {"d", 3}}));
}

KIN_TEST(a_setting_of_another_type, is_said_to_be) {
  app::start_link({.config = {{"shop", {{"port", "eighty"}, {"big", 300}, {"half", 0.5}}}}});
  app::load(kin::application{.name = "shop"});
  try {
    static_cast<void>(app::get_env<int>("shop", "port"));
    ADD_FAILURE() << "it is no int";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::badarg);
    EXPECT_STREQ(e.what(), "kin: shop.port is \"eighty\", no int");
  }
  EXPECT_THROW(static_cast<void>(app::get_env<signed char>("shop", "big")), kin::error);
  EXPECT_THROW(static_cast<void>(app::get_env<int>("shop", "half")), kin::error);
  EXPECT_EQ(app::get_env<double>("shop", "big"), 300.0);
}

// ---- sys ----------------------------------------------------------------------------------------

KIN_TEST(sys, holds_the_controller) {
  const auto controller = app::start_link();
  const auto shop = telling("shop");
  kin::sys::suspend(controller);
  const kin::pid me = kin::self();
  kin::spawn([me, shop] { kin::send(me, word{app::try_start(shop) ? "up" : "not up"}); });
  test::settle();
  test::expect_no_words();
  kin::sys::resume(controller);
  expect_words({"shop starts", "up"});
  EXPECT_THAT(kin::sys::get_status(controller).state, HasSubstr("shop"));
  stop_told(shop);
}

// ---- whole programs -----------------------------------------------------------------------------

using test::outcome;
using test::run_child;

// Two applications that write what becomes of them to standard error.
class written_code {
 public:
  explicit written_code(std::string name, int ready = -1, bool fails = false)
      : name_(std::move(name)), ready_(ready), fails_(fails) {}
  kin::pid start() {
    write("starts with " + kin::to_string(app::get_env("shop", "port").value_or(0)));
    if (fails_) throw std::runtime_error("no door");
    return kin::spawn_link([ready = ready_] {
      if (ready >= 0) static_cast<void>(!::write(ready, "!", 1));
      test::idle();
    });
  }
  void stop() { write("stops"); }

 private:
  void write(const std::string& what) const {
    std::fprintf(stderr, "%s %s\n", name_.c_str(), what.c_str());
  }
  std::string name_;
  int ready_;
  bool fails_;
};

int run_shop(const std::vector<const char*>& words, int ready = -1, bool fails = false) {
  const kin::application store{.name = "store", .start = app::callbacks<written_code>("store")};
  const kin::application shop{.name = "shop",
                              .description = "sells things",
                              .applications = {&store},
                              .env = {{"port", 80}},
                              .start = app::callbacks<written_code>("shop", ready, fails)};
  std::vector<const char*> args{"shop"};
  args.insert(args.end(), words.begin(), words.end());
  return kin::run(shop, static_cast<int>(args.size()), args.data(),
                  {.run = {.machine = {.workers = 2, .stop_limit = 2s}}});
}

TEST(run, starts_and_stops_an_application_and_what_it_needs) {
  if (test::loses_signals) GTEST_SKIP() << "a signal that comes early would be lost";
  const outcome seen = run_child([](int ready) { return run_shop({}, ready); },
                                 [](pid_t child) { kill(child, SIGTERM); });
  EXPECT_EQ(seen.code, 128 + SIGTERM);
  EXPECT_EQ(seen.errors, "store starts with 80\nshop starts with 80\nshop stops\nstore stops\n");
}

TEST(run, ends_when_an_application_does_not_start) {
  const outcome seen = run_child([](int) { return run_shop({}, -1, true); });
  EXPECT_EQ(seen.code, 1);
  EXPECT_THAT(seen.errors, HasSubstr("shop starts with 80\n"));
  EXPECT_THAT(seen.errors, HasSubstr("store stops\n"));
  EXPECT_THAT(seen.errors, HasSubstr("application_start_failure, shop"));
  EXPECT_THAT(seen.errors, HasSubstr("no door"));
}

TEST(run, takes_files_and_settings_from_the_command_line) {
  const std::string file = testing::TempDir() + "kin_shop_" + std::to_string(getpid()) + ".toml";
  std::ofstream(file) << "[shop]\nport = 1\n";
  const auto port_with = [&](const std::vector<const char*>& words) {
    return run_child([&](int) { return run_shop(words, -1, true); }).errors;
  };
  EXPECT_THAT(port_with({"--config", file.c_str()}), HasSubstr("shop starts with 1\n"));
  EXPECT_THAT(port_with({"--set", "shop.port=2", "--config", file.c_str()}),
              HasSubstr("shop starts with 2\n"));
  EXPECT_THAT(port_with({"--set=shop.port=none"}), HasSubstr("shop starts with \"none\"\n"));
  static_cast<void>(std::remove(file.c_str()));
}

struct refusal {
  std::vector<const char*> words;
  std::string says;
};
TEST(run, refuses_in_words_what_it_does_not_understand) {
  const std::vector<refusal> all{
      {{"--port", "80"}, "shop: what is --port? See --help\n"},
      {{"--config"}, "shop: --config needs a file\n"},
      {{"--config", "/no/such.toml"}, "shop: /no/such.toml: No such file or directory\n"},
      {{"--set", "port"}, "shop: --set port: it is APPLICATION.KEY=VALUE\n"},
      {{"--set", "shop.port=[1"}, "shop: --set shop.port=[1: "},
  };
  for (const refusal& one : all) {
    const outcome seen = run_child([&](int) { return run_shop(one.words); });
    EXPECT_EQ(seen.code, 2);
    EXPECT_THAT(seen.errors, testing::StartsWith(one.says));
  }
  EXPECT_EQ(run_child([](int) { return run_shop({"--help"}); }).code, 0);
}

TEST(run, gives_its_application_what_follows_two_dashes) {
  const outcome seen = run_child([](int) {
    const kin::application echo{
        .name = "echo", .start = [] {
          for (const auto& one : app::get_env<names>("arguments").value_or(names{}))
            std::fprintf(stderr, "%s\n", one.c_str());
          return kin::spawn_link([] {});
        }};
    const std::vector<const char*> args{"echo", "--", "a", "--help"};
    return kin::run(echo, static_cast<int>(args.size()), args.data());
  });
  EXPECT_THAT(seen.errors, testing::StartsWith("a\n--help\n"));
  EXPECT_EQ(seen.code, 1);  // it is permanent, and has ended
}

}  // namespace
