// SPDX-License-Identifier: Apache-2.0
// What a line of the shell asks for. A command is a word in capitals and what it takes; words are
// parted by blanks, and one that has blanks stands in double quotes, where \" is a quote and \\ a
// backslash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kv {

enum class verb : std::uint8_t {
  nothing,  // an empty line
  create,
  put,
  get,
  erase,
  list,
  crash,
  start,
  stop,
  apps,
  help
};

struct command {
  verb what = verb::nothing;
  std::vector<std::string> words = {};  // as many as the verb takes
  friend bool operator==(const command&, const command&) = default;
};

/// A line that is no command: why not, for people.
struct mistake {
  std::string text;
};

std::variant<command, mistake> parse(std::string_view line);

/// A word as it must be typed: in quotes, if need be.
std::string as_typed(const std::string& word);

/// All commands, a line each.
std::string help();

}  // namespace kv
