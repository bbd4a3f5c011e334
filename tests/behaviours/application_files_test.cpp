// SPDX-License-Identifier: Apache-2.0
// What is read of files in TOML: settings as they are, an application field by field, and where a
// file is wrong.
#include "application_files.hpp"

#include <kin/application.hpp>
#include <kin/machine.hpp>
#include <kin/process.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using kin::setting;
using kin::setting_table;
using kin::settings;
using testing::HasSubstr;
namespace app = kin::app;

std::string printed(const setting& s) {
  std::ostringstream text;
  text << s;
  return std::move(text).str();
}

setting value_of(const std::string& text) {
  const auto all = app::parse_config("[a]\nv = " + text + "\n", "a.toml");
  EXPECT_TRUE(all) << all.error();
  return all ? all->at("a").at("v") : setting("none");
}

app::bad_file fault_in(const std::string& text) {
  const auto all = app::parse_config(text, "a.toml");
  EXPECT_FALSE(all);
  const auto* why = all.error().get_if<app::bad_file>();
  return why == nullptr ? app::bad_file{} : *why;
}

// ---- settings -----------------------------------------------------------------------------------

TEST(a_setting, is_what_the_file_says) {
  EXPECT_EQ(value_of("8080"), setting(8080));
  EXPECT_EQ(value_of("0xff"), setting(255));
  EXPECT_EQ(value_of("-0.5"), setting(-0.5));
  EXPECT_EQ(value_of("true"), setting(true));
  EXPECT_EQ(value_of("\"a\\nb\""), setting("a\nb"));
  EXPECT_EQ(value_of("[1, \"a\", [true]]"), setting(settings{1, "a", settings{true}}));
  EXPECT_EQ(value_of("{host = \"a\", port = 1}"),
            setting(setting_table{{"host", "a"}, {"port", 1}}));
  EXPECT_EQ(value_of("1979-05-27"), setting("1979-05-27"));
  EXPECT_EQ(value_of("07:32:00"), setting("07:32:00"));
}

TEST(a_setting, prints_as_it_can_be_read_again) {
  const std::vector<setting> all{
      true,
      0,
      -7,
      INT64_MIN,
      INT64_MAX,
      0.5,
      1e300,
      -0.25,
      3.0,
      "",
      "a \"b\" \\ \n\t\x01\x7f ü",
      settings{},
      settings{1, "a"},
      setting_table{},
      setting_table{{"bare-key_1", 1}, {"a b", settings{setting_table{{"", 2}}}}}};
  for (const setting& one : all) EXPECT_EQ(value_of(printed(one)), one) << printed(one);
  EXPECT_EQ(printed(value_of("inf")), "inf");
  EXPECT_EQ(printed(value_of("-inf")), "-inf");
  EXPECT_EQ(printed(value_of("nan")), "nan");
}

TEST(a_setting, is_given_as_what_it_fits_into) {
  EXPECT_EQ(setting(7).as<int>(), 7);
  EXPECT_EQ(setting(7).as<double>(), 7.0);
  EXPECT_EQ(setting(7.0).as<int>(), std::nullopt);
  EXPECT_EQ(setting(-1).as<unsigned>(), std::nullopt);
  EXPECT_EQ(setting(256).as<unsigned char>(), std::nullopt);
  EXPECT_EQ(setting(true).as<int>(), std::nullopt);
  EXPECT_EQ(setting(1).as<bool>(), std::nullopt);
  EXPECT_EQ(setting("7").as<int>(), std::nullopt);
  EXPECT_EQ(setting("7").as<std::string>(), "7");
  EXPECT_EQ(setting(settings{1, 2}).as<std::vector<int>>(), (std::vector<int>{1, 2}));
  EXPECT_EQ(setting(settings{1, "a"}).as<std::vector<int>>(), std::nullopt);
  EXPECT_EQ(setting().as<std::vector<int>>(), std::vector<int>{});
  using ports = std::map<std::string, std::vector<int>>;
  EXPECT_EQ(setting(setting_table{{"a", settings{1}}}).as<ports>(), (ports{{"a", {1}}}));
  EXPECT_EQ(setting(setting_table{{"a", 1}}).as<ports>(), std::nullopt);
  EXPECT_EQ(setting(7).as<setting>(), setting(7));
}

// ---- configuration files ------------------------------------------------------------------------

TEST(a_configuration, that_is_wrong_says_where) {
  EXPECT_EQ(fault_in("[shop]\nport = \n").line, 2U);
  EXPECT_EQ(fault_in("port = 1\n"),
            (app::bad_file{"a.toml", 1, 8, "port is neither an application's table nor include"}));
  EXPECT_THAT(fault_in("include = [1]").text, HasSubstr("include is a list of names"));
  EXPECT_THAT(fault_in("[shop]\nport = 1\nport = 2\n").text, HasSubstr("redefine"));
  EXPECT_THAT(kin::to_string(kin::exit_reason(fault_in("[shop\n"))), HasSubstr("a.toml:1:"));
  EXPECT_NE(fault_in("wdo\xc3\xac = 1").line, 0U);
  EXPECT_EQ(fault_in("[\nshop]o").text, "is not understood here");  // the parser's own blind spot
}

TEST(a_configuration, that_is_nested_too_deep_is_refused) {
  const std::string deep(1000, '[');
  EXPECT_THAT(fault_in("[a]\nv = " + deep).text, HasSubstr("exceeded"));
  // Also where stacks are small.
  kin::machine machine({.workers = 1});
  EXPECT_EQ(machine.run([&] {
    const std::string most(60, '[');
    const std::string ends(60, ']');
    if (!app::parse_config("[a]\nv = " + most + ends, "a.toml")) kin::exit("not read");
    if (app::parse_config("[a]\nv = " + deep, "a.toml")) kin::exit("read");
  }),
            kin::normal);
}

TEST(a_configuration, that_cannot_be_read_says_why) {
  const auto missing = app::read_config({"/no/such.toml"});
  EXPECT_EQ(missing.error(),
            kin::exit_reason(app::bad_file{"/no/such.toml", 0, 0, "No such file or directory"}));
  EXPECT_EQ(app::read_config({"/"}).error(),
            kin::exit_reason(app::bad_file{"/", 0, 0, "is a folder"}));
}

TEST(a_configuration, that_includes_itself_is_refused) {
  const std::string path = testing::TempDir() + "kin_circle_" + std::to_string(getpid()) + ".toml";
  const std::string name = std::filesystem::path(path).filename().string();
  std::ofstream(path) << "include = [\"" << name << "\"]\n";
  const auto all = app::read_config({path});
  std::filesystem::remove(path);
  const auto* why = all.error().get_if<app::bad_file>();
  ASSERT_NE(why, nullptr) << all.error();
  EXPECT_EQ(why->text, "includes itself");
}

// ---- applications -------------------------------------------------------------------------------

TEST(an_application_file, says_every_field) {
  const auto read = app::parse_application(R"(
name = "shop"
description = "sells things"
id = "42"
vsn = "1.0"
applications = ["store", "clock"]
optional_applications = ["clock"]
included_applications = ["till"]
registered = ["visits"]
max_time = 1.5
start_phases = ["init", {name = "go", arguments = [1, "a"]}]
[env]
port = 8080
)",
                                           "shop.toml");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->name, "shop");
  EXPECT_EQ(read->description, "sells things");
  EXPECT_EQ(read->id, "42");
  EXPECT_EQ(read->vsn, "1.0");
  EXPECT_EQ(read->applications, (std::vector<app::which>{"store", "clock"}));
  EXPECT_EQ(read->optional_applications, (std::vector<app::which>{"clock"}));
  EXPECT_EQ(read->included_applications, (std::vector<app::which>{"till"}));
  EXPECT_EQ(read->registered, (std::vector<std::string>{"visits"}));
  EXPECT_EQ(read->max_time, kin::duration(std::chrono::milliseconds(1500)));
  EXPECT_EQ(read->start_phases, (std::vector<app::phase>{{"init", {}}, {"go", settings{1, "a"}}}));
  EXPECT_EQ(read->env, (setting_table{{"port", 8080}}));
  EXPECT_FALSE(read->start);
}

TEST(an_application_file, leaves_what_it_does_not_say) {
  const auto read = app::parse_application(
      "vsn = \"2\"\n", "shop.toml",
      {.name = "shop", .vsn = "1", .env = {{"port", 1}}, .start = [] { return kin::pid{}; }});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->name, "shop");
  EXPECT_EQ(read->vsn, "2");
  EXPECT_EQ(read->env, (setting_table{{"port", 1}}));
  EXPECT_TRUE(read->start);
}

TEST(an_application_file, that_is_wrong_says_what_and_where) {
  const auto fault = [](const std::string& text) {
    const auto read = app::parse_application(text, "a.toml");
    return read ? "none" : kin::to_string(read.error());
  };
  EXPECT_EQ(fault(""), "a.toml: an application has a name");
  EXPECT_EQ(fault("name = 1"), "a.toml:1:8: name is text");
  EXPECT_EQ(fault("name = \"a\"\nport = 1"), "a.toml:2:8: an application has no port");
  EXPECT_EQ(fault("applications = \"a\""), "a.toml:1:16: applications is a list of names");
  EXPECT_EQ(fault("registered = [1]"), "a.toml:1:15: registered is a list of names");
  EXPECT_EQ(fault("env = 1"), "a.toml:1:7: env is a table");
  EXPECT_EQ(fault("max_time = 0"), "a.toml:1:12: max_time is a number of seconds, above 0");
  EXPECT_EQ(fault("max_time = nan"), "a.toml:1:12: max_time is a number of seconds, above 0");
  EXPECT_EQ(fault("start_phases = 1"), "a.toml:1:16: start_phases is a list");
  EXPECT_EQ(fault("start_phases = [{name = \"a\", b = 1}]"),
            "a.toml:1:34: a phase has a name and arguments, no b");
  EXPECT_EQ(fault("start_phases = [1]"),
            "a.toml:1:17: a phase is its name, or {name = \"...\", arguments = ...}");
}

// ---- a word of the command line -----------------------------------------------------------------

TEST(an_assignment, is_a_value_or_text) {
  app::config all;
  for (const char* one :
       {"shop.port=80", "shop.name=Ada's", "shop.hosts=[\"a\"]", "shop.on=true",
        "store.path=/var/lib", "store.none=", "store.at=127.0.0.1", "store.two=1\nv = 2"})
    EXPECT_TRUE(kin::detail::parse_assignment(one, all)) << one;
  EXPECT_EQ(all,
            (app::config{
                {"shop", {{"port", 80}, {"name", "Ada's"}, {"hosts", settings{"a"}}, {"on", true}}},
                {"store",
                 {{"path", "/var/lib"}, {"none", ""}, {"at", "127.0.0.1"}, {"two", "1\nv = 2"}}}}));
}

TEST(an_assignment, that_is_none_is_refused) {
  app::config all;
  for (const char* one : {"", "shop", "shop.port", "port=1", ".a=1", "a.=1", "a.b.c=1", "a.b=[1",
                          "a.b={", "a.b=\"x", "a.b='"}) {
    const auto done = kin::detail::parse_assignment(one, all);
    EXPECT_FALSE(done) << one;
    if (done) continue;
    EXPECT_THAT(kin::to_string(done.error()), HasSubstr("--set ")) << one;
  }
  EXPECT_TRUE(all.empty());
}

}  // namespace
