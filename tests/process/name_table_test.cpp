// SPDX-License-Identifier: Apache-2.0
#include "process/name_table.hpp"

#include "support/run.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

pid numbered(std::uint64_t n) { return pid_access::make(n << 16U, n); }
name_text text(std::string_view t) { return {t, hash_text(t)}; }

TEST(name_table, gives_a_name_to_one_at_a_time) {
  name_table names;
  pid holder;
  name_entry* entry = names.enter(text("a"), numbered(1), holder);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->holder(), numbered(1));
  EXPECT_EQ(names.enter(text("a"), numbered(2), holder), nullptr);
  EXPECT_EQ(holder, numbered(1));
  EXPECT_TRUE(names.leave(*entry, numbered(1)));
  EXPECT_EQ(names.enter(text("a"), numbered(2), holder), entry);
}

TEST(name_table, gives_one_name_to_a_process) {
  name_table names;
  pid holder;
  name_entry* entry = names.enter(text("a"), numbered(1), holder);
  EXPECT_EQ(names.enter(text("b"), numbered(1), holder), nullptr);
  EXPECT_FALSE(holder);
  names.leave(*entry, numbered(1));
  EXPECT_NE(names.enter(text("b"), numbered(1), holder), nullptr);
}

TEST(name_table, lets_only_the_holder_leave) {
  name_table names;
  pid holder;
  name_entry* entry = names.enter(text("a"), numbered(1), holder);
  EXPECT_FALSE(names.leave(*entry, numbered(2)));
  EXPECT_FALSE(names.leave(*entry, pid{}));
  EXPECT_TRUE(names.leave(*entry, numbered(1)));
  EXPECT_FALSE(names.leave(*entry, numbered(1)));
  EXPECT_FALSE(names.leave(*entry, pid{}));
}

TEST(name_table, tells_names_of_one_hash_apart) {
  name_table names;
  pid holder;
  const name_text a{"a", 7};
  const name_text b{"b", 7};
  names.enter(a, numbered(1), holder);
  names.enter(b, numbered(2), holder);
  EXPECT_EQ(names.find(a)->holder(), numbered(1));
  EXPECT_EQ(names.find(b)->holder(), numbered(2));
  EXPECT_EQ(names.find({"c", 7}), nullptr);
}

TEST(name_table, lists_who_holds_a_name_and_no_others) {
  name_table names;
  pid holder;
  names.enter(text("a"), numbered(1), holder);
  name_entry* b = names.enter(text("b"), numbered(2), holder);
  names.leave(*b, numbered(2));
  EXPECT_EQ(names.held(), (std::vector<std::string>{"a"}));
}

TEST(name_table, finds_all_of_many_after_it_has_grown) {
  name_table names;
  pid holder;
  for (int i = 1; i <= 5000; ++i) {
    const std::string name = "name " + std::to_string(i);
    ASSERT_NE(names.enter(text(name), numbered(static_cast<std::uint64_t>(i)), holder), nullptr);
  }
  for (int i = 1; i <= 5000; ++i) {
    const std::string name = "name " + std::to_string(i);
    ASSERT_EQ(names.find(text(name))->holder(), numbered(static_cast<std::uint64_t>(i)));
  }
}

// hint and id of a pid are written one after the other; a reader must never see half of each.
TEST(name_table, shows_readers_whole_pids_while_holders_change) {
  name_table names;
  pid holder;
  name_entry* entry = names.enter(text("hot"), numbered(1), holder);
  std::atomic<bool> over{false};
  std::atomic<long> looks{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!over) {
        const pid seen = names.find(text("hot"))->holder();
        ASSERT_EQ(pid_access::hint(seen), pid_access::id(seen) << 16U);
        ++looks;
      }
    });
  }
  std::uint64_t current = 1;
  while (looks < test::times(100'000)) {
    names.leave(*entry, numbered(current));
    names.enter(text("hot"), numbered(++current), holder);
  }
  over = true;
  for (auto& r : readers) r.join();
}

TEST(name_table, is_read_while_it_grows) {
  name_table names;
  pid holder;
  names.enter(text("first"), numbered(1), holder);
  std::atomic<int> made{0};
  std::vector<std::string> texts;
  for (int i = 0; i < test::times(8000); ++i) texts.push_back("name " + std::to_string(i));
  std::thread reader([&] {
    while (made < static_cast<int>(texts.size())) {
      ASSERT_EQ(names.find(text("first"))->holder(), numbered(1));
      const int last = made - 1;
      if (last < 0) continue;
      const name_entry* found = names.find(text(texts[static_cast<std::size_t>(last)]));
      ASSERT_NE(found, nullptr);
    }
  });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    names.enter(text(texts[i]), numbered(i + 2), holder);
    ++made;
  }
  reader.join();
}

}  // namespace
}  // namespace kin::detail
