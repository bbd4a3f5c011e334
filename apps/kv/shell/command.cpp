// SPDX-License-Identifier: Apache-2.0
#include "shell/command.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <optional>
#include <sstream>

namespace kv {
namespace {

struct form {
  verb what;
  std::string_view word;
  std::string_view takes;  // for people
  std::size_t least;       // words
  std::size_t most;
  std::string_view does;
};
constexpr std::array forms{
    form{verb::create, "CREATE", "BUCKET", 1, 1, "makes a bucket, unless it is there"},
    form{verb::put, "PUT", "BUCKET KEY VALUE", 3, 3, "sets a key to a value"},
    form{verb::get, "GET", "BUCKET KEY", 2, 2, "tells the value of a key"},
    form{verb::erase, "DELETE", "BUCKET KEY", 2, 2, "forgets a key"},
    form{verb::list, "LIST", "[BUCKET]", 0, 1, "lists the buckets, or the keys of one"},
    form{verb::crash, "CRASH", "[BUCKET]", 0, 1, "crashes a bucket, or the registry"},
    form{verb::start, "START", "[APP]", 0, 1, "starts an application; or kv, and what it needs"},
    form{verb::stop, "STOP", "[APP]", 0, 1, "stops an application; or kv"},
    form{verb::apps, "APPS", "", 0, 0, "lists the applications, and whether they run"},
    form{verb::help, "HELP", "", 0, 0, "lists the commands"},
};

/// Nothing if a quote has no end.
std::optional<std::vector<std::string>> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::istringstream in{std::string(line)};
  while (!(in >> std::ws).eof()) {
    std::string word;
    if (!(in >> std::quoted(word))) return std::nullopt;
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace

std::variant<command, mistake> parse(std::string_view line) {
  auto words = words_of(line);
  if (!words) return mistake{"a quote has no end"};
  if (words->empty()) return command{};
  const auto* known = std::ranges::find(forms, words->front(), &form::word);
  if (known == forms.end()) {
    return mistake{"no command " + as_typed(words->front()) + "; HELP lists them"};
  }
  words->erase(words->begin());
  if (words->size() < known->least || words->size() > known->most) {
    return mistake{std::string(known->word) + " takes " +
                   (known->takes.empty() ? "nothing" : std::string(known->takes))};
  }
  return command{known->what, std::move(*words)};
}

std::string as_typed(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t\n\v\f\r\"\\") == std::string::npos) return word;
  std::ostringstream out;
  out << std::quoted(word);
  return std::move(out).str();
}

std::string help() {
  std::ostringstream out;
  out << std::left;
  for (const form& one : forms) {
    out << std::setw(7) << one.word << std::setw(17) << one.takes << one.does << '\n';
  }
  out << "A word with blanks stands in quotes: PUT shop \"oat milk\" 2. There \\\" is a quote.\n";
  return std::move(out).str();
}

}  // namespace kv
