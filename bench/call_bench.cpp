// SPDX-License-Identifier: Apache-2.0
// How long does a client wait for a gen_server's reply? A client is a plain function that calls: it
// keeps a stack while it waits. One client and one server; and a thousand clients, each with a
// server of its own. It does not show a server with many clients, and the request is as small as
// one gets: the caller's pid, which call puts in, and an int.
#include "support.hpp"

namespace {

struct increment {
  int by;
};

class counter : public kin::gen_server {
 public:
  int handle_call(increment request) { return count_ += request.by; }

 private:
  int count_ = 0;
};

struct finished {
  kin::pid who;
  int count;
};

int count_to(int limit, kin::server<counter> server) {
  int count = 0;
  while (count < limit) count = kin::call(server, increment{1});
  return count;
}

void call(benchmark::State& state) {
  constexpr int calls = 2'000'000;
  kin::bench::measure(state, calls, [] { count_to(calls, kin::start_link<counter>()); });
}
BENCHMARK(call)->Apply(kin::bench::one_measurement);

void call_many(benchmark::State& state) {
  constexpr int clients = 1000;
  constexpr int calls = 2000;
  kin::bench::measure(state, clients * calls, [] {
    for (int i = 0; i < clients; ++i) {
      const auto server = kin::start_link<counter>();
      kin::spawn([server, judge = kin::self()] {
        kin::send(judge, finished{kin::self(), count_to(calls, server)});
      });
    }
    for (int i = 0; i < clients; ++i) kin::receive([](finished) {});
  });
}
BENCHMARK(call_many)->Apply(kin::bench::one_measurement);

}  // namespace
