// SPDX-License-Identifier: Apache-2.0
// What is made of the measurements: a table row a workload and round, a summary over all rounds,
// and a line of JSON each.
#pragma once

#include "cores.hpp"
#include "support.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

namespace kin::bench {

/// One measurement of a workload, in the unit of its goal.
struct measurement {
  double value = 0;
  double per_op_ns = 0;
  double bytes_per_process = 0;
  spread late = {};
  cores_now before;
  cores_now after;
  double others_percent = 0;
};

/// All measurements of a workload, in one round or in all.
struct result {
  std::string workload;
  double n = 0;
  std::vector<measurement> all;
};

/// Prints as the rounds go, and appends to a file of JSON lines if there is one.
class report : public benchmark::BenchmarkReporter {
 public:
  /// No path: no JSON.
  explicit report(std::string json_path) : json_path_(std::move(json_path)) {}

  void begin_round(int round, int rounds);
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  /// After the last round: everything together, and by the state of the cores.
  void summarize() const;
  /// Whether a workload crashed, hung or failed.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void append_json(const result& r) const;

  std::string json_path_;
  int round_ = 0;
  int rounds_ = 0;
  bool failed_ = false;
  std::vector<result> total_;  // in the order they came
};

}  // namespace kin::bench
