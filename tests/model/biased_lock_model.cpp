// SPDX-License-Identifier: Apache-2.0
// runtime/src/base/biased_lock.hpp: its owner and others are never inside together, each sees what
// the one before did, and nobody waits for ever.
#include "base/biased_lock.hpp"
#include "model/orderings.hpp"

namespace kin::model {
namespace {

struct locked : world {
  detail::biased_lock lock;
  plain<int> first{0};
  plain<int> second{0};
  unsigned others;
  int times;

  locked(unsigned count, int how_often) : others(count), times(how_often) {}
  [[nodiscard]] unsigned threads() const override { return 1 + others; }
  void run(unsigned thread) override {
    for (int i = 0; i < times; ++i) {
      only_knows(static_cast<std::uint64_t>(i));
      if (thread == 0) {
        const detail::owner_scope hold(lock);
        step();
      } else {
        const detail::other_scope hold(lock);
        step();
      }
    }
  }
  void step() {
    expect(first == second, "somebody is inside");
    first = first + 1;
    second = second + 1;
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    const int all = times * static_cast<int>(threads());
    if (first != all || second != all) return "a step is lost";
    return world::at_rest(at_end);
  }
};

settings how(bool has_membarrier, std::optional<weakening> weaker = std::nullopt) {
  return {.names = {"inside", "wanted", "others"},
          .has_membarrier = has_membarrier,
          .weaker = std::move(weaker)};
}

class biased_lock : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(membarrier, biased_lock, testing::Bool());

TEST_P(biased_lock, keeps_its_owner_and_another_apart) {
  holds(explore_all<locked>(how(GetParam()), 1U, 3));
}
TEST_P(biased_lock, keeps_its_owner_and_two_others_apart) {
  holds(explore_all<locked>(how(GetParam()), 2U, 2));
}
TEST_P(biased_lock, keeps_its_owner_and_three_others_apart) {
  holds(explore_all<locked>(how(GetParam()), 3U, 1));
}

TEST(biased_lock, needs_each_of_its_orderings) {
  const auto with = [](bool membarrier) {
    return [=](std::optional<weakening> weaker) {
      return explore_all<locked>(how(membarrier, std::move(weaker)), 1U, 2);
    };
  };
  // Without membarrier its call is a fence; then that, or the two, would do.
  each_is_needed({with(true), with(false)},
                 {"biased_lock.hpp enter_other: fence gone",
                  "biased_lock.hpp enter_other: store without seq_cst",
                  "biased_lock.hpp wait_until_clear: load without seq_cst"});
}

}  // namespace
}  // namespace kin::model
