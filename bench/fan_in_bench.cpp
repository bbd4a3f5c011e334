// SPDX-License-Identifier: Apache-2.0
// What does a message cost when a thousand processes send to one? Senders are plain functions that
// send and end, the receiver is a handler loop. Nobody waits for anybody, so its mailbox may grow
// long: the memory of the messages counts. It does not show how long one message waits.
#include "support.hpp"

namespace {

struct work {
  kin::pid from;
  int number;
};
struct finished {
  int received;
};

constexpr int senders = 1000;
constexpr int messages = 1000;

kin::pid start_receiver(int expected, kin::pid judge) {
  return kin::spawn([=] {
    return kin::loop([=, received = 0](work) mutable {
      if (++received == expected) kin::send(judge, finished{received});
    });
  });
}

void fan_in(benchmark::State& state) {
  kin::bench::measure(state, senders * messages, [] {
    const kin::pid receiver = start_receiver(senders * messages, kin::self());
    for (int i = 0; i < senders; ++i) {
      kin::spawn([receiver] {
        for (int number = 0; number < messages; ++number) {
          kin::send(receiver, work{kin::self(), number});
        }
      });
    }
    kin::receive([](finished) {});
  });
}
BENCHMARK(fan_in)->Apply(kin::bench::one_measurement);

}  // namespace
