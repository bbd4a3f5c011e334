// SPDX-License-Identifier: Apache-2.0
#include "base/list.hpp"

#include "support/run.hpp"

#include <list>
#include <vector>

namespace kin::detail {
namespace {

struct item {
  int value = 0;
  list_hook<item> hook;
  list_hook<item> other;
};
using items = list<item, &item::hook>;

std::vector<int> values(const items& all) {
  std::vector<int> found;
  for (item* i = all.first(); i != nullptr; i = items::next(*i)) found.push_back(i->value);
  return found;
}

TEST(list, gives_the_newest_first) {
  item a{1, {}, {}};
  item b{2, {}, {}};
  items all;
  all.push(a);
  all.push(b);
  EXPECT_EQ(values(all), (std::vector{2, 1}));
  EXPECT_EQ(all.pop(), &b);
  EXPECT_EQ(all.pop(), &a);
  EXPECT_EQ(all.pop(), nullptr);
  EXPECT_TRUE(all.empty());
}

TEST(list, lets_an_item_be_in_two_lists) {
  item a{1, {}, {}};
  item b{2, {}, {}};
  items one;
  list<item, &item::other> two;
  one.push(a);
  one.push(b);
  two.push(b);
  two.push(a);
  one.remove(b);
  EXPECT_EQ(values(one), (std::vector{1}));
  EXPECT_EQ(two.first(), &a);
}

TEST(list, removes_any_item_as_a_list_of_the_standard_does) {
  std::vector<item> pool(20);
  for (int i = 0; i < 20; ++i) pool[static_cast<std::size_t>(i)].value = i;
  std::list<int> oracle;
  std::vector<bool> in(20);
  items all;
  unsigned dice = 7;
  for (int step = 0; step < 5000; ++step) {
    dice = dice * 1664525U + 1013904223U;
    const std::size_t at = (dice >> 16U) % 20;
    if (in[at]) {
      all.remove(pool[at]);
      oracle.remove(static_cast<int>(at));
    } else {
      all.push(pool[at]);
      oracle.push_front(static_cast<int>(at));
    }
    in[at] = !in[at];
    ASSERT_EQ(values(all), (std::vector<int>(oracle.begin(), oracle.end())));
  }
}

}  // namespace
}  // namespace kin::detail
