// SPDX-License-Identifier: Apache-2.0
// Hibernation: nothing is held but the state, and the next message wakes. otp-semantics 1.16.
#include "conformance/support.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class hibernate : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, hibernate, test::worlds(), test::name_of_world);

// Memory that this OS process has in use.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Counts what it is sent and tells `up` its sum; hibernates each time, having used its stack and
// waited in the middle.
kin::pid sleepy_sum(kin::pid up) {
  return kin::spawn([up] {
    auto sum = std::make_shared<int>(0);
    return kin::loop([=](number n) {
      std::array<volatile char, 16 * 1024> used{};
      kin::yield();
      used.back() = 1;
      *sum += n.value;
      kin::send(up, number{*sum});
      return kin::hibernate;
    });
  });
}

// A process that hibernates and wakes over and over keeps its state; many that hibernate hold no
// stack.
TEST_P(hibernate, basic) {
  play_on_threads([] {
    const kin::pid me = kin::self();
    const kin::pid one = sleepy_sum(me);
    for (int i = 1; i <= 1000; ++i) {
      kin::send(one, number{i});
      ASSERT_EQ(test::expect<number>().value, i * (i + 1) / 2);
    }

    constexpr std::size_t count = 2000;
    const std::size_t before = resident_bytes();
    std::vector<kin::pid> all;
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(sleepy_sum(me));
      kin::send(all.back(), number{7});
      ASSERT_EQ(test::expect<number>(), number{7});
    }
    if (!test::sanitized) {
      const std::size_t after = resident_bytes();
      EXPECT_LT(after - std::min(before, after), count * 4096);
    }
    for (const kin::pid p : all) kin::send(p, number{8});
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(test::expect<number>(), number{15});
  });
}

// If a message is in the mailbox already, hibernate wakes at once; the message is still there, and
// so are the others, in order.
TEST_P(hibernate, messages_in_queue) {
  play([] {
    const kin::pid me = kin::self();
    const kin::pid sleeper = kin::spawn([me] {
      test::expect<word>();  // all the others are behind it
      return kin::loop([me](number n) {
        kin::send(me, n);
        return kin::hibernate;
      });
    });
    for (int i = 0; i < 100; ++i) kin::send(sleeper, number{i});
    kin::send(sleeper, word{"go"});
    for (int i = 0; i < 100; ++i) ASSERT_EQ(test::expect<number>().value, i);
  });
}

// What would wake into a function that is not there hibernates as any other, and dies of an error
// when it wakes.
TEST_P(hibernate, undefined_mfa) {
  play([] {
    const auto sleeper = kin::spawn_monitor([] {
      return kin::loop([](const word& /*w*/) { return kin::hibernate; },
                       std::function<kin::hibernate_t(number)>());
    });
    kin::send(sleeper.pid, word{"hibernate"});
    EXPECT_TRUE(kin::is_alive(sleeper.pid));
    kin::send(sleeper.pid, number{1});
    const kin::exit_reason why = test::expect_down(sleeper.ref).reason;
    EXPECT_TRUE(why.is_error());
    EXPECT_NE(why.get_if<std::bad_function_call>(), nullptr) << why;
  });
}

// A process without any state hibernates, wakes, and can be ended while it hibernates.
TEST_P(hibernate, no_heap) {
  play([] {
    for (int i = 0; i < test::times(200); ++i) {
      const auto sleeper = kin::spawn_monitor([] {
        return kin::loop([](number /*n*/) { return kin::hibernate; },
                         [](const word& /*end*/) { return kin::stop(kin::normal); });
      });
      for (int j = 0; j < i % 5; ++j) kin::send(sleeper.pid, number{j});
      ASSERT_TRUE(kin::is_alive(sleeper.pid));
      if (i % 2 == 0) {
        kin::exit(sleeper.pid, "while it hibernates");
      } else {
        kin::send(sleeper.pid, word{"end"});
      }
      ASSERT_EQ(test::expect_down(sleeper.ref).reason,
                i % 2 == 0 ? kin::exit_reason("while it hibernates") : kin::normal);
    }
  });
}

}  // namespace
