// SPDX-License-Identifier: Apache-2.0
// runtime/src/base/depot.hpp and magazine.hpp: what one thread frees and another takes is handed to one
// at a time, whole, and none is lost. The real code with batches of two; written again are the few lines
// of base/pool.cpp around it, local_pool's take, give and retire. What lies in magazines and the store
// is not looked into (states by causes): the lock is, and the nodes.
#include "base/depot.hpp"
#include "model/orderings.hpp"

#include <array>
#include <vector>

namespace kin::model {
namespace {

struct node {
  plain<int> used{0};  // by who has it
};

struct shape {
  unsigned threads = 2;
  unsigned steps = 3;    // of each
  unsigned at_hand = 0;  // free nodes that each has when it begins; four fill a magazine
  unsigned in_use = 0;   // nodes that each has taken then
};

struct pool : world {
  static constexpr unsigned nodes_max = 24;
  shape is;
  std::array<node, nodes_max> nodes;
  unsigned made = 0;  // under the depot's lock
  detail::depot<node> depot;
  struct user {
    detail::magazine<node> mine;
    std::vector<node*> has;
  };
  std::array<user, 3> users;

  explicit pool(shape s) : is(s) {
    for (unsigned t = 0; t < is.threads; ++t) {
      for (unsigned i = 0; i < is.at_hand; ++i) users[t].mine.give(nodes[made++]);
      for (unsigned i = 0; i < is.in_use; ++i) {
        nodes[made].used = 1;
        users[t].has.push_back(&nodes[made++]);
      }
    }
  }
  [[nodiscard]] unsigned threads() const override { return is.threads; }
  void run(unsigned thread) override {
    user& me = users[thread];
    for (unsigned i = 0; i < is.steps; ++i) choose(2) == 0 ? take(me) : give(me);
    while (!me.has.empty()) give(me);
    depot.retire(me.mine);  // the thread ends
  }
  void take(user& me) {
    if (me.mine.empty()) depot.refill(me.mine, [this] { return fresh(); });
    node* n = me.mine.take();
    expect(n->used == 0, "it is handed out twice");
    n->used = 1;
    me.has.push_back(n);
  }
  void give(user& me) {
    if (me.has.empty()) return;
    node* n = me.has.back();
    me.has.pop_back();
    n->used = 0;
    if (me.mine.full()) depot.put_aside(me.mine);
    me.mine.give(*n);
  }
  detail::batch<node> fresh() {
    detail::batch<node> b;
    for (unsigned i = 0; i < detail::batch_size; ++i) b.add(nodes[made++]);
    return b;
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    const unsigned before = made;
    detail::magazine<node> all;
    for (unsigned seen = 0;; ++seen) {
      if (all.empty()) depot.refill(all, [this] { return fresh(); });
      if (made != before) return seen == before ? world::at_rest(at_end) : "one is lost";
      node* n = all.take();
      if (n->used != 0) return "one is there twice, or in use";
      n->used = 1;
    }
  }
};

void holds_all(shape s) { holds(explore_all<pool>({.names = {"lock"}, .by_causes = true}, s)); }

TEST(pool, hands_what_is_fresh_to_one_of_two) { holds_all({.steps = 4}); }
TEST(pool, hands_what_is_fresh_to_one_of_three) { holds_all({.threads = 3, .steps = 2}); }
// The first node that is given puts a batch aside; the other may take it at once.
TEST(pool, hands_on_what_is_too_much_for_a_magazine) {
  holds_all({.steps = 4, .at_hand = 4, .in_use = 1});
}
TEST(pool, hands_on_the_nodes_of_those_that_end) {
  holds_all({.steps = 3, .at_hand = 1, .in_use = 3});
}

}  // namespace
}  // namespace kin::model
