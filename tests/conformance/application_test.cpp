// SPDX-License-Identifier: Apache-2.0
// Applications: their controller, their environments, how they start and stop. otp-semantics 7.
#include <kin/application.hpp>

#include "conformance/support.hpp"
#include "support/telling_application.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace kin::literals;
using kin::exit_reason;
using kin::setting;
using kin::setting_table;
using test::end_top;
using test::expect_words;
using test::on_start;
using test::running;
using test::start_told;
using test::stop_told;
using test::telling;
using test::word;
using testing::ElementsAre;
using testing::IsEmpty;
namespace app = kin::app;

using names = std::vector<std::string>;

template <class T>
bool failed_with(const kin::result<T>& r, const auto& why) {
  return !r && r.error().is(why);
}

exit_reason raised(const exit_reason& why) { return exit_reason(app::raised{why}); }

// Started, it is; running already, it is no failure; what start says is passed on.
KIN_TEST(application, ensure_started) {
  app::start_link();
  const auto store = telling("store");
  EXPECT_TRUE(app::try_ensure_started(store));
  expect_words({"store starts"});
  EXPECT_TRUE(app::try_ensure_started(store));
  EXPECT_TRUE(app::try_ensure_started("store", kin::permanent));
  EXPECT_TRUE(failed_with(app::try_start("store"), app::already_started{"store"}));
  stop_told(store);
  EXPECT_TRUE(failed_with(app::try_ensure_started("ghost"), app::no_such_application{"ghost"}));
  const auto shut = telling("shut", {}, on_start::refuses);
  EXPECT_TRUE(failed_with(app::try_ensure_started(shut),
                          app::callback_failed{"shut", "start", exit_reason("no stock")}));
  expect_words({"shut starts"});
}

// What it needs first, in order, itself last; nothing of what runs; all or nothing.
KIN_TEST(application, ensure_all_started) {
  app::start_link();
  const auto clock = telling("clock");
  const auto store = telling("store", {&clock});
  const auto till = telling("till", {"clock"});
  const auto shop = telling("shop", {&store, &till});
  EXPECT_EQ(app::ensure_all_started(shop), (names{"clock", "store", "till", "shop"}));
  expect_words({"clock starts", "store starts", "till starts", "shop starts"});
  EXPECT_THAT(app::ensure_all_started(shop), IsEmpty());
  stop_told(shop);
  stop_told(till);
  EXPECT_EQ(app::ensure_all_started("shop"), (names{"till", "shop"}));
  expect_words({"till starts", "shop starts"});

  // What was started for one that fails is stopped again.
  const auto lamp = telling("lamp");
  const auto shut = telling("shut", {&lamp, &clock}, on_start::refuses);
  EXPECT_TRUE(failed_with(
      app::try_ensure_all_started(shut),
      app::failed_to_start{
          "shut", exit_reason(app::callback_failed{"shut", "start", exit_reason("no stock")})}));
  expect_words({"lamp starts", "shut starts", "lamp prepares", "lamp stops"});
  EXPECT_EQ(running(), (names{"shop", "till", "store", "clock"}));
  EXPECT_TRUE(
      failed_with(app::try_ensure_all_started("ghost"),
                  app::failed_to_start{"ghost", exit_reason(app::no_such_application{"ghost"})}));
  for (const auto& one : {shop, till, store, clock}) stop_told(one);
}

// What one includes is loaded and unloaded with it, as deep as that goes.
KIN_TEST(application, otp_1586) {
  app::start_link();
  const kin::application leaf{.name = "leaf", .env = {{"size", 1}}};
  const kin::application branch{.name = "branch", .included_applications = {&leaf}};
  const kin::application tree{.name = "tree", .included_applications = {&branch}};
  app::load(tree);
  EXPECT_THAT(test::names_of(app::loaded_applications()), ElementsAre("branch", "leaf", "tree"));
  EXPECT_EQ(app::get_env<int>("leaf", "size"), 1);
  EXPECT_TRUE(failed_with(app::try_load("leaf"), app::already_loaded{"leaf"}));
  app::unload(tree);
  EXPECT_THAT(app::loaded_applications(), IsEmpty());
  EXPECT_EQ(app::get_env("leaf", "size"), std::nullopt);
  EXPECT_TRUE(failed_with(app::try_unload(tree), app::not_loaded{"tree"}));
}

// A transient application that leaves in its start, in order, is no reason to end.
KIN_TEST(application, otp_2718) {
  const auto leaves = telling("shop", {}, on_start::leaves);
  const auto refuses = telling("shop", {}, on_start::refuses);
  const auto why = test::controlled([=] {
    EXPECT_TRUE(failed_with(app::try_start(leaves, kin::transient),
                            app::callback_failed{"shop", "start", raised(kin::normal)}));
    app::unload("shop");
    EXPECT_TRUE(failed_with(app::try_start(refuses, kin::transient),
                            app::callback_failed{"shop", "start", exit_reason("no stock")}));
  });
  EXPECT_EQ(why, exit_reason(app::application_start_failure{
                     "shop",
                     exit_reason(app::callback_failed{"shop", "start", exit_reason("no stock")})}));
  expect_words({"shop starts", "shop starts"});
}

// Who asks for a start that is under way gets the end of that one, good or bad.
KIN_TEST(application, otp_2973) {
  app::start_link();
  for (const on_start how : {on_start::waits, on_start::refuses}) {
    const auto shop = telling("shop", {}, how);
    const kin::pid me = kin::self();
    for (int i = 0; i < 2; ++i) {
      kin::spawn([me, shop] {
        const auto done = app::try_start(shop);
        kin::send(me, word{done ? "started" : kin::to_string(done.error())});
      });
    }
    expect_words({"shop starts"});
    if (how == on_start::waits) {
      test::settle();  // both have asked; who starts waits
      for (const kin::pid p : kin::processes()) {
        if (p != me && app::get_application(p) == "shop") kin::send(p, word{"go"});
      }
      expect_words({"started", "started"});
      test::stop_told(shop);
    } else {
      // Two starts at once give one answer; one after the other, two.
      std::multiset<std::string> said;
      while (said.count("{\"no stock\", {shop, start}}") + said.count("{no stock, {shop, start}}") <
             2)
        said.insert(test::expect<word>().text);
      EXPECT_LE(said.size(), 3U);
    }
    app::unload("shop");
  }
}

// Each that runs is told what has changed for it, and no other.
KIN_TEST(application, otp_2012) {
  app::start_link({.config = {{"shop", {{"port", 80}, {"old", true}}}}});
  auto shop = telling("shop");
  shop.env = {{"size", 1}};
  const auto store = telling("store");
  start_told(shop);
  start_told(store);
  app::change_config({{"shop", {{"port", 8080}, {"fresh", "yes"}}}});
  expect_words({"shop changed {port = 8080} added {fresh = \"yes\"} removed [\"old\"]"});
  app::change_config({{"shop", {{"port", 8080}, {"fresh", "yes"}}}});
  EXPECT_TRUE(failed_with(app::try_change_config({{"shop", {{"bad", 1}}}}),
                          app::bad_return{"shop", "config_change",
                                          raised(exit_reason::error(std::make_exception_ptr(
                                              std::runtime_error("no such setting"))))}));
  expect_words({"shop changed {} added {bad = 1} removed [\"fresh\", \"port\"]"});
  stop_told(store);
  stop_told(shop);
}

// One that is needed: never started, or started and gone.
KIN_TEST(application, otp_4227) {
  app::start_link();
  const auto store = telling("store");
  const auto shop = telling("shop", {&store});
  EXPECT_TRUE(failed_with(app::try_start(shop), app::not_started{"store"}));
  start_told(store);
  end_top(store, "fire");
  EXPECT_TRUE(failed_with(app::try_start(shop), app::not_running{"store"}));
  EXPECT_EQ(app::ensure_all_started(shop), (names{"store", "shop"}));
  expect_words({"store starts", "shop starts"});
  stop_told(store);  // who needs it goes on
  EXPECT_EQ(running(), names{"shop"});
  stop_told(shop);
}

// All processes with that group leader go, linked or not, whatever they trap.
KIN_TEST(application, otp_5363) {
  app::start_link();
  const kin::pid me = kin::self();
  const kin::application shop{.name = "shop", .start = [me] {
                                kin::send(me, kin::spawn([] {
                                            kin::trap_exits();
                                            kin::spawn([] { kin::receive([](const word&) {}); });
                                            for (;;) kin::receive([](const kin::exited&) {});
                                          }));
                                return kin::spawn_link([] { kin::receive([](const word&) {}); });
                              }};
  app::start(shop);
  const auto stray = test::expect<kin::pid>();
  const kin::ref watch = kin::monitor(stray);
  EXPECT_EQ(app::get_application(stray), "shop");
  app::stop(shop);
  EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
  for (const kin::pid p : kin::processes()) EXPECT_NE(app::get_application(p), "shop");
}

// Whoever kills the master: the application's code is asked to stop all the same.
KIN_TEST(application, otp_16504) {
  app::start_link();
  const auto shop = telling("shop");
  start_told(shop);
  const kin::pid top = *app::top_process(shop);
  const kin::ref watch = kin::monitor(top);
  kin::exit(kin::info(top)->group_leader, kin::kill);
  expect_words({"shop prepares", "shop stops"});
  EXPECT_EQ(test::expect_down(watch).reason, kin::killed);
  test::settle();
  EXPECT_THAT(running(), IsEmpty());
}

// What a permanent application reads in its start, and cannot, ends the boot.
KIN_TEST(application, otp_3002) {
  const kin::application shop{.name = "shop", .env = {{"port", 80}}, .start = [] {
                                static_cast<void>(app::get_env<int>("port"));
                                return kin::spawn_link([] { kin::receive([](word) {}); });
                              }};
  const auto why = test::controlled([=] { EXPECT_FALSE(app::try_start(shop, kin::permanent)); },
                                    {.config = {{"shop", {{"port", "eighty"}}}}});
  const auto* failed = why.get_if<app::application_start_failure>();
  ASSERT_NE(failed, nullptr) << why;
  EXPECT_THAT(kin::to_string(failed->reason),
              testing::HasSubstr("shop.port is \"eighty\", no int"));
}

// The phases of the whole, each in it first, then in those of its parts that have it.
KIN_TEST(application, start_phases) {
  app::start_link();
  auto part = telling("part");
  part.start_phases = {{"go", "part"}, {"never", 0}};
  auto other = telling("other");
  other.start_phases = {{"init", "other"}, {"go", "other"}};
  auto whole = telling("whole");
  whole.included_applications = {&part, &other};
  whole.start_phases = {{"init", kin::settings{1, "a"}}, {"go", {}}};
  app::start(whole);
  expect_words({"whole starts", "whole phase init [1, \"a\"]", "other phase init \"other\"",
                "whole phase go []", "part phase go \"part\"", "other phase go \"other\""});
  stop_told(whole);
  app::unload(whole);

  whole.start_phases = {{"init", 1}, {"go", "fails"}};
  EXPECT_TRUE(failed_with(app::try_start(whole),
                          app::callback_failed{"whole", "start_phase(go)", exit_reason("no go")}));
  expect_words({"whole starts", "whole phase init 1", "other phase init \"other\"",
                "whole phase go \"fails\""});
  app::unload(whole);
  whole.start_phases = {{"init", "throws"}};
  EXPECT_TRUE(failed_with(
      app::try_start(whole),
      app::bad_return{
          "whole", "start_phase(init)",
          raised(exit_reason::error(std::make_exception_ptr(std::runtime_error("no way"))))}));
  expect_words({"whole starts", "whole phase init \"throws\""});
  EXPECT_THAT(running(), IsEmpty());
}

// Who may not run is started, and waits; who may not any more is ended, and waits.
KIN_TEST(application, permit_false_start_local) {
  app::start_link({.permissions = {{"shop", false}}});
  const auto shop = telling("shop");
  app::start(shop);
  EXPECT_THAT(running(), IsEmpty());
  app::permit(shop, true);
  expect_words({"shop starts"});
  EXPECT_EQ(running(), names{"shop"});
  app::permit(shop, true);
  app::permit(shop, false);
  expect_words({"shop prepares", "shop stops"});
  EXPECT_THAT(running(), IsEmpty());
  app::permit(shop, true);
  expect_words({"shop starts"});
  stop_told(shop);
  EXPECT_TRUE(failed_with(app::try_permit("ghost", true), app::not_loaded{"ghost"}));
}

// Each field can be asked for.
KIN_TEST(application, get_key) {
  app::start_link();
  const kin::application store{.name = "store"};
  const kin::application part{.name = "part"};
  const kin::application shop{.name = "shop",
                              .description = "sells things",
                              .id = "42",
                              .vsn = "1.0",
                              .applications = {&store, "clock"},
                              .optional_applications = {"clock"},
                              .included_applications = {&part},
                              .registered = {"visits"},
                              .env = {{"port", 80}},
                              .start_phases = {{"go", 1}},
                              .max_time = 1h};
  EXPECT_EQ(app::get_key(shop, &kin::application::vsn), std::nullopt);
  app::load(shop);
  EXPECT_EQ(app::get_key(shop, &kin::application::name), "shop");
  EXPECT_EQ(app::get_key(shop, &kin::application::description), "sells things");
  EXPECT_EQ(app::get_key(shop, &kin::application::id), "42");
  EXPECT_EQ(app::get_key(shop, &kin::application::vsn), "1.0");
  EXPECT_EQ(app::get_key(shop, &kin::application::applications),
            (std::vector<app::which>{"store", "clock"}));
  EXPECT_EQ(app::get_key(shop, &kin::application::optional_applications),
            (std::vector<app::which>{"clock"}));
  EXPECT_EQ(app::get_key(shop, &kin::application::included_applications),
            (std::vector<app::which>{"part"}));
  EXPECT_EQ(app::get_key(shop, &kin::application::registered), names{"visits"});
  EXPECT_EQ(app::get_key(shop, &kin::application::env), (setting_table{{"port", 80}}));
  EXPECT_EQ(app::get_key(shop, &kin::application::start_phases),
            (std::vector<app::phase>{{"go", 1}}));
  EXPECT_EQ(app::get_key(shop, &kin::application::max_time), kin::duration(1h));
  EXPECT_FALSE(app::get_key(shop, &kin::application::start).value());
  EXPECT_EQ(app::get_all_key(shop)->vsn, "1.0");
  EXPECT_FALSE(app::get_all_key("ghost"));
}

// A value, or none, or another one in its place; of one's own application without its name.
KIN_TEST(application, get_env) {
  app::start_link();
  const kin::pid me = kin::self();
  const kin::application shop{
      .name = "shop", .env = {{"port", 80}, {"hosts", kin::settings{"a", "b"}}}, .start = [me] {
        kin::send(me, word{kin::to_string(app::get_env<int>("port").value_or(0))});
        kin::send(me, word{app::get_application().value_or("none")});
        return kin::spawn_link([] { kin::receive([](word) {}); });
      }};
  app::start(shop);
  expect_words({"80", "shop"});
  EXPECT_EQ(app::get_env<int>(shop, "port"), 80);
  EXPECT_EQ(app::get_env<int>("shop", "port", 7), 80);
  EXPECT_EQ(app::get_env<int>("shop", "door"), std::nullopt);
  EXPECT_EQ(app::get_env<int>("shop", "door", 7), 7);
  EXPECT_EQ(app::get_env<int>("ghost", "port"), std::nullopt);
  EXPECT_EQ(app::get_env<names>("shop", "hosts"), (names{"a", "b"}));
  EXPECT_EQ(app::get_env("shop", "port"), setting(80));
  EXPECT_EQ(app::get_env<int>("port"), std::nullopt);  // this process is of no application
  EXPECT_EQ(app::get_application(), std::nullopt);
  EXPECT_EQ(app::get_all_env("shop").size(), 2U);
  app::stop(shop);
}

// Several at once; forgotten when one is loaded again.
KIN_TEST(application, set_env) {
  app::start_link();
  const kin::application shop{.name = "shop", .env = {{"port", 80}}};
  const kin::application store{.name = "store"};
  app::load(shop);
  app::load(store);
  app::set_env({{"shop", {{"port", 1}, {"door", 2}}}, {"store", {{"size", 3}}}});
  EXPECT_EQ(app::get_all_env("shop"), (setting_table{{"port", 1}, {"door", 2}}));
  EXPECT_EQ(app::get_all_env("store"), (setting_table{{"size", 3}}));
  app::unset_env(shop, "port");
  EXPECT_EQ(app::get_env("shop", "port"), std::nullopt);
  app::unload(shop);
  EXPECT_THAT(app::get_all_env("shop"), IsEmpty());
  app::load(shop);
  EXPECT_EQ(app::get_all_env("shop"), (setting_table{{"port", 80}}));
}

// Persistent ones stay, and stand above what the application itself says.
KIN_TEST(application, set_env_persistent) {
  app::start_link();
  const kin::application shop{.name = "shop", .env = {{"port", 80}, {"size", 5}}};
  app::set_env({{"shop", {{"port", 1}}}, {"store", {{"size", 3}}}}, {.persistent = true});
  app::load(shop);
  EXPECT_EQ(app::get_all_env("shop"), (setting_table{{"port", 1}, {"size", 5}}));
  app::unload(shop);
  app::load(shop);
  EXPECT_EQ(app::get_all_env("shop"), (setting_table{{"port", 1}, {"size", 5}}));
  EXPECT_EQ(app::get_all_env("store"), (setting_table{{"size", 3}}));
}

// What cannot be set is said, and nothing is.
KIN_TEST(application, set_env_errors) {
  app::start_link();
  const auto why = [](const app::config& all) -> std::string {
    try {
      app::set_env(all);
    } catch (const kin::error& e) {
      return e.reason() == kin::badarg ? e.what() : "another";
    }
    return "";
  };
  EXPECT_THAT(why({{"a", {{"k", 1}}}, {"", {{"k", 1}}}}),
              testing::HasSubstr("an application has a name"));
  EXPECT_THAT(why({{"shop", {{"k", 1}, {"", 2}}}}),
              testing::HasSubstr("application: shop; a setting has a name"));
  EXPECT_THAT(app::get_all_env("a"), IsEmpty());
  EXPECT_THAT(app::get_all_env("shop"), IsEmpty());
}

// The same, key by key.
KIN_TEST(application, persistent_env) {
  app::start_link();
  const kin::application shop{.name = "shop", .env = {{"a", 0}, {"b", 0}, {"c", 0}}};
  app::load(shop);
  app::set_env(shop, "a", 1, {.persistent = true});
  app::set_env(shop, "b", 1);
  app::unload(shop);
  app::load(shop);
  EXPECT_EQ(app::get_all_env("shop"), (setting_table{{"a", 1}, {"b", 0}, {"c", 0}}));
  app::unset_env(shop, "a", {.persistent = true});
  EXPECT_EQ(app::get_env("shop", "a"), std::nullopt);
  app::unload(shop);
  app::load(shop);
  EXPECT_EQ(app::get_env<int>("shop", "a"), 0);
}

// Missing ones are passed over; those that are there are started; a failing one is a failure.
KIN_TEST(application, optional_applications) {
  app::start_link();
  auto shop = telling("shop", {"ghost"});
  shop.optional_applications = {"ghost"};
  EXPECT_EQ(app::ensure_all_started(shop), names{"shop"});
  expect_words({"shop starts"});
  stop_told(shop);
  app::unload(shop);

  const auto radio = telling("radio");
  shop.applications = {&radio};
  shop.optional_applications = {"radio"};
  EXPECT_EQ(app::ensure_all_started(shop), (names{"radio", "shop"}));
  expect_words({"radio starts", "shop starts"});
  stop_told(shop);
  stop_told(radio);
  app::unload(shop);

  const auto broken = telling("broken", {}, on_start::refuses);
  shop.applications = {&broken};
  shop.optional_applications = {"broken"};
  EXPECT_TRUE(failed_with(
      app::try_ensure_all_started(shop),
      app::failed_to_start{"broken", exit_reason(app::callback_failed{"broken", "start",
                                                                      exit_reason("no stock")})}));
  expect_words({"broken starts"});
}

// Called before any application is ended, with the reason.
KIN_TEST(application, shutdown_func) {
  const kin::pid me = kin::self();
  const auto store = telling("store");
  const auto shop = telling("shop");
  const auto why = test::controlled(
      [=] {
        app::start(store);
        app::start(shop, kin::permanent);
        kin::send(*app::top_process(shop), test::end_of_top{exit_reason("fire")});
      },
      {.shutdown_func = [me](const exit_reason& reason) {
        test::settle();  // who told a word before, and who tells one after, are others
        kin::send(me, word{kin::to_string(reason)});
        test::settle();
        throw 1;  // of no consequence
      }});
  EXPECT_EQ(why, exit_reason(app::application_terminated{"shop", exit_reason("fire")}));
  expect_words({"store starts", "shop starts", "shop prepares", "shop stops", kin::to_string(why),
                "store prepares", "store stops"});
}

// One that does not end is killed when its time is over.
KIN_TEST(application, shutdown_timeout) {
  const kin::pid me = kin::self();
  const kin::application stuck{.name = "stuck", .start = [me] {
                                 return kin::spawn_link([me] {
                                   kin::trap_exits();
                                   kin::send(me, kin::self());
                                   for (;;) kin::receive([](const kin::exited&) {});
                                 });
                               }};
  const auto store = telling("store");
  const auto why = test::controlled(
      [=] {
        app::start(store);
        app::start(stuck);
        test::settle();
        kin::exit(*kin::whereis(app::controller_name), kin::shutdown);
      },
      {.shutdown_timeout = 50ms});
  EXPECT_EQ(why, kin::shutdown);
  expect_words({"store starts", "store prepares", "store stops"});
  // What would not end outlives the controller, not its own guard.
  kin::exit(test::expect<kin::pid>(), kin::kill);
}

// Who is at its top can be asked while it stops.
KIN_TEST(application, shutdown_deadlock) {
  app::start_link();
  const kin::pid me = kin::self();
  const kin::application shop{.name = "shop", .start = [me] {
                                return kin::spawn_link([me] {
                                  kin::trap_exits();
                                  kin::send(me, word{"up"});
                                  kin::receive([](const kin::exited&) {});
                                  kin::send(me, word{app::top_process("shop") ? "top" : "none"});
                                  kin::send(me,
                                            word{kin::to_string(app::which_applications().size())});
                                });
                              }};
  app::start(shop);
  expect_words({"up"});
  app::stop(shop);
  expect_words({"top", "0"});
}

// A file of one's own, gone at the end.
class scratch {
 public:
  scratch()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("kin_application_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_ / "below");
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

app::config read(const std::vector<std::string>& paths) {
  auto all = app::read_config(paths);
  EXPECT_TRUE(all) << all.error();
  return all.value_or(app::config());
}

// What files say counts for those that are loaded, and for those that are loaded later.
KIN_TEST(application, config_change) {
  const scratch dir;
  app::start_link({.config = read({dir.file("a.toml", "[shop]\nport = 1\n[store]\nsize = 1\n")})});
  const kin::application shop{.name = "shop", .env = {{"port", 0}, {"door", 0}}};
  const kin::application store{.name = "store", .env = {{"size", 0}}};
  app::load(shop);
  EXPECT_EQ(app::get_all_env("shop"), (setting_table{{"port", 1}, {"door", 0}}));
  app::change_config(read({dir.file("b.toml", "[shop]\ndoor = 2\n[store]\nsize = 2\n")}));
  EXPECT_EQ(app::get_all_env("shop"), (setting_table{{"port", 0}, {"door", 2}}));
  app::load(store);
  EXPECT_EQ(app::get_all_env("store"), (setting_table{{"size", 2}}));
}

// Of several, what a later one says stands above.
KIN_TEST(application, handle_many_config_files) {
  const scratch dir;
  const auto all =
      read({dir.file("a.toml", "[shop]\nport = 1\ndoor = 1\n"),
            dir.file("b.toml", "[shop]\nport = 2\n[store]\nsize = 1\n"), dir.file("c.toml", "")});
  EXPECT_EQ(all, (app::config{{"shop", {{"port", 2}, {"door", 1}}}, {"store", {{"size", 1}}}}));
}

// What a file includes lies beside it, wherever the program runs.
KIN_TEST(application, config_relative_paths) {
  const scratch dir;
  static_cast<void>(dir.file("below/leaf.toml", "[shop]\nport = 3\nleaf = 3\n"));
  static_cast<void>(
      dir.file("below/branch.toml", "include = [\"leaf.toml\"]\n[shop]\nport = 2\nbranch = 2\n"));
  const auto all = read({dir.file("root.toml",
                                  "include = [\"below/branch.toml\"]\n"
                                  "[shop]\nport = 1\n")});
  EXPECT_EQ(all, (app::config{{"shop", {{"port", 1}, {"branch", 2}, {"leaf", 3}}}}));
}

std::vector<std::string> reports_of(const std::string& title) {
  std::vector<std::string> all;
  for (const test::told& t : test::reports()) {
    if (t.title == title) all.push_back(t.text);
  }
  return all;
}

// Its start is progress; its end says why.
KIN_TEST(application, format_log_1) {
  app::start_link();
  const auto shop = telling("shop");
  start_told(shop, kin::transient);
  EXPECT_THAT(reports_of("PROGRESS REPORT"),
              ElementsAre("    application: shop\n    started_at: nonode@nohost"));
  stop_told(shop);
  start_told(shop);
  end_top(shop, "fire");
  EXPECT_THAT(reports_of("INFO REPORT"),
              ElementsAre("    application: shop\n    exited: stopped\n    type: transient",
                          "    application: shop\n    exited: \"fire\"\n    type: temporary"));
}

// Progress is hidden by default, an end is not.
KIN_TEST(application, format_log_2) {
  app::start_link();
  const kin::application shop{.name = "shop"};
  app::start(shop);
  app::stop(shop);
  std::map<std::string, kin::severity> levels;
  for (const test::told& t : test::reports()) levels.emplace(t.title, t.severity);
  EXPECT_EQ(levels["PROGRESS REPORT"], kin::severity::info);
  EXPECT_EQ(levels["INFO REPORT"], kin::severity::notice);
}

}  // namespace
