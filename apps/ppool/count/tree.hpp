// SPDX-License-Identifier: Apache-2.0
//
// The files under some paths, one at a time and in no order: at any moment a tree holds one open
// directory a level, never a list of files. What is a file is grep -r's choice:
//
//   W1  A path of the command line is taken as it is: a symbolic link is followed, a fifo or a
//       device is a file to read.
//   W2  Below it, links are not followed, and fifos, sockets and devices are passed over silently.
//   W3  What cannot be looked at comes as an entry with an error, in its place; the walk goes on.
//   W4  A name is the path as typed, a slash, and the rest; of slashes typed at its end one stays.
#pragma once

#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

namespace ppool {

/// A file to count, or, with an error, something that is none.
struct entry {
  std::filesystem::path path;
  std::error_code error{};
};

class tree {
 public:
  explicit tree(std::vector<std::filesystem::path> paths);

  /// The next file or error; nothing when all paths have been walked.
  std::optional<entry> next();

 private:
  std::optional<entry> next_path();
  std::optional<entry> next_below();
  std::optional<entry> open(const std::filesystem::path& directory);

  std::vector<std::filesystem::path> paths_;
  std::size_t paths_done_ = 0;
  std::vector<std::filesystem::directory_iterator> open_;  // from a path down to where we are
  std::optional<entry> broken_;  // a directory that could not be read to its end, not yet told
};

}  // namespace ppool
