// SPDX-License-Identifier: Apache-2.0
// kin under fire: one program, each test a way to overload or to hurt a machine. ctest runs the tests
// one by one and small; `./dev stress` runs this.
#include "stress/size.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace {

// "timers storm" -> tests whose name has one of them.
std::string filter_for(const std::vector<std::string>& names) {
  std::string filter;
  for (const std::string& name : names) filter += (filter.empty() ? "*" : ":*") + name + "*";
  return filter.empty() ? "*" : filter;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto& chosen = kin::stress::chosen();
  double minutes = 0;
  std::vector<std::string> names;
  CLI::App app{"Overloads and hurts kin, and checks that nothing is lost, doubled or leaked."};
  app.add_flag("--large", chosen.large, "as ./dev stress does it: a million of each");
  app.add_option("--minutes", minutes,
                 "all again, with a fresh seed, for so long; implies --large");
  const auto* seed = app.add_option("--seed", chosen.seed, "of the first round (1)");
  app.add_option("NAME", names, "only tests whose name has one of these in it");
  CLI11_PARSE(app, argc, argv);

  if (!names.empty()) testing::GTEST_FLAG(filter) = filter_for(names);
  if (minutes <= 0) return RUN_ALL_TESTS();
  chosen.large = true;
  if (seed->empty()) chosen.seed = std::random_device()();
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::duration<double, std::ratio<60>>(minutes);
  int rounds = 0;
  do {
    std::printf("\nround %d, seed %llu\n", ++rounds, static_cast<unsigned long long>(chosen.seed));
    if (RUN_ALL_TESTS() != 0) {
      std::printf("failed in round %d: again with --large --seed %llu\n", rounds,
                  static_cast<unsigned long long>(chosen.seed));
      return 1;
    }
    ++chosen.seed;
  } while (std::chrono::steady_clock::now() < end);
  std::printf("%d rounds, nothing failed\n", rounds);
  return 0;
}
