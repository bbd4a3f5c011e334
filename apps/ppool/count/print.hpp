// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report.hpp"

#include <cstdint>
#include <string>

namespace ppool {

/// For stdout: `path:count` a line and nothing else, so that it goes through a pipe as grep's does.
/// Files without a match only if `all`; then it is what `grep -rcE` prints, in order of paths.
std::string listing(const report& report, bool all);

/// For stderr: failures, binary files that matched (grep's "binary file matches"), what each pool
/// did if there are several, and the totals.
std::string summary(const report& report);

/// All of it as one JSON document; what is not UTF-8 in a path becomes U+FFFD.
///
/// { regex, stopped, seconds, totals: {files, matched_files, binary_files, lines, matches, bytes},
///   files: [{path, matches, lines, bytes, binary, pool}], pools: [{name, limit, ...totals}],
///   errors: [{path, error}] }
std::string json(const report& report);

/// 999 B, 1.5 kB, 12.3 MB: powers of ten, as disks are sold.
std::string human_bytes(std::uint64_t bytes);

/// "1 file", "2 files".
std::string counted(std::uint64_t count, const std::string& one, const std::string& many);

}  // namespace ppool
