// SPDX-License-Identifier: Apache-2.0
#include "context/backtrace.hpp"

#include "base/symbols.hpp"
#include "context/stack_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kin::detail {
namespace {

// A stack that goes to and fro with the thread's, from three functions deep.
struct traveller {
  stack home;
  stack* away = nullptr;
  int steps = 0;
  bool caught = false;
};
thread_local traveller* passenger = nullptr;

// What follows a call keeps it from being a jump.
constexpr int left_at = __LINE__ + 2;
[[gnu::noinline]] int deep_inside(traveller& t) {
  switch_stack(*t.away, t.home);
  return ++t.steps;
}
[[gnu::noinline]] int in_between(traveller& t) { return deep_inside(t) + 1; }

[[noreturn]] void arrive(stack& /*came_from*/) noexcept {
  traveller& t = *passenger;
  for (;;) {
    try {
      if (in_between(t) == 3) throw std::runtime_error("out of it");
    } catch (const std::runtime_error&) {
      t.caught = true;
    }
  }
}

class a_stack_that_was_left : public testing::Test {
 public:
  a_stack_that_was_left() {
    adopt_thread_stack(t.home);
    passenger = &t;
    all = source.take_batch(&arrive);
    t.away = all;
    go();
  }
  ~a_stack_that_was_left() override { source.give_batch(all); }
  void go() { switch_stack(t.home, *t.away); }
  std::vector<const void*> frames(std::size_t most = 16) {
    std::vector<const void*> found(most);
    found.resize(backtrace_of(*t.away, found));
    return found;
  }

  stack_source source{default_stack_bytes};
  stack* all = nullptr;
  traveller t;
};

std::string text_of(std::span<const void* const> frames) {
  std::string text;
  for (const auto& frame : places_of(frames)) {
    for (const place& p : frame) text += p.function + " at " + p.where() + '\n';
  }
  return text;
}

using testing::ContainsRegex;
using testing::HasSubstr;

TEST_F(a_stack_that_was_left, shows_its_functions_innermost_first) {
  const std::string text = text_of(frames());
  EXPECT_THAT(text, ContainsRegex("deep_inside(.|\n)*in_between(.|\n)*arrive"));
}

TEST_F(a_stack_that_was_left, shows_file_and_line) {
  EXPECT_THAT(text_of(frames()), HasSubstr("backtrace_test.cpp:" + std::to_string(left_at)));
}

TEST_F(a_stack_that_was_left, goes_on_as_if_nobody_had_looked) {
  const auto before = frames();
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(frames(), before);
  go();
  EXPECT_EQ(t.steps, 1);
  EXPECT_FALSE(t.caught);
  EXPECT_EQ(frames(), before);
  go();  // throws, and catches in its own frame
  EXPECT_EQ(t.steps, 2);
  EXPECT_TRUE(t.caught);
  EXPECT_EQ(frames(), before);
}

TEST_F(a_stack_that_was_left, shows_no_more_frames_than_there_is_room_for) {
  const auto all_of_them = frames();
  const auto two = frames(3);
  ASSERT_EQ(two.size(), 2U);  // one is the asker's
  EXPECT_EQ(two[0], all_of_them[0]);
  EXPECT_EQ(two[1], all_of_them[1]);
}

// Looking must not be what overflows it.
TEST_F(a_stack_that_was_left, is_let_alone_if_it_is_nearly_full) {
  std::byte* const lowest =
      std::exchange(t.away->lowest, static_cast<std::byte*>(t.away->context) - 8000);
  EXPECT_TRUE(frames().empty());
  t.away->lowest = lowest;
  EXPECT_FALSE(frames().empty());
}

TEST(places, of_an_address_that_is_nobodys_are_the_address) {
  const std::array<const void*, 1> nowhere{reinterpret_cast<const void*>(0x1000)};
  EXPECT_EQ(places_of(nowhere).at(0).at(0).function, "0x1000");
}

[[gnu::noinline]] int asks_for_itself(std::vector<const void*>& frames) {
  frames.resize(8);
  frames.resize(backtrace_here(frames));
  return static_cast<int>(frames.size());
}

TEST(places, of_the_user_come_before_those_of_libraries) {
  std::vector<const void*> frames;
  ASSERT_GT(asks_for_itself(frames), 0);
  const auto all = places_of(frames);
  EXPECT_FALSE(all.at(0).at(0).is_users);  // in kin::detail, as these tests
  std::vector<std::vector<place>> frames_seen{
      {{.function = "kin::receive", .is_users = false}},
      {{.function = "std::invoke", .is_users = false},
       {.function = "mine", .file = "/x/mine.cpp", .line = 3}},
      {{.function = "my caller"}}};
  EXPECT_EQ(users_place(frames_seen)->where(), "/x/mine.cpp:3");
  frames_seen.resize(1);
  frames_seen.push_back({{.function = "kin::detail::loop", .is_users = false}});
  EXPECT_EQ(users_place(frames_seen)->function, "kin::receive");
}

}  // namespace
}  // namespace kin::detail
