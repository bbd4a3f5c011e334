// SPDX-License-Identifier: Apache-2.0
#include "context/large_stacks.hpp"

#include "support/run.hpp"
#include "support/sanitized.hpp"

#include <cstring>
#include <set>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace kin::detail {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20U;

[[noreturn]] void nobody(stack& /*came_from*/) noexcept { std::abort(); }

TEST(large_stacks, are_at_least_as_large_as_asked_and_have_a_guard_below) {
  large_stacks pool;
  for (const std::size_t size : {std::size_t{1}, mib / 16, mib, mib + 1, 64 * mib}) {
    stack& s = pool.take(size, &nobody);
    EXPECT_GE(s.usable, size);
    EXPECT_TRUE(is_below(s.lowest - 1, s));
    EXPECT_FALSE(is_below(s.lowest, s));
    EXPECT_FALSE(is_below(s.lowest - (std::size_t{1} << 20U), s));
    s.lowest[0] = std::byte{1};
    pool.give(s);
  }
}

TEST(large_stacks, are_given_out_again_to_who_asks_for_that_size) {
  large_stacks pool;
  stack& small = pool.take(mib, &nobody);
  stack& large = pool.take(4 * mib, &nobody);
  pool.give(small);
  pool.give(large);
  EXPECT_EQ(&pool.take(mib, &nobody), &small);
  EXPECT_EQ(&pool.take(4 * mib, &nobody), &large);
  EXPECT_EQ(pool.mapped(), 2U);
  pool.give(small);
  pool.give(large);
}

TEST(large_stacks, are_not_kept_beyond_eight) {
  large_stacks pool;
  std::vector<stack*> all;
  std::set<const stack*> different;
  for (int i = 0; i < 100; ++i) {
    all.push_back(&pool.take(mib, &nobody));
    different.insert(all.back());
  }
  EXPECT_EQ(different.size(), all.size());
  EXPECT_EQ(pool.mapped(), 100U);
  for (stack* s : all) pool.give(*s);
  EXPECT_EQ(pool.mapped(), large_stacks::kept_max);
}

#if !KIN_TEST_SANITIZED
std::size_t resident_pages(const stack& s) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> in(s.usable / page);
  mincore(s.lowest, in.size() * page, in.data());
  std::size_t count = 0;
  for (const unsigned char c : in) count += c & 1U;
  return count;
}

TEST(large_stacks, keep_only_the_memory_at_their_top) {
  large_stacks pool;
  stack& s = pool.take(8 * mib, &nobody);
  std::memset(s.lowest, 1, s.usable);
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  EXPECT_GT(resident_pages(s), 7 * mib / page);
  pool.give(s);
  EXPECT_LE(resident_pages(s), large_stacks::kept_bytes / page);
}
#endif

TEST(large_stacks, that_cannot_be_mapped_are_bad_alloc) {
  large_stacks pool;
  EXPECT_THROW(pool.take(SIZE_MAX, &nobody), std::bad_alloc);
  EXPECT_EQ(pool.mapped(), 0U);
}

}  // namespace
}  // namespace kin::detail
