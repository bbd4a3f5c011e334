// SPDX-License-Identifier: Apache-2.0
// The runtime's timers: never early, each fires once or is cancelled, none is held on to.
// otp-semantics 1.14.
#include "conformance/support.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

class timer_bif : public test::in_worlds {};
INSTANTIATE_TEST_SUITE_P(worlds, timer_bif, test::worlds(), test::name_of_world);

inline constexpr kin::name<> clerk{"timer_bif_conformance.clerk"};
using payload = std::shared_ptr<int>;

template <class T>
concept is_a_time = requires(T time) {
  kin::start_timer(time, kin::pid{}, 1);
  kin::send_after(time, kin::pid{}, 1);
};
template <class T>
concept is_a_timer = requires(T timer) {
  kin::cancel_timer(timer);
};
template <class T>
concept can_be_read = requires(T timer) {
  kin::read_timer(timer);
};

// ---- fire, read, cancel -------------------------------------------------------------------------

// A timer fires once, not early, and says which one it was; then there is nothing left to read. One
// that is cancelled gives the time that was left, a second time nothing, and does not fire.
TEST_P(timer_bif, start_timer_1) {
  play([] {
    const auto began = kin::clock::now();
    const kin::ref fires = kin::start_timer(100ms, kin::self(), word{"hello"});
    const auto expired = test::expect<kin::expired<word>>();
    EXPECT_GE(kin::clock::now() - began, 100ms);
    EXPECT_EQ(expired.timer, fires);
    EXPECT_EQ(expired.value, word{"hello"});
    EXPECT_EQ(kin::read_timer(fires), std::nullopt);
    EXPECT_EQ(kin::cancel_timer(fires), std::nullopt);

    const kin::ref cancelled = kin::start_timer(10s, kin::self(), word{"hello"});
    kin::sleep(20ms);
    const auto left = kin::cancel_timer(cancelled);
    ASSERT_TRUE(left);
    EXPECT_LE(*left, 10s - 20ms);
    EXPECT_GT(*left, 5s);
    EXPECT_EQ(kin::cancel_timer(cancelled), std::nullopt);
    EXPECT_EQ(kin::read_timer(cancelled), std::nullopt);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// What send_after sends is the message itself; then there is nothing left to read.
TEST_P(timer_bif, send_after_1) {
  play([] {
    const kin::ref timer = kin::send_after(20ms, kin::self(), word{"bare"});
    EXPECT_EQ(test::expect<word>(), word{"bare"});
    EXPECT_EQ(kin::read_timer(timer), std::nullopt);
    EXPECT_EQ(kin::cancel_timer(timer), std::nullopt);
  });
}

// Timers a hundred milliseconds apart arrive in the order of their times.
TEST_P(timer_bif, send_after_2) {
  play([] {
    for (const int i : {4, 1, 5, 2, 3}) kin::send_after(100ms * i, kin::self(), number{i});
    for (int i = 1; i <= 5; ++i) EXPECT_EQ(test::expect<number>().value, i);
  });
}

// A reference that is no timer cannot be cancelled.
TEST(timer_bif, cancel_timer_1) {
  test::run([] {
    EXPECT_EQ(kin::cancel_timer(kin::make_ref()), std::nullopt);
    EXPECT_EQ(kin::cancel_timer(kin::ref{}), std::nullopt);
    EXPECT_EQ(kin::cancel_timer(kin::monitor(kin::self())), std::nullopt);
  });
}

// cancel_timer has cancelled when it returns, whether one looks at what it says or not: the time
// left, or nothing for one that has fired or never was.
TEST_P(timer_bif, cancel_timer_sync) {
  play([] {
    const kin::ref looked_at = kin::send_after(50ms, kin::self(), word{"cancelled"});
    const kin::ref ignored = kin::send_after(50ms, kin::self(), word{"cancelled"});
    const auto left = kin::cancel_timer(looked_at);
    ASSERT_TRUE(left);
    EXPECT_LE(*left, 50ms);
    static_cast<void>(kin::cancel_timer(ignored));
    EXPECT_EQ(kin::read_timer(ignored), std::nullopt);

    const kin::ref fired = kin::send_after(100ms, kin::self(), word{"fired"});
    EXPECT_EQ(test::expect<word>(), word{"fired"});
    EXPECT_EQ(kin::cancel_timer(fired), std::nullopt);
    EXPECT_EQ(kin::cancel_timer(kin::make_ref()), std::nullopt);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// ---- bad arguments ------------------------------------------------------------------------------

// A time before now is an error; what is no time, the compiler refuses.
TEST(timer_bif, start_timer_e) {
  EXPECT_TRUE(is_a_time<kin::duration>);
  EXPECT_TRUE(is_a_time<std::chrono::hours>);
  EXPECT_FALSE(is_a_time<int>);
  EXPECT_FALSE(is_a_time<double>);
  EXPECT_FALSE(is_a_time<std::chrono::duration<double>>);
  EXPECT_FALSE(is_a_time<const char*>);
  test::run([] {
    for (const kin::duration time :
         {kin::duration(-1ns), kin::duration(-4s), kin::duration::min()}) {
      EXPECT_THROW(kin::start_timer(time, kin::self(), word{"x"}), kin::error);
    }
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// The same of send_after.
TEST(timer_bif, send_after_e) {
  test::run([] {
    for (const kin::duration time :
         {kin::duration(-1ns), kin::duration(-4s), kin::duration::min()}) {
      EXPECT_THROW(kin::send_after(time, kin::self(), word{"x"}), kin::error);
      EXPECT_THROW(kin::send_after(time, clerk, word{"x"}), kin::error);
    }
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// What is no reference cannot be cancelled: the compiler refuses it.
TEST(timer_bif, cancel_timer_e) {
  EXPECT_TRUE(is_a_timer<kin::ref>);
  EXPECT_FALSE(is_a_timer<int>);
  EXPECT_FALSE(is_a_timer<kin::pid>);
  EXPECT_FALSE(is_a_timer<const char*>);
}

// ---- long times ---------------------------------------------------------------------------------

constexpr kin::duration big = 1ms * (1LL << 31);

void expect_nearly(std::optional<kin::duration> left, kin::duration whole) {
  ASSERT_TRUE(left);
  EXPECT_LE(*left, whole);
  EXPECT_GT(*left, whole - test::patience);
}

// Of a timer of 2^31 ms the time that is left is right.
TEST_P(timer_bif, start_timer_big) {
  play([] {
    const kin::ref timer = kin::start_timer(big, kin::self(), word{"hello"});
    kin::sleep(20ms);
    expect_nearly(kin::read_timer(timer), big - 20ms);
    expect_nearly(kin::cancel_timer(timer), big - 20ms);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// The same of send_after.
TEST_P(timer_bif, send_after_big) {
  play([] {
    const kin::ref timer = kin::send_after(big, kin::self(), word{"hello"});
    kin::sleep(20ms);
    expect_nearly(kin::read_timer(timer), big - 20ms);
    expect_nearly(kin::cancel_timer(timer), big - 20ms);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// ---- read ---------------------------------------------------------------------------------------

// What is no timer has no time left; what is no reference, the compiler refuses.
TEST(timer_bif, read_timer_trivial) {
  EXPECT_TRUE(can_be_read<kin::ref>);
  EXPECT_FALSE(can_be_read<int>);
  EXPECT_FALSE(can_be_read<kin::pid>);
  test::run([] {
    EXPECT_EQ(kin::read_timer(kin::make_ref()), std::nullopt);
    EXPECT_EQ(kin::read_timer(kin::ref{}), std::nullopt);
  });
}

// What is read is what cancelling gives at that moment, and reading changes nothing.
TEST_P(timer_bif, read_timer) {
  play([] {
    const kin::ref timer = kin::start_timer(10s, kin::self(), word{"hello"});
    const auto first = kin::read_timer(timer);
    kin::sleep(20ms);
    const auto second = kin::read_timer(timer);
    const auto last = kin::cancel_timer(timer);
    ASSERT_TRUE(first && second && last);
    EXPECT_LE(*first, 10s);
    EXPECT_LE(*second, *first - 20ms);
    EXPECT_LE(*last, *second);
    EXPECT_LT(*second - *last, test::patience);
    EXPECT_EQ(kin::read_timer(timer), std::nullopt);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// Asked for as messages, the results come in the order in which they were asked for: the time left,
// what cancelling gave, and then nothing, as for what has fired or is no timer.
TEST_P(timer_bif, read_timer_async) {
  play([] {
    const kin::ref timer = kin::start_timer(10s, kin::self(), word{"hello"});
    kin::read_timer(timer, kin::async_answer);
    kin::cancel_timer(timer, kin::async_answer);
    kin::read_timer(timer, kin::async_answer);
    kin::cancel_timer(timer, kin::async_answer);
    const auto take_read = [](kin::ref of) {
      const auto m = test::expect<kin::message>();
      const auto* read = m.get_if<kin::timer_read>();
      EXPECT_NE(read, nullptr);
      EXPECT_EQ(read == nullptr ? kin::ref{} : read->timer, of);
      return read == nullptr ? std::nullopt : read->left;
    };
    const auto take_cancelled = [](kin::ref of) {
      const auto m = test::expect<kin::message>();
      const auto* done = m.get_if<kin::timer_cancelled>();
      EXPECT_NE(done, nullptr);
      EXPECT_EQ(done == nullptr ? kin::ref{} : done->timer, of);
      return done == nullptr ? std::nullopt : done->left;
    };
    const auto left = take_read(timer);
    ASSERT_TRUE(left);
    EXPECT_LE(*left, 10s);
    EXPECT_GT(*left, 0s);
    const auto cancelled = take_cancelled(timer);
    ASSERT_TRUE(cancelled);
    EXPECT_LE(*cancelled, *left);
    EXPECT_EQ(take_read(timer), std::nullopt);
    EXPECT_EQ(take_cancelled(timer), std::nullopt);

    const kin::ref fired = kin::send_after(1ms, kin::self(), word{"fired"});
    test::expect<word>();
    for (const kin::ref r : {fired, kin::make_ref()}) {
      kin::read_timer(r, kin::async_answer);
      EXPECT_EQ(take_read(r), std::nullopt);
      kin::cancel_timer(r, kin::async_answer);
      EXPECT_EQ(take_cancelled(r), std::nullopt);
    }
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// ---- what becomes of a timer --------------------------------------------------------------------

// A timer for the dead, one whose target dies, one that is cancelled and one that fires: none is
// left, nor what it was to send.
TEST_P(timer_bif, cleanup) {
  play([] {
    const auto held = std::make_shared<int>(0);
    const kin::pid dead = kin::spawn([] {});
    test::await_exit(dead);
    const kin::ref for_dead = kin::send_after(1h, dead, payload(held));
    EXPECT_EQ(kin::read_timer(for_dead), std::nullopt);
    EXPECT_EQ(kin::cancel_timer(for_dead), std::nullopt);
    EXPECT_EQ(held.use_count(), 1) << "for the dead";

    const auto dying = kin::spawn_monitor([] { test::idle(); });
    const kin::ref for_dying = kin::send_after(1h, dying.pid, payload(held));
    EXPECT_NE(kin::read_timer(for_dying), std::nullopt);
    kin::exit(dying.pid, kin::kill);
    test::expect_down(dying.ref);
    EXPECT_EQ(kin::read_timer(for_dying), std::nullopt);
    EXPECT_EQ(held.use_count(), 1) << "for one that has died";
    EXPECT_EQ(kin::cancel_timer(for_dying), std::nullopt);

    const kin::ref cancelled = kin::send_after(1h, kin::self(), payload(held));
    EXPECT_NE(kin::cancel_timer(cancelled), std::nullopt);
    EXPECT_EQ(kin::read_timer(cancelled), std::nullopt);
    EXPECT_EQ(held.use_count(), 1) << "cancelled";

    const kin::ref fires = kin::send_after(1ms, kin::self(), payload(held));
    test::expect<payload>();
    EXPECT_EQ(kin::read_timer(fires), std::nullopt);
    EXPECT_EQ(held.use_count(), 1) << "fired";
  });
}

// A timer to a name goes to who holds it when the time has come, whoever held it before and whether
// it was held at all; nobody then: it is dropped. It can be cancelled without the name.
TEST_P(timer_bif, registered_process) {
  play([] {
    const kin::ref early = kin::start_timer(50ms, clerk, word{"nobody held it"});
    const auto before = kin::spawn_monitor([] { test::idle(); });
    kin::register_name(clerk, before.pid);
    const kin::ref changed = kin::send_after(60ms, clerk, word{"another held it"});
    kin::exit(before.pid, kin::kill);
    test::expect_down(before.ref);
    kin::register_name(clerk, kin::self());
    EXPECT_NE(kin::read_timer(changed), std::nullopt);

    EXPECT_EQ(test::expect<kin::expired<word>>().timer, early);
    EXPECT_EQ(test::expect<word>(), word{"another held it"});

    const auto held = std::make_shared<int>(0);
    kin::send_after(5ms, clerk, payload(held));
    const kin::ref cancelled = kin::send_after(1h, clerk, payload(held));
    kin::unregister_name(clerk);
    EXPECT_NE(kin::cancel_timer(cancelled), std::nullopt);
    kin::send_after(50ms, kin::self(), word{"later"});
    test::expect<word>();
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// ---- many ---------------------------------------------------------------------------------------

// Eight hundred timers with large messages, from many processes to many: each message arrives as it
// was, at its process.
TEST_P(timer_bif, evil_timers) {
  play_on_threads([] {
    constexpr int processes = 40;
    constexpr int timers = 20;
    std::vector<kin::ref> ends;
    for (int who = 0; who < processes; ++who) {
      ends.push_back(kin::spawn_monitor([who] {
                       for (int i = 0; i < timers; ++i) {
                         kin::start_timer(1ms * ((i * 7 + who) % 50), kin::self(),
                                          test::large_ledger(who * 1000 + i));
                       }
                       std::vector<bool> seen(timers, false);
                       for (int i = 0; i < timers; ++i) {
                         const auto e = test::expect<kin::expired<test::ledger>>();
                         const std::string& first = e.value.lines.front();
                         const int which = std::stoi(first.substr(5)) - who * 1000;
                         ASSERT_TRUE(which >= 0 && which < timers) << first;
                         ASSERT_FALSE(seen[static_cast<std::size_t>(which)]);
                         seen[static_cast<std::size_t>(which)] = true;
                         ASSERT_EQ(e.value, test::large_ledger(who * 1000 + which));
                       }
                     }).ref);
    }
    for (const kin::ref end : ends) EXPECT_EQ(test::expect_down(end).reason, kin::normal);
  });
}

// So many timers, all for the same instant.
int one_instant() { return test::sanitized ? 2000 : 20'000; }

kin::duration until(kin::clock::time_point instant) {
  return std::max<kin::duration>(instant - kin::clock::now(), 0ns);
}

// They all fire, each once and none early.
TEST_P(timer_bif, same_time_yielding) {
  play_on_threads([] {
    const auto instant = kin::clock::now() + (test::sanitized ? 500ms : 200ms);
    for (int i = 0; i < one_instant(); ++i) kin::send_after(until(instant), kin::self(), number{i});
    std::vector<bool> seen(static_cast<std::size_t>(one_instant()), false);
    for (int i = 0; i < one_instant(); ++i) {
      const auto n = static_cast<std::size_t>(test::expect<number>().value);
      ASSERT_FALSE(seen[n]);
      seen[n] = true;
      ASSERT_GE(kin::clock::now(), instant);
    }
    EXPECT_LT(kin::clock::now() - instant, test::patience);
  });
}

// While they are cancelled, with the answers as messages: for each there is one answer; it has
// fired if that has no time, and has not if it has some.
TEST_P(timer_bif, same_time_yielding_with_cancel) {
  play([] {
    const auto instant = kin::clock::now() + (test::sanitized ? 500ms : 100ms);
    std::vector<kin::ref> timers;
    for (int i = 0; i < one_instant(); ++i)
      timers.push_back(kin::send_after(until(instant), kin::self(), number{i}));
    kin::sleep(until(instant - 1ms));
    for (const kin::ref timer : timers) kin::cancel_timer(timer, kin::async_answer);
    std::vector<bool> cancelled;
    for (const kin::ref timer : timers) {
      const auto answer = test::expect<kin::timer_cancelled>();
      ASSERT_EQ(answer.timer, timer);
      ASSERT_GE(answer.left.value_or(0s), 0s);
      cancelled.push_back(answer.left.has_value());
    }
    for (auto fired = std::count(cancelled.begin(), cancelled.end(), false); fired > 0; --fired) {
      const auto which = static_cast<std::size_t>(test::expect<number>().value);
      ASSERT_FALSE(cancelled[which]) << "fired, or twice";
      cancelled[which] = true;
    }
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// While another process cancels them: each has fired or was cancelled, with time left; never both,
// never neither.
TEST_P(timer_bif, same_time_yielding_with_cancel_other) {
  play([] {
    const kin::pid me = kin::self();
    const auto instant = kin::clock::now() + (test::sanitized ? 500ms : 100ms);
    std::vector<kin::ref> timers;
    for (int i = 0; i < one_instant(); ++i)
      timers.push_back(kin::send_after(until(instant), me, number{i}));
    kin::spawn([=] {
      kin::sleep(until(instant - 1ms));
      int cancelled = 0;
      for (const kin::ref timer : timers) {
        const auto left = kin::cancel_timer(timer);
        if (!left) continue;
        EXPECT_GE(*left, 0s);
        ++cancelled;
      }
      kin::send(me, word{std::to_string(cancelled)});
    });
    const int cancelled = std::stoi(test::expect<word>().text);
    for (int fired = one_instant() - cancelled; fired > 0; --fired) test::expect<number>();
    for (const kin::ref timer : timers) ASSERT_EQ(kin::cancel_timer(timer), std::nullopt);
    EXPECT_THAT(test::drained(), testing::IsEmpty());
  });
}

// When a process ends, the thousands of timers that were to send to it are gone, and what they
// held.
TEST_P(timer_bif, auto_cancel_yielding) {
  play([] {
    const auto held = std::make_shared<int>(0);
    const auto owner = kin::spawn_monitor([held] {
      for (int i = 0; i < test::times(20'000); ++i)
        kin::send_after(1h + 1us * i, kin::self(), payload(held));
    });
    test::expect_down(owner.ref);
    EXPECT_EQ(held.use_count(), 1);
  });
}

// Timers of no time that start timers of no time, for ever, keep nobody from his turn: neither a
// process that yields, nor a timer of some time.
TEST_P(timer_bif, multizero_timeout_in_timeout) {
  play([] {
    std::vector<kin::pid> zeros;
    for (int i = 0; i < 8; ++i) {
      zeros.push_back(kin::spawn([] {
        kin::send_after(0s, kin::self(), number{0});
        return kin::loop([](number n) { kin::send_after(0s, kin::self(), n); });
      }));
    }
    const auto began = kin::clock::now();
    kin::send_after(50ms, kin::self(), word{"in time"});
    for (int i = 0; i < 100; ++i) kin::yield();
    test::expect<word>();
    EXPECT_GE(kin::clock::now() - began, 50ms);
    EXPECT_LT(kin::clock::now() - began, test::patience);
    for (const kin::pid p : zeros) kin::exit(p, kin::kill);
  });
}

}  // namespace
