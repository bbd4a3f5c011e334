// SPDX-License-Identifier: Apache-2.0
// What do others feel of processes that compute and never wait, one on each core? fairness: a pair
// beside them that plays ping-pong, the 99th of a hundred round trips. fairness_timer: how late a timer
// of 10 ms is. Both once the stuck workers have been seen to be stuck: the first 50 ms do not count.
// What is left is the kernel's: the cores have more threads to run than there are cores. It does not
// show what the loops lose.
#include "support.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_of_test = std::chrono::steady_clock;

struct ping {
  kin::pid from;
};
struct pong {};
struct tick {};

double microseconds(clock_of_test::duration d) {
  return std::chrono::duration<double, std::micro>(d).count();
}

// A thing that is measured again and again, beside one endless loop a core.
template <class Once>
void beside_endless_loops(clock_of_test::duration time, kin::bench::spread& found, Once once) {
  std::atomic<bool> enough{false};
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < cores; ++i) {
    kin::spawn([&enough] {
      while (!enough.load(std::memory_order_relaxed)) {
      }
    });
  }
  std::vector<double> all;
  const auto measurer = kin::spawn_monitor([&] {
    const auto begin = clock_of_test::now();
    while (clock_of_test::now() < begin + 50ms) once();
    while (clock_of_test::now() < begin + 50ms + time) all.push_back(microseconds(once()));
  });
  kin::receive(kin::when(&kin::down::ref, measurer.ref, [](const kin::down& /*end*/) {}));
  enough = true;
  found = kin::bench::spread_of(std::move(all));
}

template <class Once>
void measure(benchmark::State& state, clock_of_test::duration time, Once once) {
  for ([[maybe_unused]] auto iteration : state) {
    kin::bench::measure_once(state, 1, [&] {
      kin::bench::reading found;
      kin::machine machine({.reports = [](const kin::report& /*that somebody runs long*/) {}});
      const kin::bench::stopwatch watch;
      kin::bench::expect_normal(
          machine.run([&] { beside_endless_loops(time, found.late_us, once); }));
      found.seconds = watch.seconds();
      return found;
    });
    if (state.error_occurred()) break;
  }
}

void fairness(benchmark::State& state) {
  measure(state, 500ms, [other = kin::pid{}]() mutable {
    if (!other) {
      other = kin::spawn([] { return kin::loop([](ping p) { kin::send(p.from, pong{}); }); });
    }
    const auto begin = clock_of_test::now();
    kin::send(other, ping{kin::self()});
    kin::receive([](pong) {});
    return clock_of_test::now() - begin;
  });
}
BENCHMARK(fairness)->Apply(kin::bench::one_measurement);

void fairness_timer(benchmark::State& state) {
  measure(state, 1s, [] {
    const auto due = clock_of_test::now() + 10ms;
    kin::send_after(10ms, kin::self(), tick{});
    kin::receive([](tick) {});
    return clock_of_test::now() - due;
  });
}
BENCHMARK(fairness_timer)->Apply(kin::bench::one_measurement);

}  // namespace
