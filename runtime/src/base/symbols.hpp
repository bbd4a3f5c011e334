// SPDX-License-Identifier: Apache-2.0
// What stands at an address of the program: function, file and line.
//
// For reports, not for hot paths: files and lines come from addr2line of binutils, if it is
// installed, which is started once for all addresses of a library that were not asked for before.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace kin::detail {

/// One function at an address. What was inlined there has places of its own.
struct place {
  std::string function = {};  // demangled; else library+0x1a2b
  std::string file = {};      // as the compiler was given it; empty: no debug information
  unsigned line = 0;
  bool is_users = true;  // neither kin's own code nor the standard library's

  /// `tests/x.cpp:42`, relative to the current directory if below it; else the function.
  [[nodiscard]] std::string where() const;
};

/// For each return address the functions whose call it is in, innermost first, at least one.
/// Cost  the first time up to a second for a large program; then a look-up. Any thread; may fork.
[[nodiscard]] std::vector<std::vector<place>> places_of(std::span<const void* const> addresses);

/// The innermost place that is the user's; else the public function of kin's that its worker has
/// called. Null: there is none.
[[nodiscard]] const place* users_place(const std::vector<std::vector<place>>& frames);

}  // namespace kin::detail
