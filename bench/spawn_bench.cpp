// SPDX-License-Identifier: Apache-2.0
// What do the birth and the death of a process cost? spawn_exit: one process spawns a million that
// exit at once. The end of all is found as a program would find it, by a shared count that each
// takes one from as its last act; whoever takes the last one sends a message. That adds one atomic
// decrement a process, and the clock stops when at most one process a core is on the last metres of
// its exit. Rejected: a monitor each, because that is the other workload; a message each, because
// then the mailbox would be measured. spawn_exit_monitor: spawn monitored, wait for the DOWN, next.
// Neither shows a process that needs a stack of its own: these run on their worker's.
#include "support.hpp"

#include <atomic>

namespace {

struct all_gone {};

constexpr int processes = 1'000'000;

void spawn_exit(benchmark::State& state) {
  kin::bench::measure(state, processes, [] {
    std::atomic<int> left{processes};
    for (int i = 0; i < processes; ++i) {
      kin::spawn([&left, judge = kin::self()] {
        if (left.fetch_sub(1, std::memory_order_relaxed) == 1) kin::send(judge, all_gone{});
      });
    }
    kin::receive([](all_gone) {});
  });
}
BENCHMARK(spawn_exit)->Apply(kin::bench::one_measurement);

void spawn_exit_monitor(benchmark::State& state) {
  kin::bench::measure(state, processes, [] {
    for (int i = 0; i < processes; ++i) {
      const auto child = kin::spawn_monitor([] {});
      kin::receive(kin::when(&kin::down::ref, child.ref, [](const kin::down&) {}));
    }
  });
}
BENCHMARK(spawn_exit_monitor)->Apply(kin::bench::one_measurement);

}  // namespace
