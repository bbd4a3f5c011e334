// SPDX-License-Identifier: Apache-2.0
// The checker itself: it must find what C++ allows, and nothing that C++ forbids.
#include "model/checker.hpp"

#include <gmock/gmock.h>

#include <set>

namespace kin::model {
namespace {

using enum std::memory_order;

// Threads that are given as they come, over three atomics and one plain value.
struct litmus : world {
  atomic<int> x{0};
  atomic<int> y{0};
  atomic<int> z{0};
  plain<int> data{0};
  mutex lock;
  std::array<int, 4> got{};
  std::function<void(litmus&, unsigned)> body;
  std::function<std::string(litmus&)> end;

  [[nodiscard]] unsigned threads() const override { return threads_; }
  void run(unsigned thread) override { body(*this, thread); }
  [[nodiscard]] std::uint64_t fingerprint() const override {
    std::uint64_t print = 1;
    for (const int g : got) print = print * 16 + static_cast<std::uint64_t>(g);
    return print;
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    std::string stuck = world::at_rest(at_end);
    return stuck.empty() && end ? end(*this) : stuck;
  }
  litmus(unsigned threads, std::function<void(litmus&, unsigned)> b,
         std::function<std::string(litmus&)> e)
      : body(std::move(b)), end(std::move(e)), threads_(threads) {}

 private:
  unsigned threads_;
};

// All that `got` can be in the end.
std::set<std::string> outcomes(unsigned threads, const std::function<void(litmus&, unsigned)>& body,
                               const settings& how = {}) {
  std::set<std::string> all;
  const auto note = [&all](litmus& w) {
    std::string text;
    for (const int g : w.got) text += static_cast<char>('0' + g);
    all.insert(text.substr(0, text.find_last_not_of('-') + 1));
    return std::string();
  };
  const verdict v = explore(
      [&](void* memory) -> world* { return new (memory) litmus(threads, body, note); }, how);
  if (!v.wrong.empty()) all.insert(v.wrong.substr(0, v.wrong.find('\n')));
  return all;
}

TEST(checker, lets_two_stores_pass_two_loads) {  // store buffers
  const auto seen = outcomes(2, [](litmus& w, unsigned t) {
    (t == 0 ? w.x : w.y).store(1, release);
    w.got[t] = (t == 0 ? w.y : w.x).load(acquire);
  });
  EXPECT_THAT(seen, testing::ElementsAre("0000", "0100", "1000", "1100"));
}

TEST(checker, lets_one_of_two_see_the_other_if_all_is_seq_cst) {
  const auto seen = outcomes(2, [](litmus& w, unsigned t) {
    (t == 0 ? w.x : w.y).store(1, seq_cst);
    w.got[t] = (t == 0 ? w.y : w.x).load(seq_cst);
  });
  EXPECT_THAT(seen, testing::ElementsAre("0100", "1000", "1100"));
}

TEST(checker, lets_one_of_two_see_the_other_across_a_membarrier) {
  const auto asymmetric = [](litmus& w, unsigned t) {
    (t == 0 ? w.x : w.y).store(1, relaxed);
    if (t == 0) membarrier();
    w.got[t] = (t == 0 ? w.y : w.x).load(relaxed);
  };
  EXPECT_THAT(outcomes(2, asymmetric), testing::ElementsAre("0100", "1000", "1100"));
}

TEST(checker, lets_one_of_two_see_the_other_across_two_fences_but_not_one) {
  for (const bool both : {true, false}) {
    const auto seen = outcomes(2, [both](litmus& w, unsigned t) {
      (t == 0 ? w.x : w.y).store(1, relaxed);
      if (t == 0 || both) fence();
      w.got[t] = (t == 0 ? w.y : w.x).load(relaxed);
    });
    EXPECT_EQ(seen.contains("0000"), !both);
  }
}

TEST(checker, passes_a_message_by_release_and_acquire_only) {
  for (const auto order : {release, relaxed}) {
    for (const auto at_load : {acquire, relaxed}) {
      const auto seen = outcomes(2, [=](litmus& w, unsigned t) {
        if (t == 0) {
          w.x.store(1, relaxed);
          w.y.store(1, order);
        } else {
          w.got[0] = w.y.load(at_load);
          w.got[1] = w.x.load(relaxed);
        }
      });
      EXPECT_EQ(seen.contains("1000"), order != release || at_load != acquire);
      EXPECT_TRUE(seen.contains("1100") && seen.contains("0000") && seen.contains("0100"));
    }
  }
}

TEST(checker, lets_two_readers_see_two_stores_in_different_orders_unless_all_is_seq_cst) {
  for (const auto order : {acquire, seq_cst}) {
    const auto seen = outcomes(4, [=](litmus& w, unsigned t) {
      if (t == 0) w.x.store(1, order == seq_cst ? seq_cst : release);
      if (t == 1) w.y.store(1, order == seq_cst ? seq_cst : release);
      if (t == 2) w.got[0] = w.x.load(order), w.got[1] = w.y.load(order);
      if (t == 3) w.got[2] = w.y.load(order), w.got[3] = w.x.load(order);
    });
    EXPECT_EQ(seen.contains("1010"), order != seq_cst);
  }
}

TEST(checker, never_reads_one_place_backwards) {
  const auto seen = outcomes(2, [](litmus& w, unsigned t) {
    if (t == 0) {
      w.x.store(1, relaxed);
      w.x.store(2, relaxed);
    } else {
      w.got[0] = w.x.load(relaxed);
      w.got[1] = w.x.load(relaxed);
    }
  });
  EXPECT_THAT(seen, testing::ElementsAre("0000", "0100", "0200", "1100", "1200", "2200"));
}

TEST(checker, never_loses_a_read_modify_write) {
  const auto seen =
      outcomes(3, [](litmus& w, unsigned t) { w.got[t] = w.x.fetch_add(1, relaxed); });
  EXPECT_EQ(seen.size(), 6U);
  for (const auto& s : seen) EXPECT_EQ(std::set<char>(s.begin(), s.begin() + 3).size(), 3U) << s;
}

TEST(checker, carries_a_release_on_through_others_read_modify_writes_but_not_through_stores) {
  for (const bool modifies : {true, false}) {
    const auto seen = outcomes(3, [=](litmus& w, unsigned t) {
      if (t == 0) {
        w.x.store(1, relaxed);
        w.y.store(1, release);
      } else if (t == 1) {
        if (modifies) {
          w.y.fetch_add(1, relaxed);
        } else if (w.y.load(relaxed) == 1) {
          w.y.store(2, relaxed);
        }
      } else if (w.y.load(acquire) == 2) {
        w.got[0] = 1;
        w.got[1] = w.x.load(relaxed);
      }
    });
    EXPECT_EQ(seen.contains("1000"), !modifies);
  }
}

TEST(checker, finds_a_race_unless_release_and_acquire_order_it) {
  for (const auto order : {release, relaxed}) {
    const auto seen = outcomes(2, [=](litmus& w, unsigned t) {
      if (t == 0) {
        w.data = 1;
        w.y.store(1, order);
      } else if (w.y.load(acquire) == 1) {
        w.got[0] = w.data;
      }
    });
    const auto race = testing::Contains(testing::StartsWith("a race"));
    if (order == release) {
      EXPECT_THAT(seen, testing::Not(race));
    } else {
      EXPECT_THAT(seen, race);
    }
  }
}

TEST(checker, finds_a_race_with_who_only_reads) {
  const auto seen = outcomes(2, [](litmus& w, unsigned t) {
    if (t == 0) w.data = 1;
    if (t == 1) w.got[0] = w.data;
  });
  EXPECT_THAT(seen, testing::Contains(testing::StartsWith("a race")));
}

TEST(checker, does_not_take_a_membarrier_for_an_order_of_data) {
  const auto seen = outcomes(2, [](litmus& w, unsigned t) {
    if (t == 0) {
      w.data = 1;
      w.y.store(1, relaxed);
      membarrier();
    } else if (w.y.load(relaxed) == 1) {
      w.got[0] = w.data;
    }
  });
  EXPECT_THAT(seen, testing::Contains(testing::StartsWith("a race")));
}

TEST(checker, keeps_those_who_hold_a_mutex_apart) {
  const auto seen = outcomes(3, [](litmus& w, unsigned /*t*/) {
    w.lock.lock();
    w.data = w.data + 1;
    w.got[0] = w.data;
    w.lock.unlock();
  });
  EXPECT_THAT(seen, testing::ElementsAre("3000"));
}

TEST(checker, finds_two_who_wait_for_each_other) {
  const auto seen = outcomes(2, [](litmus& w, unsigned t) {
    atomic<int>& mine = t == 0 ? w.x : w.y;
    atomic<int>& other = t == 0 ? w.y : w.x;
    while (other.load(acquire) == 0) wait_for_change();
    mine.store(1, release);
  });
  EXPECT_THAT(seen, testing::ElementsAre("thread 0 waits for ever"));
}

TEST(checker, does_not_wait_for_what_comes_late) {
  const auto seen = outcomes(2, [](litmus& w, unsigned t) {
    if (t == 0) {
      w.x.store(1, relaxed);
    } else {
      while (w.x.load(relaxed) == 0) wait_for_change();
    }
  });
  EXPECT_THAT(seen, testing::ElementsAre("0000"));
}

TEST(checker, tries_each_choice) {
  const auto seen = outcomes(1, [](litmus& w, unsigned /*t*/) {
    w.got[0] = static_cast<int>(choose(2));
    w.got[1] = static_cast<int>(choose(3));
  });
  EXPECT_EQ(seen.size(), 6U);
}

TEST(checker, tells_the_steps_that_lead_there) {
  const auto make = [](void* memory) -> world* {
    return new (memory) litmus(2,
                               [](litmus& w, unsigned t) {
                                 if (t == 0) w.x.store(1, release);
                                 if (t == 1) expect(w.x.load(acquire) == 0, "one has come");
                               },
                               {});
  };
  const verdict v = explore(make, {.names = {"first"}});
  EXPECT_THAT(v.wrong, testing::StartsWith("one has come"));
  EXPECT_THAT(v.wrong, testing::ContainsRegex("thread 0 .*store +first +1  release"));
  EXPECT_THAT(v.wrong, testing::ContainsRegex("thread 1 .*load +first +1  acquire"));
}

TEST(checker, lists_what_could_be_weaker_and_makes_it_so) {
  const auto make = [](void* memory) -> world* {
    return new (memory) litmus(2,
                               [](litmus& w, unsigned t) {
                                 if (t == 0) {
                                   w.data = 1;
                                   w.y.store(1, release);
                                 } else if (w.y.load(acquire) == 1) {
                                   w.got[0] = w.data;
                                 }
                               },
                               {});
  };
  const verdict whole = explore(make);
  EXPECT_EQ(whole.wrong, "");
  ASSERT_EQ(whole.orderings.size(), 2U);
  for (const weakening& w : whole.orderings)
    EXPECT_THAT(explore(make, {.weaker = w}).wrong, testing::StartsWith("a race"));
}

}  // namespace
}  // namespace kin::model
