// SPDX-License-Identifier: Apache-2.0
// kin::with_stack: a call on a stack of its own. protocols 20.
#include <kin/machine.hpp>
#include <kin/no_wait.hpp>
#include <kin/with_stack.hpp>

#include "support/expect.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

constexpr std::size_t mib = std::size_t{1} << 20U;

class with_stack_on : public testing::TestWithParam<unsigned> {
 protected:
  static kin::machine_options world() { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(workers, with_stack_on, testing::Values(1U, 2U, 4U));

// Uses some `bytes` of stack, and calls `at_the_bottom` there.
template <class F>
int deep(std::size_t bytes, F& at_the_bottom) {  // NOLINT(misc-no-recursion): what is tested
  std::array<volatile char, 1000> here{};
  here[bytes % here.size()] = 1;
  const int below =
      bytes <= here.size() ? at_the_bottom() : deep(bytes - here.size(), at_the_bottom);
  return below + here[bytes % here.size()];
}
int deep(std::size_t bytes) {
  auto nothing = [] { return 0; };
  return deep(bytes, nothing);
}

TEST(with_stack, returns_what_the_function_returns) {
  test::run([] {
    EXPECT_EQ(kin::with_stack(mib, [] { return 3; }), 3);
    EXPECT_EQ(*kin::with_stack(mib, [] { return std::make_unique<int>(4); }), 4);
    bool ran = false;
    kin::with_stack(mib, [&] { ran = true; });
    EXPECT_TRUE(ran);
  });
}

TEST(with_stack, is_as_large_as_it_was_asked_for) {
  test::run([] {
    for (const std::size_t size : {mib / 64, mib / 8, mib, 16 * mib})
      EXPECT_GT(kin::with_stack(size, [size] { return deep(size / 3); }), 0);
  });
}

TEST(with_stack, throws_what_the_function_throws) {
  test::run([] {
    EXPECT_THROW(kin::with_stack(mib, [] { throw std::out_of_range("no"); }), std::out_of_range);
    EXPECT_THROW(kin::with_stack(mib, []() -> int { throw 3; }), int);
    EXPECT_EQ(kin::with_stack(mib, [] { return 5; }), 5) << "after that";
  });
}

TEST(with_stack, is_the_same_process) {
  test::run([] {
    const kin::pid me = kin::self();
    EXPECT_EQ(kin::with_stack(mib, [] { return kin::self(); }), me);
  });
}

TEST(with_stack, outside_a_process_is_an_error) {
  EXPECT_THROW(kin::with_stack(mib, [] { return 1; }), kin::error);
}

TEST(with_stack, that_cannot_be_had_is_an_error) {
  test::run([] {
    for (const std::size_t size : {SIZE_MAX, SIZE_MAX / 2, std::size_t{1} << 46U}) {
      try {
        kin::with_stack(size, [] { ADD_FAILURE() << "it ran"; });
        ADD_FAILURE() << "no error";
      } catch (const kin::error& e) {
        EXPECT_EQ(e.reason(), kin::system_limit);
      }
    }
    EXPECT_EQ(kin::with_stack(mib, [] { return 5; }), 5) << "after that";
  });
}

TEST(with_stack, within_another) {
  test::run([] {
    const int sum = kin::with_stack(mib, [] {
      return 1 + kin::with_stack(2 * mib, [] {
               kin::yield();
               return 2 + kin::with_stack(mib, [] { return deep(mib / 3) > 0 ? 4 : 0; });
             });
    });
    EXPECT_EQ(sum, 7);
  });
}

TEST(with_stack, needs_no_wait) {
  test::run([] {
    const kin::no_wait here;
    EXPECT_EQ(kin::with_stack(mib, [] { return 3; }), 3);
  });
}

TEST(with_stack, in_a_catch_block_leaves_its_exception_alone) {
  test::run([] {
    try {
      try {
        throw std::runtime_error("own");
      } catch (const std::runtime_error&) {
        kin::with_stack(mib, [] {
          try {
            throw std::out_of_range("another");
          } catch (const std::out_of_range&) {
            kin::yield();
          }
        });
        throw;
      }
    } catch (const std::exception& e) {
      EXPECT_STREQ(e.what(), "own");
    }
  });
}

TEST_P(with_stack_on, waits_and_goes_on_wherever_it_is_woken) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    constexpr int processes = 16;
    const int rounds = test::times(200);
    std::vector<kin::pid> all;
    for (int who = 0; who < processes; ++who) {
      all.push_back(kin::spawn([=] {
        int sum = 0;
        for (int i = 0; i < rounds; ++i) {
          const std::string mine = "on the outer stack " + std::to_string(who);
          sum += kin::with_stack(mib / 4, [&] {
            const std::string inner = mine + ", on the inner one " + std::to_string(i);
            auto wait = [] { return test::expect<number>(kin::infinity).value; };
            const int got = deep(50'000, wait) >= 0 ? i : 0;
            EXPECT_EQ(inner, mine + ", on the inner one " + std::to_string(i));
            return got;
          });
        }
        kin::send(me, number{sum});
      }));
    }
    for (int i = 0; i < rounds; ++i) {
      for (const kin::pid p : all) kin::send(p, number{i});
      if (i % 8 == 0) kin::yield();
    }
    for (int who = 0; who < processes; ++who)
      EXPECT_EQ(test::expect<number>().value, rounds * (rounds - 1) / 2);
  });
}

TEST_P(with_stack_on, unwinds_when_its_process_is_killed) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    for (int i = 0; i < test::times(200); ++i) {
      const auto held = std::make_shared<int>(0);
      const auto p = kin::spawn_monitor([=] {
        kin::with_stack(mib, [=, inner = std::make_unique<std::shared_ptr<int>>(held)] {
          EXPECT_EQ(**inner, 0);
          kin::send(me, word{"inside"});
          test::expect<word>(kin::infinity);
          ADD_FAILURE() << "it went on";
        });
        ADD_FAILURE() << "its caller went on";
      });
      if (i % 3 != 0) test::expect<word>();
      kin::exit(p.pid, kin::kill);
      ASSERT_EQ(test::expect_down(p.ref).reason, kin::killed);
      ASSERT_EQ(held.use_count(), 1);
    }
    test::drained();
  });
}

TEST(with_stack, ends_its_process_by_kin_exit) {
  test::run([] {
    const auto p =
        kin::spawn_monitor([] { kin::with_stack(mib, [] { kin::exit("from far below"); }); });
    EXPECT_EQ(test::expect_down(p.ref).reason, "from far below");
  });
}

TEST(with_stack, in_a_handler_that_waits_there_keeps_its_message) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    const kin::pid h = kin::spawn([me] {
      return kin::loop([me](number n) {
        kin::with_stack(mib, [&] { EXPECT_EQ(test::expect<word>().text, "go"); });
        kin::send(me, n);
      });
    });
    for (int i = 0; i < 100; ++i) {
      kin::send(h, number{i});
      kin::yield();
      kin::send(h, word{"go"});
      ASSERT_EQ(test::expect<number>().value, i);
    }
  });
}

TEST_P(with_stack_on, many_at_once) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    const int count = test::times(400);
    std::vector<kin::pid> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(kin::spawn([=] {
        kin::with_stack(mib, [] { test::expect<word>(kin::infinity); });
        kin::send(me, number{i});
      }));
    }
    for (const kin::pid p : all) kin::send(p, word{"go"});
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += test::expect<number>().value;
    EXPECT_EQ(sum, count * (count - 1) / 2);
  });
}

}  // namespace
