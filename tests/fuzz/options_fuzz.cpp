// SPDX-License-Identifier: Apache-2.0
// ppool's command line: words that are cut at NULs. Whatever is typed, `parse` gives a value that the
// program can go on with, or an exit code and words for the user.
#include "cli/options.hpp"
#include "fuzz/claim.hpp"

#include <set>
#include <string>
#include <vector>

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words{"ppool"};
  while (!text.empty()) {
    const auto end = std::min(text.find('\0'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void check(const ppool::leave& l) {
  CLAIM(l.exit_code == 0 || l.exit_code == 2);
  CLAIM(!(l.exit_code == 0 ? l.out : l.err).empty());
}
void check(const ppool::tour_options& /*nothing to choose*/) {}
void check(const ppool::count_options& c) {
  CLAIM(!c.paths.empty() && !c.pools.empty());
  std::set<std::string> names;
  for (const ppool::pool_options& pool : c.pools) {
    CLAIM(!pool.name.empty() && pool.limit >= 1 && pool.limit <= 100'000);
    CLAIM(names.insert(pool.name).second);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto words = words_of({reinterpret_cast<const char*>(data), size});
  std::vector<const char*> args;
  args.reserve(words.size());
  for (const std::string& word : words) args.push_back(word.c_str());
  std::visit([](const auto& chosen) { check(chosen); }, ppool::parse(args));
  return 0;
}
