// SPDX-License-Identifier: Apache-2.0
// The lines of a descriptor, for a process. Reading may block, so it is done by kin::blocking; and
// who waits there hears when its process must end (Ctrl-C), though no line comes.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

namespace kv {

class lines {
 public:
  /// `from` stays open, and stays the caller's.
  explicit lines(int from);
  lines(const lines&) = delete;
  lines& operator=(const lines&) = delete;
  ~lines();

  /// The next one, without its end; nothing: there are no more.   Waits.   Context  a process.
  std::optional<std::string> next();

 private:
  bool read_some(const std::stop_token& stop);

  int from_;
  int wake_;          // an eventfd, for who waits in read_some
  std::string text_;  // read, and not given yet
};

}  // namespace kv
