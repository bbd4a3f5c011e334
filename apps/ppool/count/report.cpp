// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <algorithm>
#include <utility>

namespace ppool {

void totals::add(const file_count& counted) {
  ++files;
  if (counted.matches > 0) ++matched_files;
  if (counted.binary) ++binary_files;
  lines += counted.lines;
  matches += counted.matches;
  bytes += counted.bytes;
}

report::report(std::string regex, std::vector<pool_report> pools)
    : regex_{std::move(regex)}, pools_{std::move(pools)} {}

void report::add(file_count counted, std::size_t pool) {
  // A file cut short by Ctrl-C is no failure: the run as a whole says that it was stopped.
  if (counted.error == std::errc::operation_canceled) return;
  if (counted.error) {
    add(failure{std::move(counted.path), reason(counted.error)});
    return;
  }
  sum_.add(counted);
  pools_.at(pool).sum.add(counted);
  files_.push_back({std::move(counted), pool});
}

void report::finish(std::chrono::milliseconds took, bool stopped) {
  took_ = took;
  stopped_ = stopped;
  // By native(), not by path: a path compares by its parts, and then `sort` would not agree.
  std::ranges::sort(
      files_, {}, [](const line& one) -> auto& { return one.count.path.native(); });
  std::ranges::sort(
      failures_, {}, [](const failure& one) -> auto& { return one.path.native(); });
}

int report::exit_code() const {
  if (stopped_) return 130;
  if (!failures_.empty()) return 2;
  return sum_.matches > 0 ? 0 : 1;
}

}  // namespace ppool
