// SPDX-License-Identifier: Apache-2.0
#include "tour/narrator.hpp"

#include "tour/tour.hpp"

#include <iostream>
#include <sstream>

namespace ppool {

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

int tour() {
  return kin::run(
      [] {
        std::cout << "A tour of kin: everything below happens while you read it.\n";
        tour_processes();
        tour_servers();
        tour_supervisors();
        tour_pools();
        std::cout << "\nThat is all. What ran here is in apps/ppool/tour.\n";
      },
      {.machine = {.reports = quote}});
}

}  // namespace ppool
