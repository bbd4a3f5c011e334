// SPDX-License-Identifier: Apache-2.0
// How long is a round trip between two awake processes? Both are handler loops; one pair alone, and
// a thousand pairs at once. It does not show throughput one way (fan_in_bench), nor two stack
// switches a message (call_bench).
#include "support.hpp"

namespace {

struct ping {
  kin::pid from;
  int number;
};
struct pong {
  kin::pid from;
  int number;
};
struct finished {};

kin::pid start_ponger() {
  return kin::spawn([] {
    return kin::loop([](ping p) { kin::send(p.from, pong{kin::self(), p.number}); });
  });
}

void start_pinger(kin::pid ponger, int rounds, kin::pid judge) {
  kin::spawn([=] {
    kin::send(ponger, ping{kin::self(), 1});
    return kin::loop([=](pong p) -> kin::next {
      if (p.number == rounds) {
        kin::send(judge, finished{});
        return kin::stop(kin::normal);
      }
      kin::send(p.from, ping{kin::self(), p.number + 1});
      return kin::noreply;
    });
  });
}

void play(int pairs, int rounds) {
  for (int i = 0; i < pairs; ++i) start_pinger(start_ponger(), rounds, kin::self());
  for (int i = 0; i < pairs; ++i) kin::receive([](finished) {});
}

void ping_pong(benchmark::State& state) {
  constexpr int rounds = 2'000'000;
  kin::bench::measure(state, rounds, [] { play(1, rounds); });
}
BENCHMARK(ping_pong)->Apply(kin::bench::one_measurement);

void ping_pong_pairs(benchmark::State& state) {
  constexpr int pairs = 1000;
  constexpr int rounds = 4000;
  kin::bench::measure(state, pairs * rounds, [] { play(pairs, rounds); });
}
BENCHMARK(ping_pong_pairs)->Apply(kin::bench::one_measurement);

}  // namespace
