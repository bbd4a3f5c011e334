// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ppool {

inline constexpr std::string_view version = "0.1.0";

/// A pool to be started: its name, and how many worker processes it lends at once.
struct pool_options {
  std::string name;
  int limit = 1;

  bool operator==(const pool_options&) const = default;
};

/// `ppool tour`: nothing to choose.
struct tour_options {};

/// `ppool count [--limit N] [--pools NAME=N] [--all] [--json] [--no-progress] REGEX PATH...`
struct count_options {
  std::string regex;
  std::vector<std::filesystem::path> paths;
  std::vector<pool_options> pools;  // never empty; files are dealt to them in turn
  bool all = false;                 // list files without a match too, as grep -rc does
  bool json = false;
  bool progress = true;  // if stderr is a terminal; the command line can only forbid it
};

/// The command line asked for no run: for help, for the version, or for something that makes no
/// sense. Print both texts and leave with the code.
struct leave {
  int exit_code = 0;
  std::string out;  // for stdout
  std::string err;  // for stderr
};

using command = std::variant<leave, tour_options, count_options>;

/// The command line as a value; prints nothing and never throws for what a user typed.
///
/// `args` is argv whole, the program's name included.
command parse(std::span<const char* const> args);

/// What `--limit` is if nobody says: two workers a core, so that one can wait for the disk.
int default_limit();

}  // namespace ppool
