// SPDX-License-Identifier: Apache-2.0
#include "narrator/narrator.hpp"

#include <iostream>

namespace narrator {

void chapter(const std::string& title) { std::cout << "\n== " << title << " ==\n" << std::flush; }

void say_line(const std::string& text) { std::cout << "  " << text << '\n' << std::flush; }

void quote(const kin::report& report) {
  if (report.severity < kin::severity::warning) return;
  std::ostringstream out;
  out << "      | " << report.title << '\n';
  std::istringstream lines(report.text);
  for (std::string line; std::getline(lines, line);) out << "      | " << line << '\n';
  std::cout << std::move(out).str() << std::flush;
}

}  // namespace narrator
