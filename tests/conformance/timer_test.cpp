// SPDX-License-Identifier: Apache-2.0
// The module timer: functions, messages and exits after a time, or again and again. otp-semantics
// 1.15.
#include <kin/timers.hpp>

#include "conformance/support.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using kind = kin::timer::tref::kind;
using test::number;
using test::word;
using testing::IsEmpty;

inline constexpr kin::name<> clerk{"timer_conformance.clerk"};

/// A function that says so to the test.
auto says(std::string text) {
  return [to = kin::self(), text] { kin::send(to, word{text}); };
}
/// A process that waits, and is watched.
kin::monitored sleeper() {
  return kin::spawn_monitor([] { kin::sleep(kin::infinity); });
}
/// Waits until that timer, an interval, has ended.
void await_its_end(const kin::timer::tref& t) { test::await_exit(t.process()); }

// ---- apply_after --------------------------------------------------------------------------------

// After no time at all the function is called at once.
KIN_TEST(timer, apply_after1) {
  const auto t = kin::timer::apply_after(0s, says("called"));
  EXPECT_EQ(t.what(), kind::instant);
  EXPECT_EQ(test::expect<word>(), word{"called"});
}

// After some time it is called when that has passed, in a process of its own.
KIN_TEST(timer, apply_after2) {
  const auto began = kin::clock::now();
  const auto t = kin::timer::apply_after(20ms, [to = kin::self()] { kin::send(to, kin::self()); });
  EXPECT_EQ(t.what(), kind::once);
  EXPECT_NE(test::expect<kin::pid>(), kin::self());
  EXPECT_GE(kin::clock::now() - began, 20ms);
}

// A time that cannot be is an error, and nothing is called; what is no function does not compile.
KIN_TEST(timer, apply_after_invalid_args) {
  EXPECT_EQ(kin::timer::try_apply_after(-1ms, says("called")).error(), kin::badarg);
  EXPECT_THROW(kin::timer::apply_after(-1ms, says("called")), kin::error);
  test::expect_nothing(50ms);
}

// ---- send_after ---------------------------------------------------------------------------------

// To the caller, at once.
KIN_TEST(timer, send_after1) {
  EXPECT_EQ(kin::timer::send_after(0s, word{"now"}).what(), kind::instant);
  EXPECT_EQ(test::expect<word>(), word{"now"});
}

// To a name, at once.
KIN_TEST(timer, send_after2) {
  kin::register_name(clerk, kin::self());
  EXPECT_EQ(kin::timer::send_after(0s, clerk, word{"now"}).what(), kind::instant);
  EXPECT_EQ(test::expect<word>(), word{"now"});
}

// To a process, later: by the runtime's own timer.
KIN_TEST(timer, send_after4) {
  const auto began = kin::clock::now();
  EXPECT_EQ(kin::timer::send_after(20ms, kin::self(), word{"later"}).what(), kind::send_local);
  EXPECT_EQ(test::expect<word>(), word{"later"});
  EXPECT_GE(kin::clock::now() - began, 20ms);
}

// To a name, later.
KIN_TEST(timer, send_after5) {
  kin::register_name(clerk, kin::self());
  EXPECT_EQ(kin::timer::send_after(20ms, clerk, word{"later"}).what(), kind::once);
  EXPECT_EQ(test::expect<word>(), word{"later"});
}

// The name is looked up when the time has come, not before.
KIN_SIM_TEST(timer, send_after7) {
  kin::timer::send_after(20ms, clerk, word{"later"});
  kin::register_name(clerk, kin::self());
  EXPECT_EQ(test::expect<word>(), word{"later"});
}

KIN_TEST(timer, send_after_invalid_args) {
  EXPECT_EQ(kin::timer::try_send_after(-1ms, kin::self(), word{}).error(), kin::badarg);
  EXPECT_THROW(kin::timer::send_after(-1ms, kin::self(), word{}), kin::error);
  EXPECT_TRUE(kin::timer::try_send_after(0s, clerk, word{}));  // nobody there is no error
  test::expect_nothing(50ms);
}

// ---- exit_after and kill_after ------------------------------------------------------------------

KIN_TEST(timer, exit_after1) {
  const auto one = sleeper();
  kin::timer::exit_after(10ms, one.pid, word{"enough"});
  EXPECT_TRUE(test::expect_down(one.ref).reason.is(word{"enough"}));
}

KIN_TEST(timer, exit_after2) {
  const auto one = sleeper();
  kin::register_name(clerk, one.pid);
  kin::timer::exit_after(10ms, clerk, word{"enough"});
  EXPECT_TRUE(test::expect_down(one.ref).reason.is(word{"enough"}));
}

KIN_TEST(timer, exit_after3) {
  for (const kin::duration time : {kin::duration(0s), kin::duration(10ms)}) {
    EXPECT_EQ(test::how_it_ends([time] {
                kin::timer::exit_after(time, kin::exit_reason("enough"));
                kin::sleep(kin::infinity);
              }),
              "enough");
  }
}

// That nobody has the name harms nobody: other timers go on.
KIN_TEST(timer, exit_after4) {
  const auto t = kin::timer::exit_after(1ms, clerk, word{"enough"});
  kin::timer::exit_after(0s, clerk, word{"enough"});
  await_its_end(t);
  kin::timer::apply_after(1ms, says("called"));
  EXPECT_EQ(test::expect<word>(), word{"called"});
}

KIN_TEST(timer, kill_after1) {
  const auto one = sleeper();
  kin::timer::kill_after(10ms, one.pid);
  EXPECT_EQ(test::expect_down(one.ref).reason, kin::killed);
}

KIN_TEST(timer, kill_after2) {
  const auto one = sleeper();
  kin::register_name(clerk, one.pid);
  kin::timer::kill_after(10ms, clerk);
  EXPECT_EQ(test::expect_down(one.ref).reason, kin::killed);
}

KIN_TEST(timer, kill_after3) {
  EXPECT_EQ(test::how_it_ends([] {
              kin::timer::kill_after(10ms);
              kin::sleep(kin::infinity);
            }),
            kin::killed);
}

// ---- intervals ----------------------------------------------------------------------------------

KIN_TEST(timer, apply_interval1) {
  const auto began = kin::clock::now();
  const auto t = kin::timer::apply_interval(10ms, says("called"));
  EXPECT_EQ(t.what(), kind::interval);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(test::expect<word>(), word{"called"});
    EXPECT_GE(kin::clock::now() - began, 10ms * i);
  }
  kin::timer::cancel(t);
  EXPECT_FALSE(kin::is_alive(t.process()));
  test::settle();  // what it has started has ended
  test::drained();
}

KIN_TEST(timer, apply_interval_invalid_args) {
  EXPECT_EQ(kin::timer::try_apply_interval(-1ms, says("called")).error(), kin::badarg);
  EXPECT_THROW(kin::timer::apply_interval(-1ms, says("called")), kin::error);
  EXPECT_EQ(kin::timer::try_apply_repeatedly(-1ms, says("called")).error(), kin::badarg);
  EXPECT_THROW(kin::timer::apply_repeatedly(-1ms, says("called")), kin::error);
  test::expect_nothing(50ms);
}

// Again and again to the caller; nothing more once cancel has returned.
KIN_TEST(timer, send_interval1) {
  const auto t = kin::timer::send_interval(10ms, word{"tick"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(test::expect<word>(), word{"tick"});
  kin::timer::cancel(t);
  test::drained();
  test::expect_nothing(50ms);
}

KIN_TEST(timer, send_interval2) {
  const auto t = kin::timer::send_interval(10ms, kin::self(), word{"tick"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(test::expect<word>(), word{"tick"});
  kin::timer::cancel(t);
  test::drained();
  test::expect_nothing(50ms);
}

KIN_TEST(timer, send_interval3) {
  kin::register_name(clerk, kin::self());
  const auto t = kin::timer::send_interval(10ms, clerk, word{"tick"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(test::expect<word>(), word{"tick"});
  kin::timer::cancel(t);
  test::drained();
  test::expect_nothing(50ms);
}

// It ends with the process that it sends to; one that calls a function, with the caller.
KIN_TEST(timer, send_interval5) {
  const kin::pid receiver = kin::spawn(test::idle);
  const auto t = kin::timer::send_interval(10ms, receiver, number{1});
  EXPECT_TRUE(kin::is_alive(t.process()));
  EXPECT_EQ(test::end_told_by(receiver, word{}), kin::normal);
  await_its_end(t);

  kin::spawn([to = kin::self()] {
    kin::send(to, kin::timer::apply_interval(10ms, [] {}));
    kin::exit(kin::normal);
  });
  await_its_end(test::expect<kin::timer::tref>());
}

KIN_TEST(timer, send_interval_invalid_args) {
  EXPECT_EQ(kin::timer::try_send_interval(-1ms, kin::self(), word{}).error(), kin::badarg);
  EXPECT_THROW(kin::timer::send_interval(-1ms, word{}), kin::error);
  test::expect_nothing(50ms);
}

// ---- cancel -------------------------------------------------------------------------------------

KIN_TEST(timer, cancel1) {
  const auto t = kin::timer::send_after(0s, word{"now"});
  kin::timer::cancel(t);
  EXPECT_EQ(test::expect<word>(), word{"now"});
}

KIN_SIM_TEST(timer, cancel2) {
  const auto t = kin::timer::send_after(20ms, word{"later"});
  kin::timer::cancel(t);
  kin::timer::cancel(t);
  test::expect_nothing(50ms);
}

KIN_SIM_TEST(timer, cancel3) {
  const auto t = kin::timer::apply_after(20ms, says("called"));
  kin::timer::cancel(t);
  kin::timer::cancel(t);
  await_its_end(t);
  test::expect_nothing(50ms);
}

KIN_TEST(timer, cancel4) {
  const auto t = kin::timer::send_interval(10ms, word{"tick"});
  test::expect<word>();
  kin::timer::cancel(t);
  kin::timer::cancel(t);
  test::drained();
  test::expect_nothing(50ms);
}

KIN_SIM_TEST(timer, cancel5) {
  const auto t = kin::timer::apply_repeatedly(10ms, says("called"));
  test::expect<word>();
  kin::timer::cancel(t);
  kin::timer::cancel(t);
  test::settle();
  test::drained();
  test::expect_nothing(50ms);
}

// What was never a timer, of each kind, can be cancelled, and no other timer minds.
KIN_TEST(timer, cancel6) {
  const auto t = kin::timer::send_after(20ms, word{"later"});
  kin::timer::cancel({});
  for (const kind what : {kind::instant, kind::once, kind::interval, kind::send_local}) {
    kin::timer::cancel({what, kin::make_ref()});
    kin::timer::cancel({what, kin::make_ref(), kin::pid{}});
  }
  EXPECT_EQ(test::expect<word>(), word{"later"});
  EXPECT_EQ(kin::to_string(t), "{send_local, " + kin::to_string(t.ref()) + "}");
}

template <class T>
concept can_be_cancelled = requires(T timer) {
  kin::timer::cancel(timer);
};
// Only timers can be.
TEST(timer, cancel_invalid_args) {
  static_assert(can_be_cancelled<kin::timer::tref>);
  static_assert(!can_be_cancelled<kin::pid> && !can_be_cancelled<kin::ref>);
  static_assert(!can_be_cancelled<int> && !can_be_cancelled<const char*>);
}

// ---- sleep, and taking the time -----------------------------------------------------------------

KIN_TEST(timer, sleep1) {
  const auto began = kin::clock::now();
  kin::timer::sleep(20ms);
  EXPECT_GE(kin::clock::now() - began, 20ms);
}

// Longer than a number of milliseconds in 32 bits; it can be killed meanwhile.
KIN_TEST(timer, sleep2) {
  const auto one = kin::spawn_monitor([to = kin::self()] {
    kin::send(to, word{"asleep"});
    kin::timer::sleep(std::chrono::milliseconds((1LL << 32) + 1000));
    kin::exit("it has woken");
  });
  test::expect<word>();
  kin::exit(one.pid, kin::kill);
  EXPECT_EQ(test::expect_down(one.ref).reason, kin::killed);
}

KIN_TEST(timer, tc) {
  const auto slept = kin::timer::tc([](kin::duration time) { return kin::sleep(time), 7; }, 10ms);
  EXPECT_GE(slept.time, 10ms);
  EXPECT_EQ(slept.value, 7);
  EXPECT_GE(kin::timer::tc([] {}).time, 0s);
  static_assert(kin::timer::hms(1, 2, 3) == 3723s);
  const auto now = kin::clock::now();
  EXPECT_EQ(kin::timer::now_diff(now + 5s, now), 5s);
}

// ---- many ---------------------------------------------------------------------------------------

// As many as one likes are started and cancelled again; none is left.
KIN_TEST(timer, timer_perf, {.seeds = 2}) {
  std::vector<kin::timer::tref> all;
  for (int i = 0; i < test::times(1000); ++i) {
    all.push_back(kin::timer::apply_after(1h, [] {}));
    all.push_back(kin::timer::send_after(1h, word{"late"}));
    all.push_back(kin::timer::send_interval(1h, word{"late"}));
  }
  for (const auto& t : all) kin::timer::cancel(t);
  for (const auto& t : all) {
    if (t.process()) await_its_end(t);
  }
  EXPECT_THAT(test::drained(), IsEmpty());
}

// A mix of all, of which some are cancelled: each of the others comes once, and none comes early.
KIN_TEST(timer, do_big_test, {.seeds = 5}) {
  const auto began = kin::clock::now();
  const int count = 60;
  int cancelled = 0;
  const kin::pid me = kin::self();
  for (int i = 0; i < count; ++i) {
    const kin::duration time = 1ms * (i * 37 % 50 + 1);
    const auto arrives = [me, i] { kin::send(me, number{i}); };
    const auto t = i % 3 == 0 ? kin::timer::send_after(time, number{i})
                              : kin::timer::apply_after(time, arrives);
    if (i % 10 == 9) {
      const auto doomed = kin::timer::apply_after(1h + time, arrives);
      kin::timer::cancel(doomed);
      ++cancelled;
    }
    static_cast<void>(t);
  }
  std::vector<int> seen;
  for (int i = 0; i < count; ++i) {
    const int n = test::expect<number>().value;
    EXPECT_GE(kin::clock::now() - began, 1ms * (n * 37 % 50 + 1));
    seen.push_back(n);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(cancelled, count / 10);
  test::expect_nothing(100ms);
}

}  // namespace
