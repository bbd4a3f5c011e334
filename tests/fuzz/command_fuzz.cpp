// SPDX-License-Identifier: Apache-2.0
// The lines that kv's shell reads: a command with as many words as it takes, or words for the user;
// and a command is read the same again as it would be typed.
#include "fuzz/claim.hpp"
#include "shell/command.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace {

// As HELP has them; the first line is typed for an empty line.
constexpr std::string_view typed[] = {"",      "CREATE", "PUT",  "GET",  "DELETE", "LIST",
                                      "CRASH", "START",  "STOP", "APPS", "HELP"};

void check(const kv::command& c) {
  CLAIM(c.words.size() <= 3);
  std::string again(typed[static_cast<std::size_t>(c.what)]);
  for (const std::string& word : c.words) again += ' ' + kv::as_typed(word);
  const auto once_more = kv::parse(again);
  const auto* same = std::get_if<kv::command>(&once_more);
  CLAIM(same != nullptr && *same == c);
}
void check(const kv::mistake& m) { CLAIM(!m.text.empty()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  std::visit([](const auto& read) { check(read); }, kv::parse(line));
  return 0;
}
