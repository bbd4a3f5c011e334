// SPDX-License-Identifier: Apache-2.0
// logger_formatter: how an event becomes text. otp-semantics 10.3; what is expected to the letter is
// what OTP 25 prints for the same options, but for how it writes terms.
#include <kin/gtest.hpp>
#include <kin/logger.hpp>

#include "support/expect.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using testing::HasSubstr;
using testing::StartsWith;

namespace logger = kin::logger;
using logger::formatter;
using logger::formatter_options;
using logger::key;
using logger::level;
using logger::report;
using logger::when;

constexpr std::chrono::microseconds some_time{1'600'000'000'123'456};

logger::event said(std::string text, level l = level::info) {
  logger::event e{.level = l, .msg = std::move(text)};
  e.meta.time = std::chrono::system_clock::time_point(some_time);
  return e;
}
logger::event said(report fields) {
  logger::event e = said(std::string());
  e.msg = std::move(fields);
  return e;
}
logger::event said(logger::formatted text) {
  logger::event e = said(std::string());
  e.msg = std::move(text);
  return e;
}
// In UTC, wherever the test runs.
std::string shown(const logger::event& e, formatter_options how = {}) {
  if (how.time_offset.empty()) how.time_offset = "+00:00";
  return formatter(std::move(how)).format(e);
}
// The message alone.
std::string message(const logger::event& e, formatter_options how = {}) {
  how.pattern = {key("msg")};
  return shown(e, std::move(how));
}
const std::string begin = "2020-09-13T12:26:40.123456+00:00 info: ";

TEST(logfmt, default) {
  EXPECT_EQ(shown(said("term")), begin + "term\n");
  EXPECT_EQ(shown(said("a\nb\n  c,\n d")), begin + "a, b, c, d\n");
  EXPECT_EQ(shown(said(report{{"a", 1}, {"b", "x"}, {"c", std::vector{1, 2, 3}}})),
            begin + "a: 1, b: x, c: [1, 2, 3]\n");
  EXPECT_THAT(formatter().format(said("here")), testing::EndsWith(" info: here\n"));
}

TEST(logfmt, legacy_header) {
  EXPECT_EQ(shown(said("term"), {.legacy_header = true}),
            "=INFO REPORT==== 13-Sep-2020::12:26:40.123456 ===\nterm\n");
  EXPECT_EQ(shown(said("term"), {.legacy_header = true, .time_offset = "Z"}),
            "=INFO REPORT==== 13-Sep-2020::12:26:40.123456 UTC ===\nterm\n");
  logger::event titled = said("a\nb", level::error);
  titled.meta.title = "MY TITLE";
  EXPECT_EQ(shown(titled, {.single_line = false, .legacy_header = true}),
            "=MY TITLE==== 13-Sep-2020::12:26:40.123456 ===\na\nb\n\n");
  logger::event early = said("x", level::emergency);
  early.meta.time = {};
  EXPECT_EQ(shown(early, {.legacy_header = true}),
            "=EMERGENCY REPORT==== 1-Jan-1970::00:00:00.000000 ===\nx\n");
}

TEST(logfmt, error_logger_notice_header) {
  EXPECT_THAT(shown(said("x", level::notice), {.legacy_header = true}),
              StartsWith("=INFO REPORT===="));
  EXPECT_THAT(shown(said("x", level::notice), {.legacy_header = true, .notice_is_info = false}),
              StartsWith("=NOTICE REPORT===="));
  EXPECT_THAT(shown(said("x", level::error), {.legacy_header = true, .notice_is_info = false}),
              StartsWith("=ERROR REPORT===="));
}

TEST(logfmt, single_line) {
  EXPECT_EQ(shown(said("a\r\n\n  b ,\n\tc\n")), begin + "a, b , c\n");
  EXPECT_EQ(shown(said("a\nb"), {.single_line = false}),
            "2020-09-13T12:26:40.123456+00:00 info:\na\nb\n");
  EXPECT_EQ(message(said(report{{"a", 1}, {"b", "x\ny"}})), "a: 1, b: x, y");
  EXPECT_EQ(message(said(report{{"a", 1}, {"b", "x\ny"}}), {.single_line = false}),
            "    a: 1\n    b: x\ny");
}

TEST(logfmt, template) {
  logger::event e = said("m");
  e.meta.pid = kin::pid();
  e.meta.domain = "shop.cart";
  e.meta.more = {{"a.b", "c"}, {"a.d", "e"}, {"s", "str"}};
  EXPECT_EQ(shown(e, {.pattern = {key("level"), ":", key("a.b"), "-", key("a"), "-", key("s"), "-",
                                  key("x.y"), "-", key("domain"), "\n"}}),
            "info:c-[b: c, d: e]-str--shop.cart\n");
  EXPECT_EQ(shown(e, {.pattern = {when("s", {"has ", key("s")}, {"no"}), ";",
                                  when("pid", {"pid"}, {"no pid"}), ";", when("foo", {"foo"}), ";",
                                  when("msg", {key("msg")})}}),
            "has str;no pid;;m");
  EXPECT_EQ(shown(e, {.pattern = {key("msg"), "\n", key("msg")}}), "m\nm");
}

TEST(logfmt, format_msg) {
  EXPECT_EQ(message(said("a string with {} in it")), "a string with {} in it");
  EXPECT_EQ(message(said(logger::formatted{"{} and {{}} and {}", {"1", "[2, 3]"}})),
            "1 and {} and [2, 3]");
  EXPECT_EQ(message(said(report{{"label", "x"}})), "label: x");
  EXPECT_EQ(message(said(report{})), "");
}

TEST(logfmt, report_cb) {
  const auto one = [](const report& r) { return "fmt " + *r.find("a"); };
  const auto two = [](const report& /*r*/, const kin::report_layout& l) {
    return std::to_string(l.depth) + (l.single_line ? " on one line" : " on many");
  };
  const auto bad = [](const report& /*r*/) -> std::string { throw std::runtime_error("bar"); };
  report r{{"a", "[[1]]"}};
  r.text = one;
  EXPECT_EQ(message(said(r)), "fmt [[1]]");
  EXPECT_EQ(message(said(r), {.depth = 1}), "fmt [[...]]") << "it knows no limits";
  EXPECT_EQ(message(said(r), {.report_text = two}), "0 on one line") << "the option counts";
  r.text = two;
  EXPECT_EQ(message(said(r), {.single_line = false, .depth = 5}), "5 on many");
  r.text = bad;
  EXPECT_THAT(message(said(r)),
              testing::AllOf(StartsWith("REPORT_CB CRASH: a: [[1]]; Reason: "), HasSubstr("bar")));
  logger::event e = said(report{{"a", 1}});
  e.meta.report_text = one;
  EXPECT_EQ(message(e), "fmt 1") << "of the metadata";
}

TEST(logfmt, max_size) {
  const std::string long_text(100, 'a');
  EXPECT_EQ(shown(said(long_text), {.max_size = 60}), begin + std::string(17, 'a') + "...\n");
  EXPECT_EQ(shown(said(long_text), {.pattern = {key("msg")}, .max_size = 60}),
            std::string(57, 'a') + "...");
  EXPECT_EQ(shown(said("short"), {.max_size = 60}), begin + "short\n");
  EXPECT_EQ(message(said(std::string(20, 'a') + "\u00e9\u00e9\u00e9"), {.max_size = 24}),
            std::string(20, 'a') + "...")
      << "a letter was cut in two";
}

TEST(logfmt, depth) {
  EXPECT_EQ(message(said("[a,[b,[c,[d]]],e]"), {.depth = 2}), "[a,[b,[...]],e]");
  EXPECT_EQ(message(said(logger::formatted{"{}", {"f{g{h{1}}, \"]\"}"}}), {.depth = 1}),
            "f{g{...}, \"]\"}");
  EXPECT_EQ(message(said(report{{"x", "[[[1]]]"}, {"y", "[2]"}}), {.depth = 1}),
            "x: [[...]], y: [2]");
}

TEST(logfmt, chars_limit) {
  EXPECT_EQ(message(said(std::string(100, 'a')), {.chars_limit = 20}),
            std::string(17, 'a') + "...");
  const std::string line = shown(said(std::string(100, 'a')), {.chars_limit = 50});
  EXPECT_EQ(line, begin + std::string(7, 'a') + "...\n") << "the rest of the line counts too";
  EXPECT_EQ(message(said(report{{"a", std::string(100, 'x')}, {"b", "short"}, {"c", 1}}),
                    {.chars_limit = 60}),
            "a: " + std::string(24, 'x') + "..., b: short, c: 1")
      << "what short values leave, long ones may have";
}

TEST(logfmt, format_mfa) {
  logger::event e = said("m");
  EXPECT_EQ(shown(e, {.pattern = {key("mfa"), "|", key("file"), "|", key("line")}}), "||");
  e.meta.where = {"src/shop.cpp", 42, "sell"};
  EXPECT_EQ(shown(e, {.pattern = {key("mfa"), " ", key("file"), ":", key("line")}}),
            "sell src/shop.cpp:42");
}

TEST(logfmt, format_time) {
  const auto time = [](formatter_options how) {
    how.pattern = {key("time")};
    return formatter(std::move(how)).format(said(""));
  };
  EXPECT_EQ(time({.time_offset = "Z"}), "2020-09-13T12:26:40.123456Z");
  EXPECT_EQ(time({.time_offset = "+02:00"}), "2020-09-13T14:26:40.123456+02:00");
  EXPECT_EQ(time({.time_designator = ' ', .time_offset = "-03:30"}),
            "2020-09-13 08:56:40.123456-03:30");
  EXPECT_THAT(time({}), testing::ContainsRegex("^2020-09-1[34]T.*[+-][0-9][0-9]:[0-9][0-9]$"));
}

TEST(logfmt, level_or_msg_in_meta) {
  logger::event e = said("m");
  e.meta.more = {{"level", "mylevel"}, {"msg", "metamsg"}, {"time", "never"}};
  EXPECT_EQ(shown(e, {.pattern = {key("level"), ";", key("msg")}}), "info;m");
}

TEST(logfmt, faulty_log) {
  for (const level l : {level::none, level::all}) {
    EXPECT_THROW(static_cast<void>(formatter().format(said("x", l))), kin::error);
    EXPECT_THROW(logger::log(said("x", l)), kin::error);
  }
}

TEST(logfmt, faulty_config) {
  try {
    const formatter bad({.depth = 0});
    FAIL() << "a depth of 0";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::exit_reason(logger::invalid_formatter{"depth", "0"}));
    EXPECT_EQ(kin::to_string(e.reason()), "{invalid_formatter_config, {depth, 0}}");
  }
}

TEST(logfmt, faulty_msg) {
  EXPECT_EQ(message(said(logger::formatted{"{} {}", {"a"}})), "FORMAT ERROR: \"{} {}\" - [a]");
  EXPECT_EQ(message(said(logger::formatted{"{}", {}})), "FORMAT ERROR: \"{}\" - []");
  EXPECT_EQ(message(said(logger::formatted{"x", {"a", "b"}})), "FORMAT ERROR: \"x\" - [a, b]");
  const formatter crashes(
      [](const logger::event&) -> std::string { throw std::runtime_error("no ink"); });
  EXPECT_THAT(crashes.format(said("text")),
              testing::AllOf(HasSubstr("FORMATTER CRASH: "), HasSubstr("no ink"),
                             testing::EndsWith(": text\n")));
}

TEST(logfmt, check_config) {
  using logger::invalid_formatter;
  EXPECT_EQ(logger::check({}), std::nullopt);
  EXPECT_EQ(logger::check({.depth = 1, .chars_limit = 1, .max_size = 1, .time_offset = "+25:00"}),
            std::nullopt);
  EXPECT_EQ(logger::check({.depth = 0}), (invalid_formatter{"depth", "0"}));
  EXPECT_EQ(logger::check({.chars_limit = 0}), (invalid_formatter{"chars_limit", "0"}));
  EXPECT_EQ(logger::check({.max_size = 0}), (invalid_formatter{"max_size", "0"}));
  for (const char* bad : {"bad", "02:00", "+2:00", "+02:60", "+0a:00", "+02.00"})
    EXPECT_EQ(logger::check({.time_offset = bad}), (invalid_formatter{"time_offset", bad}));
  EXPECT_EQ(logger::check({.pattern = {"text", when("x", {key("")})}})->option, "pattern");
}

KIN_TEST(logfmt, update_config) {
  std::vector<std::string> all;
  logger::add_handler(
      "it", logger::to_function([&](level, std::string_view text) { all.emplace_back(text); }),
      {.formatter = formatter({.pattern = {key("msg")}})});
  logger::error("a\nb");
  auto how = logger::get_handler_config("it");
  formatter_options changed = how.formatter.options();
  changed.single_line = false;
  how.formatter = formatter(changed);
  logger::set_handler_config("it", how);
  logger::error("a\nb");
  EXPECT_TRUE(logger::get_handler_config("it").formatter.options().pattern.size() == 1);
  logger::remove_handler("it");
  EXPECT_THAT(all, testing::ElementsAre("a, b", "a\nb"));
}

}  // namespace
