// SPDX-License-Identifier: Apache-2.0
// Timers between threads: one that is armed fires or is cancelled, once, and its entry is given back
// once, whoever does it: its worker, a process on another, or sysmon, which fires for a stuck one.
// Entry, wheel and lock are the real ones. Written again, and shorter, are arm, give_back,
// take_returned_timers and fire_due of scheduler/timers.cpp.
#include "base/biased_lock.hpp"
#include "model/orderings.hpp"
#include "queue/timer_wheel.cpp"  // NOLINT(bugprone-suspicious-include): among stand-ins
#include "scheduler/timer_entry.hpp"

#include <array>

namespace kin::model {
namespace {

using detail::nanotime;
using detail::timer_entry;
using enum std::memory_order;

enum class without { nothing, winning_the_entry };

struct shape {
  unsigned timers = 2;  // one after the other, in the same entry if it is free again
  bool robbed = true;
  bool cancelled = true;
  without what = without::nothing;
};

struct wheel_of_one : world {
  static constexpr unsigned entries = 3;
  shape is;
  detail::biased_lock lock;
  atomic<timer_entry*> returned{nullptr};
  atomic<std::uint64_t> told{0};  // of a timer, to who may cancel it: number, entry
  detail::timer_wheel wheel{0};
  std::array<timer_entry, entries> pool;
  std::array<plain<int>, entries> in_use;
  std::array<plain<int>, entries> payload;  // of a timer
  std::vector<unsigned> magazine{0};        // the owner's
  unsigned fresh = 1;
  std::array<plain<int>, 4> settled;  // how often that timer has fired or been cancelled

  explicit wheel_of_one(shape s) : is(s) {}
  [[nodiscard]] unsigned threads() const override {
    return 1U + (is.robbed ? 1U : 0U) + (is.cancelled ? 1U : 0U);
  }
  void run(unsigned thread) override {
    if (thread == 0) return own();
    if (thread == 1 && is.robbed) return fire_due(true);
    const std::uint64_t known = told.load(relaxed);
    if (known == 0) return;
    cancel(pool[known & 3U], known >> 2U, false);
  }
  void own() {
    for (std::uint64_t number = 1; number <= is.timers; ++number) {
      const unsigned at = take_entry();
      arm(at, number);
      told.store(number << 2U | at, relaxed);
      if (number == 1 && choose(2) == 1) cancel(pool[at], number, true);
      fire_due(false);
    }
  }
  void arm(unsigned at, std::uint64_t number) {
    timer_entry& entry = pool[at];
    entry.hook = {};
    entry.deadline.store(0, relaxed);
    payload[at] = static_cast<int>(number);
    const detail::owner_scope hold(lock);
    entry.state.store(number << 2U | timer_entry::armed, release);
    wheel.add(entry);
  }
  void cancel(timer_entry& entry, std::uint64_t number, bool mine) {
    if (!win(entry, number, timer_entry::cancelled)) return;
    settle(entry, number);
    give_back(entry, mine);
  }
  bool win(timer_entry& entry, std::uint64_t number, timer_entry::state_of end) {
    if (is.what == without::nothing) return entry.settle(number, end);
    if (!entry.is_armed(number)) return false;
    entry.state.store(number << 2U | end, release);
    return true;
  }
  void settle(timer_entry& entry, std::uint64_t number) {
    plain<int>& load = payload[index(entry)];
    expect(load == static_cast<int>(number), "it carries another's");
    load = 0;
    expect(settled[number] == 0, "it is settled twice");
    settled[number] = 1;
  }
  void give_back(timer_entry& entry, bool mine) {
    if (mine) {
      const detail::owner_scope hold(lock);
      if (entry.linked) wheel.remove(entry);
      free_entry(entry, true);
      return;
    }
    timer_entry* first = returned.load(relaxed);
    do {
      entry.next_returned = first;
    } while (!returned.compare_exchange_weak(first, &entry, release, relaxed));
  }
  void take_returned(bool by_owner) {
    timer_entry* entry = returned.exchange(nullptr, acquire);
    while (entry != nullptr) {
      timer_entry* then = entry->next_returned;
      if (entry->linked) wheel.remove(*entry);
      free_entry(*entry, by_owner);
      entry = then;
    }
  }
  void fire_due(bool robbed) {
    std::array<timer_entry*, entries> due{};
    std::size_t count = 0;
    const auto collect = [&] {
      take_returned(!robbed);
      wheel.expire(1'000'000, due.size(), [&](detail::wheel_item& item) {
        auto& entry = static_cast<timer_entry&>(item);
        const auto number = entry.state.load(acquire) >> 2U;
        if (win(entry, number, timer_entry::fired)) due[count++] = &entry;
      });
    };
    if (robbed) {
      const detail::other_scope hold(lock);
      collect();
    } else {
      const detail::owner_scope hold(lock);
      collect();
    }
    for (std::size_t i = 0; i < count; ++i) {
      settle(*due[i], due[i]->state.load(relaxed) >> 2U);
      free_entry(*due[i], !robbed);
    }
  }
  // The owner's; what others free is for others.
  unsigned take_entry() {
    unsigned at = fresh;
    if (magazine.empty()) {
      ++fresh;
    } else {
      at = magazine.back();
      magazine.pop_back();
    }
    in_use[at] = 1;
    return at;
  }
  void free_entry(timer_entry& entry, bool by_owner) {
    expect(in_use[index(entry)] == 1, "an entry is freed twice");
    expect(!entry.linked, "it is freed, and in the wheel");
    in_use[index(entry)] = 0;
    if (by_owner) magazine.push_back(static_cast<unsigned>(index(entry)));
  }
  std::size_t index(const timer_entry& entry) const {
    return static_cast<std::size_t>(&entry - pool.data());
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    take_returned(true);
    for (unsigned t = 1; t <= is.timers; ++t) {
      if (settled[t] != 1) return "a timer neither fires nor is cancelled";
    }
    for (const auto& used : in_use) {
      if (used != 0) return "an entry is not given back";
    }
    return world::at_rest(at_end);
  }
};

settings how(std::optional<weakening> weaker = std::nullopt) {
  return {.by_causes = true, .weaker = std::move(weaker)};
}

TEST(timers, fire_or_are_cancelled_by_another) {
  holds(explore_all<wheel_of_one>(how(), shape{.robbed = false}));
}
TEST(timers, fire_once_when_their_worker_is_robbed) {
  holds(explore_all<wheel_of_one>(how(), shape{.cancelled = false}));
}
TEST(timers, of_one_that_is_robbed_are_cancelled_by_a_third) {
  holds(explore_all<wheel_of_one>(how(), shape{.timers = 1}));
}
TEST(timers, without_a_swap_that_one_wins_are_settled_twice) {
  const shape broken{.robbed = false, .what = without::winning_the_entry};
  fails(explore_all<wheel_of_one>(how(), broken), "a race");
}
TEST(timers, need_each_of_their_orderings) {
  const auto with = [](shape s) {
    return
        [=](std::optional<weakening> w) { return explore_all<wheel_of_one>(how(std::move(w)), s); };
  };
  // The number that is read before the swap is compared there; who loses reads nothing of the winner.
  each_is_needed({with({.robbed = false}), with({.cancelled = false})},
                 {"timers_model.cpp operator(): load without acquire",
                  "timer_entry.hpp settle: compare without release"},
                 "timer");
}

}  // namespace
}  // namespace kin::model
