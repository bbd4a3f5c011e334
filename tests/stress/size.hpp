// SPDX-License-Identifier: Apache-2.0
// How large a run is. ctest plays each test small; `./dev stress` plays it large, with another seed
// each time, and says which.
#pragma once

#include "support/run.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <unistd.h>

namespace kin::stress {

using namespace kin::literals;

struct settings {
  bool large = false;
  std::uint64_t seed = 1;
};
inline settings& chosen() {
  static settings one;
  return one;
}

/// How many: by hand, and for ctest, where a sanitizer leaves a tenth.
inline int many(int large, int small) {
  if (chosen().large) return test::sanitized ? large / 10 : large;
  return test::sanitized ? std::max(1, small / 10) : small;
}

using dice = std::mt19937_64;
inline dice fresh_dice() { return dice(chosen().seed); }
/// From 0 to below `end`.
inline std::size_t below(std::size_t end, dice& d) { return static_cast<std::size_t>(d() % end); }

/// Counts how many of its kind live; moves with what holds it.
class counted {
 public:
  explicit counted(std::atomic<int>& living) : living_(&living) { ++living; }
  counted(counted&& other) noexcept : living_(std::exchange(other.living_, nullptr)) {}
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  counted& operator=(counted&&) = delete;
  ~counted() {
    if (living_ != nullptr) --*living_;
  }

 private:
  std::atomic<int>* living_;
};

inline double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double all = 0;
  double resident = 0;
  statm >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1048576;
}
inline double virtual_mib() {
  std::ifstream statm("/proc/self/statm");
  double all = 0;
  statm >> all;
  return all * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1048576;
}

/// The same on as many workers as there are cores, and on many more. Reports are thrown away: there
/// are as many as crashes.
class on_workers : public testing::TestWithParam<unsigned> {
 protected:
  static kin::machine_options world() {
    return {.workers = GetParam(), .reports = [](const kin::report& /*one of many*/) {}};
  }
};
#define KIN_STRESS_ON_WORKERS(suite) \
  INSTANTIATE_TEST_SUITE_P(workers, suite, testing::Values(0U, 16U))

}  // namespace kin::stress
