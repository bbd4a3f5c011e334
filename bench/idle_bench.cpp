// SPDX-License-Identifier: Apache-2.0
// What does a server cost that does nothing? idle_server: the resident memory a million linked
// gen_servers take, each, all in; the time a start takes is in the JSON. idle_cpu: the processor
// time of a whole machine with a thousand of them over a second of rest, which should be none; a
// thread outside of kin looks, so that nothing in it wakes. It does not show a server that has been
// used, or that waits in the middle of a function and so keeps a stack.
#include "support.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace {

using namespace std::chrono_literals;

struct get {};
struct nothing_more {};  // is never sent

class idler : public kin::gen_server {
 public:
  explicit idler(int value) : value_(value) {}
  int handle_call(get) const { return value_; }

 private:
  int value_;
};

void start_idlers(int count) {
  for (int i = 0; i < count; ++i) kin::start_link<idler>(i);
}

void idle_server(benchmark::State& state) {
  constexpr int servers = 1'000'000;
  kin::bench::measure(state, servers, [](kin::bench::reading& found) {
    const double before = kin::bench::resident_bytes();
    start_idlers(servers);
    found.bytes_per_process = (kin::bench::resident_bytes() - before) / servers;
  });
}
BENCHMARK(idle_server)->Apply(kin::bench::one_measurement);

void idle_cpu(benchmark::State& state) {
  constexpr int servers = 1000;
  kin::bench::measure_from_outside(
      state, servers, [](kin::machine& machine, kin::bench::reading& found) {
        machine.start();
        machine.spawn([] {
          start_idlers(servers);
          kin::receive([](nothing_more) {});
        });
        std::this_thread::sleep_for(
            200ms);  // workers may look for work for a while before they sleep
        const kin::bench::stopwatch watch;
        const double before = kin::bench::cpu_seconds_of_the_rest();
        std::this_thread::sleep_for(1s);
        const double used = kin::bench::cpu_seconds_of_the_rest() - before;
        found.cpu_ms = std::max(used, 0.0) * 1e3;
        found.seconds = watch.seconds();
      });
}
BENCHMARK(idle_cpu)->Apply(kin::bench::one_measurement);

}  // namespace
