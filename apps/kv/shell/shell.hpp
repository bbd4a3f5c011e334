// SPDX-License-Identifier: Apache-2.0
// The shell answers commands. What it says depends on them alone, never on who was faster: it waits
// for what a command has brought about before it answers.
#pragma once

#include "shell/command.hpp"
#include "shell/feed.hpp"

#include <string>
#include <string_view>

namespace kv {

class shell {
 public:
  /// Makes the applications known, so that they can be started by name.
  shell();

  /// Lines: the answer, whose last one is OK, NOT FOUND, or ERROR and why; then the news, each
  /// behind an asterisk.   Waits.   Context  always the same process.
  std::string answer(std::string_view line);

 private:
  std::string obey(const command& order);

  feed feed_;
};

}  // namespace kv
