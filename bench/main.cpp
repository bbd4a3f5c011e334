// SPDX-License-Identifier: Apache-2.0
// The program: its own flags first, the rest is Google Benchmark's.
#include "report.hpp"
#include "support.hpp"

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace {

// Google Benchmark matches against "call/iterations:1/manual_time"; so that "call$" means what it
// says:
std::string on_names(std::string filter) {
  if (filter.ends_with('$')) filter.replace(filter.size() - 1, 1, "/");
  return filter;
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 3;
  int calm_seconds = 0;
  std::string json;
  std::string filter;
  CLI::App app{
      "How fast and how small kin is. Google Benchmark's flags work too: "
      "--benchmark_repetitions=5, ..."};
  app.add_option("--rounds", rounds, "how often to go through all workloads, five times each (3)")
      ->check(CLI::PositiveNumber);
  app.add_option("--json", json, "append a line of JSON a workload and round to this file");
  app.add_option("--filter", filter, "only workloads whose name this regular expression finds");
  app.add_option("--calm", calm_seconds,
                 "wait up to that many seconds, before each measurement, for near cores that no "
                 "other guest shares (0)")
      ->check(CLI::NonNegativeNumber);
  app.allow_extras();
  CLI11_PARSE(app, argc, argv);

  kin::bench::calm_wait = std::chrono::seconds(calm_seconds);
  std::vector<std::string> theirs{argv[0], "--benchmark_repetitions=5"};  // the last of a kind wins
  if (!filter.empty()) theirs.push_back("--benchmark_filter=" + on_names(filter));
  bool own_table = true;
  for (const std::string& flag : app.remaining()) {
    theirs.push_back(flag);
    if (flag.starts_with("--benchmark_format")) own_table = false;
  }
  std::vector<char*> arguments(theirs.size() + 1);  // the last one stays null
  std::ranges::transform(theirs, arguments.begin(), [](std::string& flag) { return flag.data(); });
  int count = static_cast<int>(theirs.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  if (!own_table) {  // Google Benchmark's own output, and nothing between
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  }
  kin::bench::report report(json);
  for (int round = 1; round <= rounds; ++round) {
    report.begin_round(round, rounds);
    if (benchmark::RunSpecifiedBenchmarks(&report) == 0) return 2;
  }
  report.summarize();
  return report.failed() ? 1 : 0;
}
