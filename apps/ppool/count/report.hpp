// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "file_reader.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace ppool {

/// Sums over some files: all of them, or those that one pool counted.
struct totals {
  std::uint64_t files = 0;          // counted to their end
  std::uint64_t matched_files = 0;  // with a match
  std::uint64_t binary_files = 0;
  std::uint64_t lines = 0;
  std::uint64_t matches = 0;
  std::uint64_t bytes = 0;

  void add(const file_count& counted);
  bool operator==(const totals&) const = default;
};

/// What one pool did.
struct pool_report {
  std::string name;
  int limit = 0;
  totals sum{};
};

/// A path that could not be walked or counted, and why.
struct failure {
  std::filesystem::path path;
  std::string why;
};

/// All that came of a run. Files may come in any order; they are listed by path, byte by byte.
class report {
 public:
  struct line {
    file_count count;
    std::size_t pool;
  };

  report(std::string regex, std::vector<pool_report> pools);

  /// A file came back from a pool; one with an error is a failure, and its numbers do not count.
  void add(file_count counted, std::size_t pool);
  void add(failure failed) { failures_.push_back(std::move(failed)); }

  /// Puts files and failures in order; add nothing afterwards. `stopped`: it is not all there.
  void finish(std::chrono::milliseconds took, bool stopped);

  /// As grep's: 0 something matched, 1 nothing did, 2 something failed, whatever else matched.
  /// And 130, as a shell says it, after Ctrl-C.
  int exit_code() const;

  const std::string& regex() const { return regex_; }
  const std::vector<line>& files() const { return files_; }
  const std::vector<failure>& failures() const { return failures_; }
  const std::vector<pool_report>& pools() const { return pools_; }
  const totals& sum() const { return sum_; }
  std::chrono::milliseconds took() const { return took_; }
  bool stopped() const { return stopped_; }

 private:
  std::string regex_;
  std::vector<line> files_;
  std::vector<failure> failures_;
  std::vector<pool_report> pools_;
  totals sum_;
  std::chrono::milliseconds took_{};
  bool stopped_ = false;
};

}  // namespace ppool
