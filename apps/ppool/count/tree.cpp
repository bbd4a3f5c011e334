// SPDX-License-Identifier: Apache-2.0
#include "tree.hpp"

#include <utility>

namespace ppool {
namespace {

namespace fs = std::filesystem;

/// W4: "dir//" is "dir/".
fs::path with_one_slash(const fs::path& typed) {
  std::string text = typed.native();
  while (text.size() > 2 && text.ends_with("//")) text.pop_back();
  return text;
}

}  // namespace

tree::tree(std::vector<fs::path> paths) : paths_{std::move(paths)} {
  for (auto& path : paths_) path = with_one_slash(path);
}

std::optional<entry> tree::next() {
  // Any step may end without an entry, having opened or finished a directory: look again.
  while (broken_ || !open_.empty() || paths_done_ < paths_.size()) {
    if (broken_) return std::exchange(broken_, std::nullopt);
    if (auto found = open_.empty() ? next_path() : next_below()) return found;
  }
  return std::nullopt;
}

std::optional<entry> tree::next_path() {
  const fs::path& path = paths_[paths_done_++];
  std::error_code error;
  const auto status = fs::status(path, error);  // W1: follows links
  if (status.type() == fs::file_type::not_found) {
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  }
  if (error) return entry{path, error};
  if (fs::is_directory(status)) return open(path);
  return entry{path, {}};
}

std::optional<entry> tree::next_below() {
  auto& here = open_.back();
  if (here == fs::directory_iterator{}) {
    open_.pop_back();
    return std::nullopt;
  }
  const fs::directory_entry found = *here;
  std::error_code broken;
  here.increment(broken);  // becomes the end if it fails: the rest of this directory is lost
  if (broken) broken_ = entry{found.path().parent_path(), broken};

  std::error_code error;
  const auto status = found.symlink_status(error);  // W2: mostly known from readdir already
  if (error) return entry{found.path(), error};
  if (fs::is_directory(status)) return open(found.path());
  if (fs::is_regular_file(status)) return entry{found.path(), {}};
  return std::nullopt;
}

std::optional<entry> tree::open(const fs::path& directory) {
  std::error_code error;
  fs::directory_iterator entries{directory, error};
  if (error) return entry{directory, error};  // W3
  open_.push_back(std::move(entries));
  return std::nullopt;
}

}  // namespace ppool
