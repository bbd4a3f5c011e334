// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <thread>

namespace ppool {
namespace {

constexpr int limit_max = 100'000;
constexpr int usage_error = 2;  // as grep, and every other error of this program

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int parsed_limit(const std::string& option, std::string_view text) {
  const auto limit = whole_number(text);
  if (!limit || *limit < 1 || *limit > limit_max) {
    throw CLI::ValidationError(option, "a limit is a whole number from 1 to " +
                                           std::to_string(limit_max) + ", not '" +
                                           std::string{text} + "'");
  }
  return *limit;
}

/// NAME=N, or NAME alone, which takes what `--limit` says.
pool_options parsed_pool(std::string_view text, int limit) {
  const auto equals = text.find('=');
  const std::string name{text.substr(0, equals)};
  if (name.empty()) {
    throw CLI::ValidationError("--pools", "'" + std::string{text} + "' names no pool: NAME=N");
  }
  if (equals == std::string_view::npos) return {name, limit};
  return {name, parsed_limit("--pools " + name, text.substr(equals + 1))};
}

std::vector<pool_options> parsed_pools(const std::vector<std::string>& texts, int limit) {
  if (texts.empty()) return {{"count", limit}};
  std::vector<pool_options> pools;
  for (const auto& text : texts) {
    auto pool = parsed_pool(text, limit);
    const auto same_name = [&](const pool_options& other) { return other.name == pool.name; };
    if (std::ranges::any_of(pools, same_name)) {
      throw CLI::ValidationError("--pools", "two pools are called '" + pool.name + "'");
    }
    pools.push_back(std::move(pool));
  }
  return pools;
}

/// What CLI11 fills before it is looked at; limits stay text so that our words name the wrong one.
struct typed_words {
  std::string limit = std::to_string(default_limit());
  std::vector<std::string> pools;
  std::vector<std::string> paths;
  bool no_progress = false;
};

void describe_count(CLI::App& app, count_options& count, typed_words& words) {
  app.add_option("REGEX", count.regex, "an RE2 expression, POSIX (egrep) syntax")->required();
  app.add_option("PATH", words.paths, "files, and directories to search whole")->required();
  app.add_option("--limit", words.limit, "workers at once; if not given, two a core")
      ->option_text("N [" + words.limit + "]");
  app.add_option("--pools", words.pools,
                 "name a pool of its own limit; again for more pools, dealt to in turn")
      ->option_text("NAME=N")
      ->allow_extra_args(false);  // else --pools a=1 would swallow REGEX and PATH
  app.add_flag("--all", count.all, "list files without a match too");
  app.add_flag("--json", count.json, "one JSON document instead of lines");
  app.add_flag("--no-progress", words.no_progress, "no progress bar, even on a terminal");
  app.footer(
      "Lists PATH:COUNT on stdout, sorted by path; totals and errors go to stderr.\n"
      "Counts are those of grep -rcE. Exit code: 0 something matched, 1 nothing did, 2 an error.");
}

/// CLI11 takes a positional [a,b] for a list of two. A NUL behind it, which no argument can hold,
/// spoils the list; `unguarded` takes it off again.
std::string guarded(std::string word) {
  if (word.starts_with('[') && word.ends_with(']')) word += '\0';
  return word;
}

std::string unguarded(std::string word) {
  if (word.ends_with('\0')) word.pop_back();
  return word;
}

std::string complaint(const CLI::App* app, const CLI::Error& error) {
  const auto chosen = app->get_subcommands();
  const std::string name = chosen.empty() ? "ppool" : "ppool " + chosen.back()->get_name();
  const bool nothing_said = chosen.empty() && error.get_name() == "RequiredError";
  const auto unknown = app->remaining();
  std::string what = error.what();
  if (nothing_said) what = "say what to do: tour or count";
  if (nothing_said && !unknown.empty()) what = "no '" + unknown.front() + "' here: tour or count";
  return name + ": " + what + "\nTry '" + name + " --help'.\n";
}

}  // namespace

int default_limit() {
  return 2 * static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

command parse(std::span<const char* const> args) {
  count_options count;
  typed_words words;

  CLI::App app{"ppool: work shared out over pools of processes, an example of kin.", "ppool"};
  app.set_version_flag("--version", "ppool " + std::string{version});
  app.failure_message(complaint);
  app.require_subcommand(1);  // one and no more: a later `tour` or `count` is then just a REGEX
  const auto* tour =
      app.add_subcommand("tour", "a narrated run: what pools, workers and supervisors do");
  describe_count(
      *app.add_subcommand("count", "count the matching lines of all files under some paths"), count,
      words);

  try {
    std::vector<std::string> backwards;  // as CLI11 wants them, the program's name left out
    for (const char* word : args.subspan(1)) backwards.insert(backwards.begin(), guarded(word));
    app.parse(std::move(backwards));
    if (tour->parsed()) return tour_options{};
    const int limit = parsed_limit("--limit", words.limit);
    count.pools = parsed_pools(words.pools, limit);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool failed = app.exit(error, out, err) != 0;
    return leave{failed ? usage_error : 0, out.str(), err.str()};
  }
  count.regex = unguarded(count.regex);
  for (auto& path : words.paths) count.paths.emplace_back(unguarded(std::move(path)));
  count.progress = !words.no_progress;
  return count;
}

}  // namespace ppool
