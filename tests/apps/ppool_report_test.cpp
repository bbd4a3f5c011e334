// SPDX-License-Identifier: Apache-2.0
#include "count/print.hpp"
#include "count/report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using namespace std::chrono_literals;
using ppool::file_count;
using ppool::report;

file_count counted(std::string path, std::uint64_t matches, bool binary = false) {
  return {.path = std::move(path), .lines = 10, .bytes = 100, .matches = matches, .binary = binary};
}

file_count failed(std::string path, std::errc why) {
  return {.path = std::move(path), .lines = 3, .matches = 2, .error = std::make_error_code(why)};
}

report of(std::vector<file_count> files, bool stopped = false) {
  report all{"a+", {{"count", 4, {}}}};
  for (auto& file : files) all.add(std::move(file), 0);
  all.finish(1500ms, stopped);
  return all;
}

TEST(report, lists_files_with_a_match_byte_by_byte) {
  const auto all = of({counted("b", 2), counted("a/x", 1), counted("a.x", 3), counted("c", 0)});

  EXPECT_EQ(ppool::listing(all, false), "a.x:3\na/x:1\nb:2\n");
}

TEST(report, lists_files_without_a_match_only_if_asked) {
  EXPECT_EQ(ppool::listing(of({counted("b", 2), counted("a", 0)}), true), "a:0\nb:2\n");
}

TEST(report, sums_up_only_what_was_counted_to_its_end) {
  const auto all = of({counted("a", 2), counted("b", 0, true), failed("c", std::errc::io_error)});

  EXPECT_EQ(all.sum(), (ppool::totals{.files = 2,
                                      .matched_files = 1,
                                      .binary_files = 1,
                                      .lines = 20,
                                      .matches = 2,
                                      .bytes = 200}));
  EXPECT_EQ(ppool::listing(all, true), "a:2\nb:0\n");
}

TEST(report, leaves_with_the_exit_codes_of_grep) {
  EXPECT_EQ(of({counted("a", 1), counted("b", 0)}).exit_code(), 0);
  EXPECT_EQ(of({counted("a", 0)}).exit_code(), 1);
  EXPECT_EQ(of({}).exit_code(), 1);
  EXPECT_EQ(of({counted("a", 1), failed("b", std::errc::permission_denied)}).exit_code(), 2);
  EXPECT_EQ(of({counted("a", 1)}, true).exit_code(), 130);
}

TEST(report, counts_a_directory_that_failed_among_the_errors) {
  report all{"a", {{"count", 4, {}}}};
  all.add(counted("a", 1), 0);
  all.add(ppool::failure{"shut", "Permission denied"});
  all.finish(1ms, false);

  EXPECT_EQ(all.exit_code(), 2);
  EXPECT_NE(ppool::summary(all).find("ppool: shut: Permission denied\n"), std::string::npos);
}

TEST(report, takes_a_file_cut_short_by_a_stop_for_no_failure) {
  const auto all = of({counted("a", 1), failed("b", std::errc::operation_canceled)}, true);

  EXPECT_TRUE(all.failures().empty());
  EXPECT_EQ(all.sum().files, 1U);
}

TEST(summary, says_the_totals_in_one_line) {
  EXPECT_EQ(ppool::summary(of({counted("a", 2), counted("b", 0)})),
            "ppool: 2 matching lines in 1 of 2 files; 200 B in 1.50 s\n");
}

TEST(summary, names_failures_in_order_and_binary_files_that_matched) {
  EXPECT_EQ(ppool::summary(of({failed("z", std::errc::io_error), counted("bin", 1, true),
                               counted("bin0", 0, true), failed("c", std::errc::is_a_directory)})),
            "ppool: c: Is a directory\n"
            "ppool: z: Input/output error\n"
            "ppool: bin: binary file matches\n"
            "ppool: 1 matching line in 1 of 2 files; 200 B in 1.50 s, 2 binary, 2 errors\n");
}

TEST(summary, says_that_the_run_was_stopped) {
  EXPECT_NE(ppool::summary(of({}, true)).find(", stopped before the end\n"), std::string::npos);
}

TEST(summary, says_what_each_of_several_pools_did) {
  report all{"a", {{"fast", 8, {}}, {"slow", 1, {}}}};
  all.add(counted("a", 1), 0);
  all.add(counted("b", 1), 1);
  all.add(counted("c", 1), 0);
  all.finish(1ms, false);

  EXPECT_EQ(ppool::summary(all).substr(0, ppool::summary(all).find("ppool: 3")),
            "ppool: pool fast, 8 workers: 2 files, 200 B\n"
            "ppool: pool slow, 1 worker: 1 file, 100 B\n");
}

TEST(json, holds_all_that_is_known) {
  report all{"a+", {{"fast", 8, {}}, {"slow", 2, {}}}};
  all.add(counted("b", 2), 1);
  all.add(counted("a", 0, true), 0);
  all.add(failed("c", std::errc::io_error), 0);
  all.finish(1500ms, false);

  const auto found = nlohmann::json::parse(ppool::json(all));

  EXPECT_EQ(found["regex"], "a+");
  EXPECT_EQ(found["stopped"], false);
  EXPECT_EQ(found["seconds"], 1.5);
  EXPECT_EQ(found["totals"], nlohmann::json::parse(R"({"files": 2, "matched_files": 1,
      "binary_files": 1, "lines": 20, "matches": 2, "bytes": 200})"));
  EXPECT_EQ(found["files"], nlohmann::json::parse(R"([
      {"path": "a", "matches": 0, "lines": 10, "bytes": 100, "binary": true, "pool": "fast"},
      {"path": "b", "matches": 2, "lines": 10, "bytes": 100, "binary": false, "pool": "slow"}])"));
  EXPECT_EQ(found["errors"],
            nlohmann::json::parse(R"([{"path": "c", "error": "Input/output error"}])"));
  EXPECT_EQ(found["pools"][1], nlohmann::json::parse(R"({"name": "slow", "limit": 2, "files": 1,
      "matched_files": 1, "binary_files": 0, "lines": 10, "matches": 2, "bytes": 100})"));
}

TEST(json, is_json_even_with_a_path_that_is_no_text) {
  const auto found = nlohmann::json::parse(ppool::json(of({counted("caf\xE9", 1)})));

  EXPECT_EQ(found["files"][0]["path"], "caf\uFFFD");
}

TEST(bytes, are_said_in_the_unit_that_fits) {
  EXPECT_EQ(ppool::human_bytes(0), "0 B");
  EXPECT_EQ(ppool::human_bytes(999), "999 B");
  EXPECT_EQ(ppool::human_bytes(1'000), "1.0 kB");
  EXPECT_EQ(ppool::human_bytes(999'949), "999.9 kB");
  EXPECT_EQ(ppool::human_bytes(999'999), "1.0 MB");
  EXPECT_EQ(ppool::human_bytes(~std::uint64_t{0}), "18.4 EB");
}

}  // namespace
