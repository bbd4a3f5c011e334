// SPDX-License-Identifier: Apache-2.0
// A crowd of processes, linked at random, out of which some are killed at random until none is left.
#include "stress/size.hpp"
#include "support/expect.hpp"

#include <unordered_map>
#include <vector>

namespace {

using namespace kin::stress;

struct link_to {
  kin::pid other;
};

kin::pid member(std::atomic<int>& living) {
  return kin::spawn([guard = counted(living)]() mutable {
    return kin::loop([held = std::move(guard)](link_to l) {
      try {
        kin::link(l.other);
      } catch (const kin::error&) {  // NOLINT(bugprone-empty-catch): it has died meanwhile
      }
    });
  });
}

class crowd {
 public:
  crowd(int size, std::atomic<int>& living) : dice_(fresh_dice()) {
    for (int i = 0; i < size; ++i) {
      all_.push_back(member(living));
      told_.emplace(kin::monitor(all_.back()), false);
    }
  }
  // So few links that a death takes some with it, and not all.
  void link_some() {
    for (std::size_t i = 0; i < all_.size() * 2 / 5; ++i) kin::send(any(), link_to{any()});
  }
  void kill_until_none_is_left() {
    while (ends_ < all_.size()) {
      for (int i = 0; i < 64; ++i) kin::exit(any(), kin::kill);
      take_downs();
    }
  }

 private:
  kin::pid any() { return all_[below(all_.size(), dice_)]; }
  // All that are there; but for the last thousand, which random kills would hardly find.
  void take_downs() {
    if (all_.size() - ends_ < 1000) {
      for (const kin::pid p : all_) kin::exit(p, kin::kill);
    }
    bool more = true;
    while (more && ends_ < all_.size()) {
      kin::receive([this](const kin::down& d) { note(d); }, kin::after(1ms, [&] { more = false; }));
    }
  }
  void note(const kin::down& d) {
    ++ends_;
    // By a kill, by a link, or by a link to one that was just being killed.
    EXPECT_THAT(d.reason,
                testing::AnyOf(kin::exit_reason(kin::killed), kin::exit_reason(kin::noproc)));
    bool& told = told_.at(d.ref);
    EXPECT_FALSE(told) << "two ends of " << d.pid;
    told = true;
  }

  dice dice_;
  std::vector<kin::pid> all_;
  std::unordered_map<kin::ref, bool> told_;
  std::size_t ends_ = 0;
};

class crowd_stress : public on_workers {};
KIN_STRESS_ON_WORKERS(crowd_stress);

TEST_P(crowd_stress, of_linked_processes_that_are_killed_at_random_ends_each_once) {
  std::atomic<int> living{0};
  kin::test::run(world(), [&] {
    crowd c(many(1'000'000, 40'000), living);
    c.link_some();
    c.kill_until_none_is_left();
    EXPECT_THAT(kin::test::drained(), testing::IsEmpty());
  });
  EXPECT_EQ(living, 0);
}

// Links between processes that live and die meanwhile, from both sides at once.
TEST_P(crowd_stress, of_linkers_and_unlinkers_leaves_nobody) {
  std::atomic<int> living{0};
  kin::test::run(world(), [&] {
    const int groups = many(20'000, 800);
    dice d = fresh_dice();
    for (int i = 0; i < groups; ++i) {
      std::vector<kin::ref> ends;
      std::vector<kin::pid> pair;
      for (int j = 0; j < 2; ++j) {
        auto one = kin::spawn_monitor([guard = counted(living)] {
          const auto other = kin::test::expect<kin::pid>();
          for (int k = 0; k < 20; ++k) {
            try {
              kin::link(other);
              kin::unlink(other);
            } catch (const kin::error&) {
              break;
            }
          }
        });
        ends.push_back(one.ref);
        pair.push_back(one.pid);
      }
      kin::send(pair[0], pair[1]);
      kin::send(pair[1], pair[0]);
      if (below(4, d) == 0) kin::exit(pair[below(2, d)], "by chance");
      for (const kin::ref& end : ends) kin::test::expect_down(end);
    }
  });
  EXPECT_EQ(living, 0);
}

}  // namespace
