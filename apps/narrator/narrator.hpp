// SPDX-License-Identifier: Apache-2.0
// How a narrated run speaks: a heading a chapter, a line a step, and kin's own reports between them,
// indented.
#pragma once

#include <kin/report.hpp>

#include <sstream>
#include <string>
#include <utility>

namespace narrator {

void chapter(const std::string& title);

void say_line(const std::string& text);
template <class... T>
void say(const T&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  say_line(std::move(out).str());
}

/// Where the machine of a narrated run sends its reports: `{.machine = {.reports = quote}}`.
void quote(const kin::report& report);

}  // namespace narrator
