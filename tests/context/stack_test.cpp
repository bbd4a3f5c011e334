// SPDX-License-Identifier: Apache-2.0
#include "context/stack.hpp"

#include "context/stack_source.hpp"
#include "support/run.hpp"
#include "support/sanitized.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

// A stack of its own that goes to and fro with the thread's. `body` runs on the far side; it ends
// by going home for good.
struct traveller {
  stack home;
  stack* away = nullptr;
  void (*body)(traveller& t) = nullptr;
  int steps = 0;
  std::string text = {};

  void go_home() { switch_stack(*away, home); }
  void go_away() { switch_stack(home, *away); }
};
thread_local traveller* passenger = nullptr;

void arrive(stack& /*came_from*/) noexcept {
  traveller& t = *passenger;
  t.body(t);
  for (;;) t.go_home();
}

class stacks : public testing::Test {
 public:
  stacks() {
    adopt_thread_stack(t.home);
    passenger = &t;
    t.away = source.take_batch(&arrive);
    rest = t.away->next;
    t.away->next = nullptr;
  }
  ~stacks() override {
    source.give_batch(t.away);
    source.give_batch(rest);
  }
  stack_source source{default_stack_bytes};
  stack* rest = nullptr;
  traveller t;
};

TEST_F(stacks, are_left_and_entered_where_they_were_left) {
  t.body = [](traveller& me) {
    for (int i = 0; i < 1000; ++i) {
      ++me.steps;
      me.go_home();
    }
  };
  for (int i = 1; i <= 1000; ++i) {
    t.go_away();
    ASSERT_EQ(t.steps, i);
  }
}

TEST_F(stacks, keep_what_lies_on_them) {
  t.body = [](traveller& me) {
    std::string mine = "only here";
    double half = 0.5;
    me.go_home();
    half *= 3;
    mine += " and there";
    me.text = mine + " " + std::to_string(half);
  };
  t.go_away();
  t.go_away();
  EXPECT_EQ(t.text, "only here and there 1.500000");
}

TEST_F(stacks, throw_and_catch_in_their_own_frames) {
  t.body = [](traveller& me) {
    for (int i = 0; i < 100; ++i) {
      try {
        if (i % 2 == 0) me.go_home();
        throw std::runtime_error(std::to_string(i));
      } catch (const std::runtime_error& e) {
        me.text = e.what();
        ++me.steps;
      }
    }
  };
  for (int i = 0; i < 51; ++i) t.go_away();
  EXPECT_EQ(t.steps, 100);
  EXPECT_EQ(t.text, "99");
}

TEST_F(stacks, are_as_large_as_they_say) {
  static constexpr std::size_t frame = 1000;
  struct deep {
    // NOLINTNEXTLINE(misc-no-recursion): that is what is tested
    static std::size_t down(std::size_t left) {
      volatile char here[frame] = {};  // NOLINT(modernize-avoid-c-arrays)
      here[left % frame] = 1;
      const auto mine = static_cast<unsigned char>(here[left % frame]);
      return left == 0 ? std::size_t{mine} : down(left - 1) + mine;
    }
  };
  t.body = [](traveller& me) {
    me.steps = static_cast<int>(deep::down(me.away->usable / frame / 3));
  };
  t.go_away();
  EXPECT_GT(t.steps, 0);
}

// ---- the source ---------------------------------------------------------------------------------

TEST(stack_source, gives_stacks_that_do_not_overlap_and_have_a_guard_below) {
  stack_source source(default_stack_bytes);
  std::vector<stack*> chains;
  std::vector<const stack*> all;
  for (int i = 0; i < 5; ++i) {
    chains.push_back(source.take_batch(&arrive));
    for (const stack* s = chains.back(); s != nullptr; s = s->next) all.push_back(s);
  }
  EXPECT_GE(all.size(), 5 * stack_batch);
  EXPECT_LE(all.size(), source.made());
  std::sort(all.begin(), all.end(), [](auto* a, auto* b) { return a->lowest < b->lowest; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_GE(all[i]->usable, 40'000U);
    EXPECT_TRUE(source.is_guard(all[i]->lowest - 1));
    EXPECT_FALSE(source.is_guard(all[i]->lowest));
    EXPECT_FALSE(source.is_guard(all[i]->lowest + all[i]->usable - 1));
    if (i > 0) {
      ASSERT_LE(all[i - 1]->lowest + all[i - 1]->usable, all[i]->lowest - 1);
    }
  }
  int outside = 0;
  EXPECT_FALSE(source.is_guard(&outside));
  for (stack* chain : chains) source.give_batch(chain);
}

TEST(stack_source, starts_stacks_on_different_cache_sets) {
  stack_source source(default_stack_bytes);
  stack* chain = source.take_batch(&arrive);
  std::set<std::uintptr_t> offsets;
  for (const stack* s = chain; s != nullptr; s = s->next)
    offsets.insert(reinterpret_cast<std::uintptr_t>(s) % 4096);
  EXPECT_GE(offsets.size(), 16U);
  source.give_batch(chain);
}

TEST(stack_source, makes_stacks_of_the_size_it_was_asked_for) {
  for (const std::size_t kib : {32U, 100U, 256U}) {
    stack_source source(kib << 10U);
    stack* chain = source.take_batch(&arrive);
    EXPECT_GE(chain->usable + (20U << 10U), kib << 10U);
    source.give_batch(chain);
  }
}

TEST(stack_source, gives_out_again_what_was_given_back) {
  stack_source source(default_stack_bytes);
  stack* first = source.take_batch(&arrive);
  const std::size_t made = source.made();
  for (int i = 0; i < 100; ++i) {
    source.give_batch(first);
    first = source.take_batch(&arrive);
  }
  EXPECT_EQ(source.made(), made);
  source.give_batch(first);
}

#if !KIN_TEST_SANITIZED
TEST(stack_source, guards_a_hundred_thousand_stacks) {
  stack_source source(32U << 10U);
  std::vector<stack*> chains;
  while (source.made() < 40'000) chains.push_back(source.take_batch(&arrive));
  int guards = 0;
  for (stack* chain : chains) guards += source.is_guard(chain->lowest - 1) ? 1 : 0;
  EXPECT_EQ(static_cast<std::size_t>(guards), chains.size());
  for (stack* chain : chains) source.give_batch(chain);
}
#endif

TEST(stack_pool, keeps_at_most_two_batches_and_trades_in_batches) {
  stack_source source(default_stack_bytes);
  {
    stack_pool taker(source, &arrive);
    stack_pool giver(source, &arrive);
    for (int i = 0; i < test::times(20'000); ++i) {  // one way: from one worker to another
      giver.give(taker.take());
      ASSERT_LE(giver.size(), 2 * stack_batch + 1);
    }
    EXPECT_LE(source.made(), 8 * stack_batch);
  }
}

TEST(stack_pool, gives_all_back_at_its_end) {
  stack_source source(default_stack_bytes);
  std::size_t made = 0;
  for (int i = 0; i < 20; ++i) {
    stack_pool pool(source, &arrive);
    std::vector<stack*> taken;
    for (int j = 0; j < 100; ++j) taken.push_back(&pool.take());
    for (stack* s : taken) pool.give(*s);
    if (i == 1) made = source.made();
  }
  EXPECT_EQ(source.made(), made);
}

}  // namespace
}  // namespace kin::detail
