// SPDX-License-Identifier: Apache-2.0
// `ppool count`, stopped in the middle: it says what it has, leaves nothing behind, and ends by
// itself.
#include "ppool_grep.hpp"
#include "ppool_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using ppool::test::endless;
using ppool::test::program;
using std::filesystem::path;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAreArray;

// One worker counts what is before, is held, and what is behind waits for its turn.
class ppool_count : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"--limit", "1", "x", before_, held_.name(), behind_});
    return options;
  }
  [[nodiscard]] std::vector<path> all_files() const {
    const std::filesystem::recursive_directory_iterator all(home_.path());
    return {begin(all), end(all)};
  }

  const ppool::test::scratch home_;
  const std::string before_ = home_.file("before", "x\n");
  const std::string behind_ = home_.file("behind", "x\n");
  endless held_{home_ / "held"};
};

class ppool_count_after : public ppool_count, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(signals, ppool_count_after, testing::Values(SIGINT, SIGTERM),
                         [](const auto& number) { return ::sigabbrev_np(number.param); });

TEST_P(ppool_count_after, says_what_it_has_counted_and_that_it_is_not_all) {
  program ppool(home_.path(), words());
  held_.await_reader();

  ppool.signal(GetParam());

  const auto end = ppool.await_end();
  EXPECT_EQ(end.code, 128 + GetParam());
  EXPECT_EQ(end.out, before_ + ":1\n");
  EXPECT_THAT(end.err, ContainsRegex("ppool: 1 matching line in 1 of 1 file; 2 B in [0-9.]+ s, "
                                     "stopped before the end\n"));
}

TEST_P(ppool_count_after, does_not_list_a_file_that_was_read_in_part) {
  program ppool(home_.path(), words({"--all"}));
  held_.await_reader();
  held_.say("x\nx\nx");

  ppool.signal(GetParam());

  EXPECT_EQ(ppool.await_end().out, before_ + ":1\n");
}

TEST_P(ppool_count_after, writes_a_whole_document_that_says_so) {
  program ppool(home_.path(), words({"--json"}));
  held_.await_reader();

  ppool.signal(GetParam());

  const auto end = ppool.await_end();
  EXPECT_EQ(end.code, 128 + GetParam());
  const auto document = nlohmann::json::parse(end.out);
  EXPECT_EQ(document.at("stopped"), true);
  EXPECT_EQ(document.at("totals").at("files"), 1);
  EXPECT_EQ(document.at("errors").size(), 0U);
}

TEST_P(ppool_count_after, stops_all_workers_of_all_pools) {
  endless second(home_ / "second");
  endless third(home_ / "third");
  program ppool(home_.path(), {"--pools", "left=2", "--pools", "right=1", "x", held_.name(),
                               second.name(), third.name()});
  for (endless* each : {&held_, &second, &third}) each->await_reader();

  ppool.signal(GetParam());

  const auto end = ppool.await_end();
  EXPECT_EQ(end.code, 128 + GetParam());
  EXPECT_EQ(end.out, "");
  EXPECT_THAT(end.err, HasSubstr("ppool: 0 matching lines in 0 of 0 files"));
}

TEST_P(ppool_count_after, leaves_no_file_behind) {
  const auto files_before = all_files();
  program ppool(home_.path(), words());
  held_.await_reader();

  ppool.signal(GetParam());

  ppool.await_end();
  EXPECT_THAT(all_files(), UnorderedElementsAreArray(files_before));
}

TEST_F(ppool_count, takes_its_bar_away_when_ctrl_c_is_typed) {
  program ppool(home_.path(), words(), program::errors_to::terminal);
  held_.await_reader();
  ppool.await_error_text("] 1 of 3 files");

  ppool.type("\x03");

  const auto end = ppool.await_end();
  EXPECT_EQ(end.code, 128 + SIGINT);
  EXPECT_THAT(end.err.substr(end.err.rfind('\r')), StartsWith("\r\x1b[Kppool: 1 matching line"));
}

// It lists more than its standard output holds, and nobody reads.
class ppool_count_unread : public ppool_count {
 protected:
  [[nodiscard]] std::vector<std::string> many_and(const std::vector<std::string>& last) const {
    std::vector<std::string> words{"--limit", "1", "x"};
    words.insert(words.end(), program::out_bytes / 10, before_);
    words.insert(words.end(), last.begin(), last.end());
    return words;
  }
};

TEST_F(ppool_count_unread, ends_at_once_after_a_second_ctrl_c) {
  program ppool(home_.path(), many_and({held_.name()}));
  held_.await_reader();

  ppool.signal(SIGINT);
  ppool.await_full_out();
  ppool.signal(SIGINT);

  ppool.await_end_unread();
  EXPECT_EQ(ppool.await_end().code, 128 + SIGINT);
}

TEST_F(ppool_count_unread, is_not_blamed_for_waiting) {
  const auto blamed = [this] {
    program ppool(home_.path(), many_and({}));
    ppool.await_full_out();
    std::this_thread::sleep_for(300ms);  // what holds a worker is blamed after 100
    const auto end = ppool.await_end();
    EXPECT_EQ(end.code, 0);
    return end.err.find("LONG SCHEDULE") != std::string::npos;
  };
  // Where the whole machine stands still for a while anybody may be, but not three times.
  EXPECT_FALSE(blamed() && blamed() && blamed());
}

}  // namespace
