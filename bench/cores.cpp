// SPDX-License-Identifier: Apache-2.0
#include "cores.hpp"

#include "support.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <pthread.h>
#include <sched.h>
#include <thread>

namespace kin::bench {
namespace {

void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

struct alignas(128) shared_line {
  std::atomic<int> turn{0};
};

void wait_for(const std::atomic<int>& word, int value) {
  while (word.load(std::memory_order_acquire) != value) {
  }
}

// The fastest of some batches, because whoever else uses the cores can only add to it.
double distance_ns(int one, int other) {
  constexpr int batches = 40;
  constexpr int trips = 500;

  shared_line line;
  std::thread far([&] {
    pin_to(other);
    for (int i = 0; i < batches * trips; ++i) {
      wait_for(line.turn, 1);
      line.turn.store(0, std::memory_order_release);
    }
  });
  double fastest = std::numeric_limits<double>::max();
  std::thread near([&] {
    pin_to(one);
    for (int batch = 0; batch < batches; ++batch) {
      const stopwatch watch;
      for (int i = 0; i < trips; ++i) {
        line.turn.store(1, std::memory_order_release);
        wait_for(line.turn, 0);
      }
      fastest = std::min(fastest, watch.seconds());
    }
  });
  near.join();
  far.join();
  return fastest / trips * 1e9;
}

// Keeps the compiler from knowing what is in a register, and so from doing less.
void unknown(std::uint64_t& number) { asm volatile("" : "+r"(number)); }

constexpr int turns = 30'000;

// A multiplication of two registers takes three cycles, on all that kin runs on.
double cycle_seconds() {
  constexpr int cycles = 3;
  std::uint64_t x = 3;
  const stopwatch watch;
  for (int i = 0; i < turns; ++i) {
    x *= x;
    unknown(x);
    x *= x;
    unknown(x);
  }
  return watch.seconds() / (turns * 2.0 * cycles);
}

double addition_seconds() {
  std::array<std::uint64_t, 6> sums{};
  const stopwatch watch;
  for (int i = 0; i < turns; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
#pragma GCC unroll 6
      for (std::uint64_t& sum : sums) {
        ++sum;
        unknown(sum);
      }
    }
  }
  return watch.seconds() / (turns * 4.0 * static_cast<double>(sums.size()));
}

// The middle one of some batches: a guest that is there half of the time shows in half of them.
double additions_a_cycle_of(int core) {
  std::array<double, 9> batches{};
  std::thread on_core([&] {
    pin_to(core);
    for (double& batch : batches) {
      const double cycle = cycle_seconds();
      batch = cycle / addition_seconds();
    }
  });
  on_core.join();
  std::ranges::sort(batches);
  return batches[batches.size() / 2];
}

}  // namespace

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

cores_now look_at_cores() {
  std::vector<int> cores = allowed_cores();
  cores.resize(std::min<std::size_t>(cores.size(), 2));
  cores_now seen{.distance_ns = cores.size() == 2 ? distance_ns(cores[0], cores[1]) : 0,
                 .additions_a_cycle = std::numeric_limits<double>::max()};
  for (const int core : cores) {
    seen.additions_a_cycle = std::min(seen.additions_a_cycle, additions_a_cycle_of(core));
  }
  return seen;
}

cores_now wait_for_calm(std::chrono::seconds at_most) {
  const stopwatch watch;
  cores_now seen = look_at_cores();
  while (!seen.alone() && watch.seconds() < static_cast<double>(at_most.count())) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    seen = look_at_cores();
  }
  return seen;
}

}  // namespace kin::bench
