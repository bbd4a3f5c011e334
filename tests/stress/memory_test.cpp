// SPDX-License-Identifier: Apache-2.0
// What comes and goes leaves nothing behind: memory of the OS process, descriptors, threads.
#include <kin/blocking.hpp>
#include <kin/timer.hpp>

#include "stress/size.hpp"
#include "support/expect.hpp"
#include "support/sanitized.hpp"

#include <filesystem>
#include <iterator>
#include <malloc.h>

namespace {

using namespace kin::stress;

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

// A thread that was joined has run its last line, but the kernel may list it for a while yet.
std::size_t threads_when_at_most(std::size_t expected) {
  const auto end = std::chrono::steady_clock::now() + kin::test::patience;
  std::size_t count = entries("/proc/self/task");
  while (count > expected && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
    count = entries("/proc/self/task");
  }
  return count;
}

#if !KIN_TEST_SANITIZED
// A process with a bit of everything: a stack, a child that is linked, a timer, a reason.
void live_and_die(int i) {
  kin::trap_exits();
  const kin::pid child = kin::spawn_link([] {});
  const kin::ref timer = kin::send_after(1h, kin::self(), 1);
  kin::test::expect<kin::exited>();
  if (i % 128 == 0) kin::cancel_timer(timer);
  kin::exit(kin::shutdown(std::string("a reason that is longer than a short string, ") +
                          kin::to_string(child)));
}

// They come, are all there, and go.
void come_and_go(int count, int at_once) {
  for (int i = 0; i < count / at_once; ++i) {
    std::vector<kin::pid> all;
    for (int j = 0; j < at_once; ++j) {
      all.push_back(kin::spawn_monitor([j] {
                      return kin::loop([j](const kin::test::word& /*go*/) { live_and_die(j); });
                    }).pid);
    }
    for (std::size_t j = 0; j < all.size(); ++j) {
      j % 64 == 0 ? kin::send(all[j], kin::test::word{}) : kin::exit(all[j], kin::shutdown);
    }
    for (int j = 0; j < at_once; ++j) kin::test::expect<kin::down>();
  }
}

// malloc's own habit of an arena a thread, each of which keeps what it once had, is left out. How
// many are there at once depends on the cores, so two rounds come before the start, and some hundred
// more may be dying at once in a later one: less than a MiB. A byte that each leaves is ten.
void expect_no_growth(int each, int at_once, double at_most) {
  mallopt(M_ARENA_MAX, 1);
  kin::test::run({.reports = [](const kin::report& /*none*/) {}}, [=] {
    for (int round = 1; round <= 2; ++round) come_and_go(each, at_once);
    const double start = resident_mib();
    for (int round = 1; round <= 10; ++round) {
      come_and_go(each, at_once);
      ASSERT_LE(resident_mib(), at_most * start + 1) << "MiB, after round " << round;
    }
  });
}

TEST(memory_stress, is_as_it_was_after_a_million_came_and_went_ten_times) {
  expect_no_growth(1'000'000, 1000, 1.1);
}

// What each worker keeps at hand depends on who has run whom.
TEST(memory_stress, of_a_crowd_serves_the_next_ten) {
  expect_no_growth(many(2'000'000, 200'000), many(1'000'000, 100'000), 1.25);
}
#endif

TEST(memory_stress, machines_that_come_and_go_keep_no_descriptor_and_no_thread) {
  const auto one = [] {
    kin::test::run({.workers = 4}, [] {
      kin::spawn([] { kin::blocking([] { std::this_thread::yield(); }); });
      kin::spawn([] { kin::sleep(1h); });
      kin::sleep(1ms);
    });
  };
  one();
  const std::size_t descriptors = entries("/proc/self/fd");
  const std::size_t threads = entries("/proc/self/task");
  for (int i = 0; i < many(5000, 100); ++i) one();
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
  EXPECT_LE(threads_when_at_most(threads), threads);
}

}  // namespace
