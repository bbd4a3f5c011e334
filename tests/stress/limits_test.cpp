// SPDX-License-Identifier: Apache-2.0
// No more memory, as `ulimit -v` makes it: whoever asks for it gets an error, by which one process
// ends and no other; the machine goes on, and what is given back can be had again. Each program is a
// child of this one. (The sanitizers reserve more address space than any limit leaves.)
#include <kin/blocking.hpp>
#include <kin/gen_server.hpp>
#include <kin/run.hpp>

#include "stress/size.hpp"
#include "support/child.hpp"
#include "support/expect.hpp"
#include "support/sanitized.hpp"

#include <array>
#include <csignal>
#include <functional>
#include <malloc.h>
#include <memory>
#include <new>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#if !KIN_TEST_SANITIZED

namespace {

using namespace kin::stress;
using kin::test::number;
using kin::test::outcome;
using kin::test::word;

void allow_more_mib(double more) {
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = static_cast<rlim_t>((virtual_mib() + more) * 1048576);
  setrlimit(RLIMIT_AS, &limit);
}

void allow_all() {
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_AS, &limit);
}

// The kernel lets the stack of a program's first thread grow when it is used, and not beyond the limit.
void use_stack_now() {
  std::array<char, std::size_t{256} << 10U> all;
  volatile char* at = all.data();
  for (std::size_t i = 0; i < all.size(); i += 4096) at[i] = 1;
}

// Runs `body` with so much memory, on a machine that has started. What is found wrong there is told on
// standard error, or by the code.
outcome with_little_memory(double mib, const std::function<void()>& body) {
  const outcome seen = kin::test::run_child([&](int) {
    mallopt(M_ARENA_MAX, 1);  // a thread's own takes 128 MiB at its first use and gives half back
    kin::machine machine({.workers = 2, .reports = [](const kin::report& /*one of many*/) {}});
    machine.start();
    use_stack_now();
    try {
      const kin::exit_reason why = machine.run([&] {
        allow_more_mib(mib);
        body();
      });
      allow_all();  // for this thread, which is no part of the test
      if (why != kin::normal) std::fprintf(stderr, "%s\n", kin::to_string(why).c_str());
      if (!machine.stop().empty()) std::fprintf(stderr, "it does not stop\n");
    } catch (const std::exception& e) {
      std::fprintf(stderr, "the thread that waits: %s\n", e.what());
    }
    return testing::Test::HasFailure() ? 1 : 0;
  });
  EXPECT_EQ(seen.errors, "");
  EXPECT_EQ(seen.signal, -1);
  return seen;
}

// Why it ended. Without a time limit, which would take a timer: the child's alarm is enough.
kin::exit_reason end_of(kin::ref monitor) {
  return kin::receive(
      kin::when(&kin::down::ref, monitor, [](const kin::down& d) { return d.reason; }));
}

struct ping {
  kin::pid from;
};
kin::pid ponger() {
  return kin::spawn([] { return kin::loop([](ping p) { kin::send(p.from, number{1}); }); });
}
void expect_all_answer(const std::vector<kin::pid>& all) {
  for (const kin::pid p : all) {
    kin::send(p, ping{kin::self()});
    kin::test::expect<number>();
  }
}
void end_last(std::vector<kin::pid>& all, std::size_t count) {
  for (; count > 0; --count) {
    const kin::ref end = kin::monitor(all.back());
    kin::exit(all.back(), kin::kill);
    end_of(end);
    all.pop_back();
  }
}

TEST(limits, processes_up_to_the_limit_are_an_error_and_none_is_lost) {
  const outcome seen = with_little_memory(100, [] {
    std::vector<kin::pid> all;
    all.reserve(4'000'000);
    std::vector<char> spare(std::size_t{16} << 20U);
    bool limit = false;
    while (!limit) {
      try {
        all.push_back(ponger());
      } catch (const kin::error& e) {
        EXPECT_EQ(e.reason(), kin::system_limit);
        limit = true;
      } catch (const std::bad_alloc&) {  // its body
        limit = true;
      }
    }
    EXPECT_GT(all.size(), 5000U);
    std::vector<char>().swap(spare);  // to say anything to anybody takes memory
    end_last(all, 1000);
    expect_all_answer(all);
    for (int i = 0; i < 900; ++i) all.push_back(ponger());
    expect_all_answer(all);
  });
  EXPECT_EQ(seen.code, 0);
}

// Each holds a stack. Who finds none cannot wait, and ends by that; and so may the one who counts, who
// tries again.
class sleepers {
 public:
  void add() {
    const kin::pid me = kin::self();
    all_.push_back(kin::spawn_monitor([me] {
                     kin::send(me, word{"waits"});
                     kin::test::expect<word>(kin::infinity);
                     kin::send(me, number{1});
                   }).pid);
    // So that others are looked at, and not entered, before it shows that there is no stack.
    for (std::size_t i = 0; i < std::min<std::size_t>(all_.size(), 5); ++i) kin::send(all_[i], 'x');
    receive_one();
  }
  [[nodiscard]] bool at_the_limit() const { return failed_ > 0 || refused_; }
  void wake() {
    for (const kin::pid p : all_) kin::send(p, word{"go"});
    while (answered_ + failed_ < all_.size() || ended_ < all_.size()) receive_one();
  }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  void receive_one() {
    const kin::pid me = kin::self();
    try {
      kin::receive([](const word& /*waits*/) {}, [this](number /*woken*/) { ++answered_; },
                   [this](const kin::down& d) {
                     ++ended_;
                     if (d.reason.is_error()) ++failed_;
                   });
    } catch (const kin::error& e) {
      EXPECT_EQ(e.reason(), kin::system_limit);
      EXPECT_EQ(kin::self(), me);
      refused_ = true;
      std::this_thread::yield();  // those that have been woken give theirs back
    }
  }

  std::vector<kin::pid> all_;
  std::size_t answered_ = 0;
  std::size_t failed_ = 0;
  std::size_t ended_ = 0;
  bool refused_ = false;
};

TEST(limits, stacks_up_to_the_limit_are_an_error_and_none_is_lost) {
  const outcome seen = with_little_memory(200, [] {
    for (int round = 0; round < 3; ++round) {
      sleepers all;
      while (!all.at_the_limit()) all.add();
      EXPECT_GT(all.size(), 500U);
      EXPECT_LT(all.failed(), 10U);
      all.wake();
    }
  });
  EXPECT_EQ(seen.code, 0);
}

TEST(limits, a_process_that_takes_all_memory_ends_alone) {
  const outcome seen = with_little_memory(200, [] {
    std::vector<kin::pid> others;
    for (int i = 0; i < 1000; ++i) others.push_back(ponger());
    for (const std::size_t bytes :
         {std::size_t{1} << 30U, std::size_t{1} << 20U, std::size_t{64}}) {
      const auto glutton = kin::spawn_monitor([bytes] {
        std::vector<std::unique_ptr<char[]>> all;  // NOLINT(modernize-avoid-c-arrays)
        for (;;) all.emplace_back(new char[bytes]);
      });
      const kin::exit_reason why = end_of(glutton.ref);
      EXPECT_TRUE(why.is_error() || why == kin::system_limit) << why;
      expect_all_answer(others);
    }
  });
  EXPECT_EQ(seen.code, 0);
}

// Those that trap exits need memory to hear of an end, at the moment when there is none.
TEST(limits, an_end_is_heard_by_many_when_there_is_no_memory) {
  const outcome seen = with_little_memory(100, [] {
    const auto target = kin::spawn_monitor([] { kin::test::expect<word>(kin::infinity); });
    const kin::pid me = kin::self();
    constexpr int watchers = 100;
    for (int i = 0; i < watchers; ++i) {
      kin::spawn([me, target] {
        kin::trap_exits();
        kin::link(target.pid);
        kin::send(me, number{0});
        kin::send(me, kin::test::expect<kin::exited>(kin::infinity).reason == kin::killed
                          ? number{1}
                          : number{2});
      });
    }
    for (int i = 0; i < watchers; ++i) kin::test::expect<number>();
    const auto flood = kin::spawn_monitor([to = target.pid] {
      for (;;) kin::send(to, kin::exited{});  // of the size that is needed soon
    });
    EXPECT_TRUE(end_of(flood.ref).is_error());
    kin::exit(target.pid, kin::kill);
    for (int i = 0; i < watchers; ++i) EXPECT_EQ(kin::test::expect<number>(), number{1});
  });
  EXPECT_EQ(seen.code, 0);
}

TEST(limits, a_blocking_call_without_a_thread_is_an_error) {
  const outcome seen = with_little_memory(100, [] {
    EXPECT_EQ(end_of(kin::spawn_monitor([] {}).ref), kin::normal);
    allow_more_mib(5);  // less than the stack of a thread
    try {
      kin::blocking([] { ADD_FAILURE() << "it ran"; });
      ADD_FAILURE() << "it returned";
    } catch (const kin::error& e) {
      EXPECT_EQ(e.reason(), kin::system_limit);
    }
    EXPECT_EQ(end_of(kin::spawn_monitor([] {}).ref), kin::normal);
  });
  EXPECT_EQ(seen.code, 0);
}

[[noreturn]] void find_no_memory() { throw std::bad_alloc(); }

TEST(limits, where_nothing_may_fail_the_program_ends_and_says_so) {
  const outcome seen = kin::test::run_child([](int) {
    return kin::run([] {
      kin::register_name(kin::name<>("greedy"), kin::self());
      []() noexcept { find_no_memory(); }();
    });
  });
  EXPECT_EQ(seen.signal, SIGABRT);
  EXPECT_THAT(seen.errors, testing::HasSubstr("out of memory where nothing may fail"));
  EXPECT_THAT(seen.errors, testing::HasSubstr("greedy"));
}

}  // namespace

#endif
