// SPDX-License-Identifier: Apache-2.0
// How the tour speaks: a heading a chapter, a line a step, and kin's own reports between them,
// indented.
#pragma once

#include <kin/kin.hpp>

#include <sstream>
#include <string>
#include <utility>

namespace ppool {

void chapter(const std::string& title);

void say_line(const std::string& text);
template <class... T>
void say(const T&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  say_line(std::move(out).str());
}

/// Where the tour's machine sends its reports.
void quote(const kin::report& report);

// The chapters. Each runs in the tour's process and leaves nothing behind.
void tour_processes();
void tour_servers();
void tour_supervisors();
void tour_pools();

}  // namespace ppool
