// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"
#include "count/run.hpp"
#include "tour/tour.hpp"

#include <iostream>
#include <span>
#include <variant>

int main(int argc, char** argv) {
  const auto command =
      ppool::parse(std::span<const char* const>(argv, static_cast<std::size_t>(argc)));
  if (const auto* leave = std::get_if<ppool::leave>(&command)) {
    std::cout << leave->out;
    std::cerr << leave->err;
    return leave->exit_code;
  }
  if (const auto* count = std::get_if<ppool::count_options>(&command)) return ppool::count(*count);
  return ppool::tour();
}
