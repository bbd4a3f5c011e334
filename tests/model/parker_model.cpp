// SPDX-License-Identifier: Apache-2.0
// runtime/src/queue/parker.{hpp,cpp}: a wake before, during or after the sleep is never lost, and who
// has been woken sees what was done before the wake.
#include "model/orderings.hpp"
#include "queue/parker.cpp"  // NOLINT(bugprone-suspicious-include): among stand-ins

namespace kin::model {
namespace {

// Some say that there is work, and wake; one sleeps until it has seen all of it.
struct bedroom : world {
  detail::parker bed;
  atomic<unsigned> work{0};
  unsigned wakers;
  int each;
  bool timed;

  bedroom(unsigned w, int e, bool t) : wakers(w), each(e), timed(t) {}
  [[nodiscard]] unsigned threads() const override { return 1 + wakers; }
  void run(unsigned thread) override {
    if (thread > 0) {
      for (int i = 0; i < each; ++i) {
        work.fetch_add(1, std::memory_order_relaxed);
        bed.wake();
      }
      return;
    }
    unsigned seen = 0;
    while (seen < wakers * static_cast<unsigned>(each)) {
      only_knows(seen);
      bed.sleep(timed ? detail::nanotime{1} : detail::never);
      seen = work.load(std::memory_order_relaxed);
    }
  }
};

settings how(std::optional<weakening> weaker = std::nullopt) {
  return {.names = {"state", "work"}, .weaker = std::move(weaker)};
}

TEST(parker, loses_no_wake) { holds(explore_all<bedroom>(how(), 1U, 3, false)); }
TEST(parker, loses_no_wake_of_two) { holds(explore_all<bedroom>(how(), 2U, 2, false)); }
TEST(parker, loses_no_wake_when_the_time_is_up) { holds(explore_all<bedroom>(how(), 1U, 2, true)); }
TEST(parker, needs_each_of_its_orderings) {
  const auto with = [](bool timed) {
    return [=](std::optional<weakening> weaker) {
      return explore_all<bedroom>(how(std::move(weaker)), 1U, 2, timed);
    };
  };
  each_is_needed({with(false), with(true)});
}

}  // namespace
}  // namespace kin::model
