// SPDX-License-Identifier: Apache-2.0
// What fmt writes of kin's types and of a program's own.
#include <kin/fmt.hpp>
#include <kin/info.hpp>
#include <kin/result.hpp>
#include <kin/timer.hpp>

#include "support/expect.hpp"

#include <fmt/ranges.h>

#include <sstream>
#include <string>
#include <vector>

namespace shop {
struct order {
  std::string item;
  kin::pid customer;
};
struct label {
  std::string text;
};
struct clerk {};
}  // namespace shop

template <>
struct fmt::formatter<shop::label> : kin::formatter {};

namespace {

using namespace kin::literals;

/// What a stream shows.
template <class T>
std::string streamed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST(fmt, writes_what_a_stream_shows_of_kins_words) {
  test::run([] {
    const kin::pid me = kin::self();
    const kin::ref ref = kin::make_ref();
    EXPECT_EQ(fmt::format("{}", me), streamed(me));
    EXPECT_EQ(fmt::format("{}", ref), streamed(ref));
    EXPECT_EQ(fmt::format("{}", kin::down{ref, me, kin::killed}),
              streamed(kin::down{ref, me, kin::killed}));
    EXPECT_EQ(fmt::format("{}", kin::exited{me, "x"}), streamed(kin::exited{me, "x"}));
    EXPECT_EQ(fmt::format("{}", kin::already_started{me}), streamed(kin::already_started{me}));
    EXPECT_EQ(fmt::format("{}", kin::server<shop::clerk>{me}), streamed(me));
    EXPECT_EQ(fmt::format("{}", kin::name<shop::clerk>("till")), "till");
    EXPECT_EQ(fmt::format("{}", kin::process_status::waiting), "waiting");
  });
}

TEST(fmt, writes_exit_reasons_of_all_kinds) {
  EXPECT_EQ(fmt::format("{}", kin::normal), "normal");
  EXPECT_EQ(fmt::format("{}", kin::exit_reason(kin::timed_out)), "timeout");
  EXPECT_EQ(fmt::format("{}", kin::exit_reason("text")), "\"text\"");
  EXPECT_EQ(fmt::format("{}", kin::shutdown(3)), streamed(kin::shutdown(3)));
}

TEST(fmt, writes_what_a_message_holds) {
  EXPECT_EQ(fmt::format("{}", kin::message::of(shop::label{"eggs"})), "shop::label{\"eggs\"}");
  EXPECT_EQ(fmt::format("{}", kin::message{}), "(empty)");
}

TEST(fmt, writes_results_and_kins_aggregates) {
  EXPECT_EQ(fmt::format("{}", kin::result<int>(3)), "3");
  EXPECT_EQ(fmt::format("{}", kin::result<void>(kin::noproc)), "{error, noproc}");
  EXPECT_EQ(fmt::format("{}", kin::timer_read{kin::ref{}, kin::duration(2s)}),
            "kin::timer_read{#Ref<0.0>, 2s}");
}

TEST(fmt, writes_any_value_that_is_given_as_printed) {
  const shop::order order{"egg", kin::pid{}};
  EXPECT_EQ(fmt::format("{}", kin::printed(order)), R"(shop::order{"egg", <0.0.0>})");
  EXPECT_EQ(streamed(kin::printed(order)), kin::to_string(order));
  EXPECT_EQ(fmt::format("{}", kin::printed(std::vector<shop::order>{})), "[]");
}

TEST(fmt, writes_a_type_whose_formatter_derives_from_kins) {
  EXPECT_EQ(fmt::format("{}", shop::label{"eggs"}), "shop::label{\"eggs\"}");
}

TEST(fmt, takes_the_formats_of_text) {
  EXPECT_EQ(
      fmt::format("{:>8}|{:*<8}|{:^8}|{:.2}", kin::normal, kin::pid{}, kin::ref{}, kin::noproc),
      "  normal|<0.0.0>*|#Ref<0.0>|no");
}

TEST(fmt, leaves_what_is_not_kins_to_its_own_formatters) {
  EXPECT_EQ(fmt::format("{}", std::vector<kin::atom>{kin::normal, kin::killed}),
            "[normal, killed]");
  static_assert(!fmt::is_formattable<shop::order>::value);
  static_assert(!fmt::is_formattable<shop::clerk>::value);
}

}  // namespace
