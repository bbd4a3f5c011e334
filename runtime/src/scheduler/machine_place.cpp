// SPDX-License-Identifier: Apache-2.0
#include "scheduler/machine_place.hpp"

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

namespace kin::detail {
namespace {

// A timer's state holds its reference and two bits more.
constexpr std::uint32_t places_max = (1U << 14U) - 1;

struct all_places {
  std::mutex lock;
  std::vector<bool> taken;
};
all_places& places() {
  static auto* const immortal = new all_places;  // machines may be static
  return *immortal;
}

std::uint32_t take_place() {
  all_places& all = places();
  const std::lock_guard hold(all.lock);
  const auto free = std::find(all.taken.begin(), all.taken.end(), false);
  const auto number = static_cast<std::uint32_t>(free - all.taken.begin());
  if (number == places_max) throw error(system_limit, "16383 machines live; no more can");
  if (free == all.taken.end()) {
    all.taken.push_back(true);
  } else {
    *free = true;
  }
  return number;
}

}  // namespace

machine_place::machine_place(bool is_driven)
    : is_driven_(is_driven), number_(is_driven ? 0 : take_place()) {}

machine_place::~machine_place() {
  if (is_driven_) return;
  all_places& all = places();
  const std::lock_guard hold(all.lock);
  all.taken[number_] = false;
}

std::uint64_t machine_place::first_number() const {
  return (std::uint64_t{number_} << pid_access::machine_shift) + 1;
}

}  // namespace kin::detail
