// SPDX-License-Identifier: Apache-2.0
#include "tour/tour.hpp"

#include <kin/kin.hpp>

#include "tour/chapters.hpp"

#include <iostream>

namespace ppool {

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
      {.machine = {.reports = narrator::quote}});
}

}  // namespace ppool
