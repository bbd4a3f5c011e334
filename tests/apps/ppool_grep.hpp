// SPDX-License-Identifier: Apache-2.0
//
// The installed grep as the judge: its counts for some paths, ours for the same, and the
// difference.
#pragma once

#include "count/text.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ppool::test {

namespace fs = std::filesystem;

/// Matching lines by path.
using counts = std::map<std::string, std::uint64_t>;

/// A directory that goes away with the test.
class scratch {
 public:
  scratch();
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(std::string_view name) const { return path_ / name; }

  /// Writes a file, with its directories; gives its path.
  fs::path file(std::string_view name, std::string_view content) const;

 private:
  fs::path path_;
};

/// While it lives, the effective user is nobody, so that permissions hold even for a test run by
/// root; no file is root's to read any more.
class as_nobody {
 public:
  as_nobody();
  ~as_nobody();
  as_nobody(const as_nobody&) = delete;
  as_nobody& operator=(const as_nobody&) = delete;
};

/// What `grep -rcE` prints, in C.UTF-8 or in C. No shell and no quoting; any file name.
counts grep_counts(const std::string& regex, const std::vector<fs::path>& paths,
                   encoding text = encoding::utf8);

/// What tree, reader and matcher make of it, one file after another.
counts ppool_counts(const std::string& regex, const std::vector<fs::path>& paths,
                    encoding text = encoding::utf8);

/// One line a path on which the two disagree; empty if they agree.
std::string differences(const counts& grep, const counts& ours);

}  // namespace ppool::test
