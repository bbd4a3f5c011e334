// SPDX-License-Identifier: Apache-2.0
// How a workload is measured: each time in a fresh OS process and on a fresh machine with default
// options.
//
// Why an OS process each: what one measurement leaves behind (pools filled, stacks made, pages
// touched) would speed up the next one and falsify its memory; the peers' figures are of fresh
// processes too. And a workload that crashes or hangs is then a row that says so, not the end of
// the run. Rejected: one machine for all repetitions.
//
//   I1  Only the body is timed, from its first line in the machine's first process to its last:
//   message and process
//       start count, the program's and the machine's start and stop do not.
//   I2  The cores (cores.hpp) are looked at right before and right after, while nothing of ours runs.
#pragma once

#include <kin/kin.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <vector>

namespace kin::bench {

/// Seconds since it was made.
class stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// Of many measurements of one thing, in µs: half took at most so long, 99 of a hundred, all.
struct spread {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
};
[[nodiscard]] spread spread_of(std::vector<double> all);

/// What a workload finds out. `seconds` is filled in by `measure`, the others by the workload if it
/// is about them.
struct reading {
  double seconds = 0;
  double bytes_per_process = 0;
  double cpu_ms = 0;
  spread late_us = {};
};

/// The names of the counters, shared with the report.
inline constexpr const char* per_op_ns = "per_op_ns";
inline constexpr const char* bytes_per_process = "bytes_per_process";
inline constexpr const char* cpu_ms = "cpu_ms";
inline constexpr const char* p50_us = "p50_us";
inline constexpr const char* p99_us = "p99_us";
inline constexpr const char* max_us = "max_us";
inline constexpr const char* operations = "n";
inline constexpr const char* cores_before_ns = "cores_before_ns";
inline constexpr const char* cores_after_ns = "cores_after_ns";
inline constexpr const char* additions_before = "additions_before";
inline constexpr const char* additions_after = "additions_after";
inline constexpr const char* others_percent = "others_percent";

/// How long a measurement waits for near cores that are ours alone; then it begins all the same.
inline std::chrono::seconds calm_wait{0};

/// The memory of this OS process that is resident now.
[[nodiscard]] double resident_bytes();

/// The processor time so far of all threads of this OS process but the calling one.
[[nodiscard]] double cpu_seconds_of_the_rest();

/// Runs `body` once in a forked OS process and fills in the counters; a crash, a hang or an error
/// becomes the row's.
void measure_once(benchmark::State& state, std::int64_t n, const std::function<reading()>& body);

/// Throws unless the machine's first process ended `normal`.
void expect_normal(const exit_reason& why);

/// Measures `body(machine, reading&)`, which uses the machine from outside, and says itself what is
/// timed.
template <class Body>
void measure_from_outside(benchmark::State& state, std::int64_t n, Body body) {
  for ([[maybe_unused]] auto iteration : state) {
    measure_once(state, n, [&body] {
      reading found;
      kin::machine machine;
      body(machine, found);
      return found;
    });
    if (state.error_occurred()) break;
  }
}

/// Measures `body`, which is the first process of a machine and counts as `n` operations. It takes
/// nothing, or a `reading&` to fill in what it found out besides the time.
template <class Body>
void measure(benchmark::State& state, std::int64_t n, Body body) {
  measure_from_outside(state, n, [&body](kin::machine& machine, reading& found) {
    expect_normal(machine.run([&] {
      const stopwatch watch;
      if constexpr (std::is_invocable_v<Body&, reading&>) {
        body(found);
      } else {
        body();
      }
      found.seconds = watch.seconds();
    }));
  });
}

/// For BENCHMARK(...)->Apply: one run is one measurement, timed by `measure`.
inline void one_measurement(benchmark::internal::Benchmark* b) {
  b->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
}

}  // namespace kin::bench
