// SPDX-License-Identifier: Apache-2.0
// What does it cost to wake the next process? One token goes round a ring of handler loops, so that
// one process is awake at any time. 503 processes stay in the cache, 100,000 do not: the difference
// is memory. The start of the ring counts. It does not show parallel work: there is none.
#include "support.hpp"

namespace {

struct token {
  kin::pid judge;
  int hops;
};
struct neighbour {
  kin::pid pid;
};
struct finished {};

auto pass_to(kin::pid next) {
  return kin::loop([next](token t) {
    if (t.hops == 0) {
      kin::send(t.judge, finished{});
    } else {
      kin::send(next, token{t.judge, t.hops - 1});
    }
  });
}

void go_round(int processes, int hops) {
  const kin::pid first = kin::spawn([] {  // is told its neighbour, the last one, when that is there
    return pass_to(kin::receive([](neighbour n) { return n.pid; }));
  });
  kin::pid latest = first;
  for (int i = 1; i < processes; ++i) {
    latest = kin::spawn([next = latest] { return pass_to(next); });
  }
  kin::send(first, neighbour{latest});
  kin::send(first, token{kin::self(), hops});
  kin::receive([](finished) {});
}

constexpr int hops = 5'000'000;

void thread_ring(benchmark::State& state) {
  kin::bench::measure(state, hops, [] { go_round(503, hops); });
}
BENCHMARK(thread_ring)->Apply(kin::bench::one_measurement);

void thread_ring_100k(benchmark::State& state) {
  kin::bench::measure(state, hops, [] { go_round(100'000, hops); });
}
BENCHMARK(thread_ring_100k)->Apply(kin::bench::one_measurement);

}  // namespace
