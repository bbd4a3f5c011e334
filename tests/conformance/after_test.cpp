// SPDX-License-Identifier: Apache-2.0
// Receives that time out: when, and when not. otp-semantics 1.10.
#include <kin/sim.hpp>

#include "conformance/support.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class after : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, after, test::worlds(), test::name_of_world);

/// The longest time that Erlang can wait: 2^32 - 1 ms.
constexpr auto longest = std::chrono::milliseconds(std::numeric_limits<std::uint32_t>::max());

// How long it took to wait for `limit` in a mailbox where nothing fits.
kin::duration waited(kin::duration limit) {
  const auto began = kin::clock::now();
  kin::receive([](number /*n*/) { FAIL() << "none was sent"; }, kin::after(limit, [] {}));
  return kin::clock::now() - began;
}

// ---- how long -----------------------------------------------------------------------------------

// A minute is a minute: never less, and not a thousandth more. In virtual time, where nobody else
// has the core.
TEST(after, t_after) {
  const auto end = kin::sim::run({}, [] {
    const kin::duration took = waited(1min);
    EXPECT_GE(took, 1min);
    EXPECT_LE(took, 1min + 60ms);
  });
  EXPECT_TRUE(end.ok()) << end.story;
}

// Timeouts from five seconds down to a millisecond all come to their end, none early.
TEST_P(after, receive_after) {
  play([] {
    std::vector<kin::ref> ends;
    for (const kin::duration limit :
         {5000ms, 2000ms, 1000ms, 500ms, 200ms, 100ms, 50ms, 20ms, 10ms, 5ms, 2ms, 1ms}) {
      ends.push_back(kin::spawn_monitor([=] { EXPECT_GE(waited(limit), limit); }).ref);
    }
    for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
  });
}

// Timeouts near 2^32 ms can be waited for: a message ends the wait, the time does not.
TEST_P(after, receive_after_big) {
  play([] {
    for (const kin::duration limit :
         {kin::duration(longest - 1ms), kin::duration(longest), kin::duration(longest + 1ms),
          kin::duration(1ms * (1LL << 31)), kin::infinity - 1ns, kin::infinity}) {
      kin::spawn([me = kin::self()] { kin::send(me, word{"here"}); });
      const std::string ended_by = kin::receive([](const word& w) { return w.text; },
                                                kin::after(limit, [] { return "time"s; }));
      EXPECT_EQ(ended_by, "here");
    }
  });
}

// A time before now is an error, if no message is there that ends the wait first.
TEST(after, receive_after_errors) {
  test::run([] {
    for (const kin::duration limit :
         {kin::duration(-1ns), kin::duration(-1ms), kin::duration::min()}) {
      EXPECT_THROW(kin::receive([](number /*n*/) {}, kin::after(limit, [] {})), kin::error);
    }
    kin::send(kin::self(), number{1});
    EXPECT_EQ(kin::receive([](number n) { return n.value; }, kin::after(-1ms, [] { return 2; })),
              1);
  });
}

// ---- no time at all -----------------------------------------------------------------------------

// A zero from a variable: looks through the whole mailbox once, takes what fits, keeps the rest.
TEST_P(after, receive_var_zero) {
  play([] {
    for (const kin::duration zero : {kin::duration(0s), kin::duration(5ms) - kin::duration(5ms)}) {
      for (int i = 0; i < 3; ++i) kin::send(kin::self(), number{i});
      kin::send(kin::self(), word{"x"});
      const auto take = [&](int wanted) {
        return kin::receive(kin::when(&number::value, wanted, [](number /*n*/) { return true; }),
                            kin::after(zero, [] { return false; }));
      };
      EXPECT_FALSE(take(99));
      EXPECT_TRUE(take(2));
      EXPECT_FALSE(take(2));
      EXPECT_THAT(test::drained(), testing::ElementsAre("0", "1", "x"));
    }
  });
}

// A literal zero does the same, on an empty mailbox too.
TEST_P(after, receive_zero) {
  play([] {
    kin::receive([](number /*n*/) { FAIL() << "none was sent"; }, kin::after(0s, [] {}));
    kin::send(kin::self(), word{"x"});
    kin::send(kin::self(), word{"y"});
    kin::receive([](number /*n*/) { FAIL() << "none was sent"; }, kin::after(0s, [] {}));
    EXPECT_EQ(
        kin::receive([](const word& w) { return w.text; }, kin::after(0s, [] { return ""s; })),
        "x");
    EXPECT_THAT(test::drained(), testing::ElementsAre("y"));
  });
}

// ---- messages meanwhile -------------------------------------------------------------------------

// Messages that come while a receive without clauses waits neither end the wait nor make it longer,
// and are in the mailbox afterwards.
TEST_P(after, multi_timeout) {
  play([] {
    const kin::pid me = kin::self();
    constexpr kin::duration limit = 500ms;
    for (int i = 1; i <= 10; ++i) kin::send_after(limit * i * 19 / 200, me, number{i});
    const auto began = kin::clock::now();
    kin::receive(kin::after(limit, [] {}));
    const kin::duration took = kin::clock::now() - began;

    EXPECT_GE(took, limit);
    EXPECT_LT(took, limit * 19 / 10) << "the messages have started the time anew";
    for (int i = 1; i <= 10; ++i) EXPECT_EQ(test::expect<number>().value, i);
  });
}

// The longest timeout does not fire early, in none of 2048 processes.
TEST_P(after, receive_after_32bit) {
  play_on_threads([] {
    std::vector<kin::monitored> all;
    for (int i = 0; i < 2048; ++i) all.push_back(kin::spawn_monitor([] { waited(longest); }));
    // Time passes; no end is told.
    kin::receive([](const kin::down& d) { ADD_FAILURE() << "early: " << d; },
                 kin::after(500ms, [] {}));
    for (const kin::monitored& m : all) kin::exit(m.pid, kin::kill);
    for (const kin::monitored& m : all) ASSERT_EQ(test::expect_down(m.ref).reason, kin::killed);
  });
}

// Many processes time out after all sorts of times, many times, while messages come: none is early,
// none is left behind.
TEST_P(after, receive_after_blast) {
  play_on_threads([] {
    std::vector<kin::monitored> all;
    const int count = test::sanitized ? 500 : 2000;
    for (int i = 0; i < count; ++i) {
      all.push_back(kin::spawn_monitor([i] {
        for (int j = 0; j < 20; ++j) {
          const auto limit = std::chrono::microseconds((i * 61 + j * 997) % 10'000);
          const auto began = kin::clock::now();
          kin::receive([](number /*n*/) { FAIL() << "none was sent"; }, kin::after(limit, [] {}));
          ASSERT_GE(kin::clock::now() - began, limit);
        }
      }));
    }
    for (int i = 0; i < count; ++i) kin::send(all[static_cast<std::size_t>(i)].pid, word{"noise"});
    for (const kin::monitored& m : all) ASSERT_EQ(test::expect_down(m.ref).reason, kin::normal);
  });
}

}  // namespace
