// SPDX-License-Identifier: Apache-2.0
// Keys that stand for processes: otp-semantics 9.1 and 9.3, protocols 1.
#include <kin/keyed_registry.hpp>

#include "support/expect.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct seat {
  std::string row;
  int place = 0;
  friend bool operator==(const seat&, const seat&) = default;
};
struct seat_hash {
  std::size_t operator()(const seat& s) const {
    return std::hash<std::string>{}(s.row) + static_cast<std::size_t>(s.place);
  }
};
using seats = kin::registry<seat, void, seat_hash>;
using numbers = kin::registry<int>;

class keyed_registry_on : public testing::TestWithParam<unsigned> {
 protected:
  static kin::machine_options world() { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(workers, keyed_registry_on, testing::Values(1U, 2U, 4U));

/// What people read of the error that `act` ends with.
template <class F>
std::string error_of(F act) {
  try {
    act();
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::badarg);
    return e.what();
  }
  return "no error";
}

KIN_TEST(keyed_registry, finds_who_holds_a_key_of_any_type) {
  seats hall;
  EXPECT_EQ(kin::whereis(hall[{"a", 1}]), std::nullopt);
  kin::register_name(hall[{"a", 1}], kin::self());
  EXPECT_EQ(kin::whereis(hall[{"a", 1}]), kin::self());
  EXPECT_EQ(kin::whereis(hall[{"a", 2}]), std::nullopt);
  kin::unregister_name(hall[{"a", 1}]);
  EXPECT_EQ(kin::whereis(hall[{"a", 1}]), std::nullopt);
}

KIN_TEST(keyed_registry, sends_to_who_holds_a_key) {
  kin::registry<std::string> people;
  kin::register_name(people["ann"], kin::self());
  kin::send(people["ann"], number{1});
  EXPECT_EQ(test::expect<number>(), number{1});
  EXPECT_TRUE(kin::try_send(people["ann"], number{2}));
  EXPECT_EQ(test::expect<number>(), number{2});
  kin::send_after(0s, people["ann"], number{3});
  EXPECT_EQ(test::expect<number>(), number{3});
}

KIN_TEST(keyed_registry, send_to_a_key_that_nobody_holds_is_an_error_that_shows_it) {
  seats hall;
  const std::string says = "nobody holds the key seat{\"b\", 7}";
  EXPECT_THAT(error_of([&] { kin::send(hall[{"b", 7}], number{1}); }), HasSubstr(says));
  EXPECT_THAT(error_of([&] {
                static_cast<void>(kin::try_send(hall[{"b", 7}], number{1}));
              }),
              HasSubstr(says));
  EXPECT_THAT(error_of([&] { kin::send_after(1h, hall[{"b", 7}], number{1}); }), HasSubstr(says));
  EXPECT_THAT(error_of([&] { kin::unregister_name(hall[{"b", 7}]); }), HasSubstr(says));
}

KIN_TEST(keyed_registry, does_not_give_a_taken_key_and_says_who_has_it) {
  numbers all;
  const kin::pid other = kin::spawn_link([] { test::idle(); });
  kin::register_name(all[3], other);
  EXPECT_THAT(error_of([&] { kin::register_name(all[3], kin::self()); }),
              HasSubstr("the key 3 is held by " + kin::to_string(other)));
  EXPECT_THAT(error_of([&] { kin::register_name(all[3], other); }), HasSubstr("is held by"));
  EXPECT_EQ(kin::whereis(all[3]), other);
}

KIN_TEST(keyed_registry, gives_a_process_many_keys_and_frees_all_at_its_end) {
  numbers all;
  kin::registry<std::string> words;
  const auto holder = kin::spawn_monitor([&] {
    for (int i = 0; i < 100; ++i) kin::register_name(all[i], kin::self());
    kin::register_name(words["last"], kin::self());
    test::idle();
  });
  while (!kin::whereis(words["last"])) kin::yield();
  EXPECT_EQ(all.entries().size(), 100U);
  kin::send(words["last"], word{"end"});
  test::expect_down(holder.ref);
  EXPECT_THAT(all.entries(), IsEmpty());
  EXPECT_EQ(kin::whereis(words["last"]), std::nullopt);
}

KIN_TEST(keyed_registry, does_not_give_a_key_to_the_dead) {
  numbers all;
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);
  EXPECT_THAT(error_of([&] { kin::register_name(all[1], dead); }), HasSubstr("no living process"));
  EXPECT_THAT(error_of([&] { kin::register_name(all[1], kin::pid{}); }),
              HasSubstr("no living process"));
  kin::register_name(all[1], kin::self());
}

KIN_TEST(keyed_registry, lists_who_holds_what) {
  numbers all;
  const kin::pid other = kin::spawn_link([] { test::idle(); });
  kin::register_name(all[1], kin::self());
  kin::register_name(all[2], other);
  EXPECT_THAT(all.entries(), UnorderedElementsAre(std::pair(1, kin::self()), std::pair(2, other)));
}

KIN_TEST(keyed_registry, monitors_who_holds_a_key) {
  numbers all;
  const kin::pid holder = kin::spawn([] { test::idle(); });
  kin::register_name(all[1], holder);
  const kin::ref watch = kin::monitor(all[1]);
  kin::exit(holder, kin::kill);
  EXPECT_EQ(test::expect_down(watch), (kin::down{watch, holder, kin::killed}));
  const kin::ref nobody = kin::monitor(all[1]);
  EXPECT_EQ(test::expect_down(nobody), (kin::down{nobody, kin::pid{}, kin::noproc}));
}

TEST(keyed_registry, serves_any_thread_and_outlives_machines) {
  numbers all;
  test::run([&] {
    kin::register_name(all[1], kin::self());
    const kin::pid me = kin::self();
    std::thread outside([&] {
      EXPECT_EQ(kin::whereis(all[1]), me);
      kin::send(all[1], number{1});
      kin::register_name(all[2], me);
    });
    outside.join();
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_EQ(kin::whereis(all[2]), me);
  });
  EXPECT_EQ(kin::whereis(all[1]), std::nullopt);
  test::run([&] { kin::register_name(all[1], kin::self()); });
}

KIN_TEST(keyed_registry, may_end_before_those_that_it_knows) {
  auto all = std::make_unique<numbers>();
  const auto holder = kin::spawn_monitor([] { test::idle(); });
  kin::register_name((*all)[1], holder.pid);
  all.reset();
  kin::send(holder.pid, word{"end"});
  EXPECT_EQ(test::expect_down(holder.ref).reason, kin::normal);
}

/// A key that counts how many there are.
struct counted {
  explicit counted(int v) : value(v), alive(std::make_shared<int>(v)) { all.push_back(alive); }
  int value;
  std::shared_ptr<int> alive;
  friend bool operator==(const counted& a, const counted& b) { return a.value == b.value; }
  static inline std::vector<std::weak_ptr<int>> all;
};
struct counted_hash {
  std::size_t operator()(const counted& c) const { return static_cast<std::size_t>(c.value); }
};
TEST(keyed_registry, does_not_keep_all_the_keys_of_the_dead) {
  kin::registry<counted, void, counted_hash> all;
  test::run({.workers = 1}, [&] {
    for (int i = 0; i < 5000; ++i) {
      const auto holder = kin::spawn_monitor([] { test::idle(); });
      kin::register_name(all[counted(i)], holder.pid);
      kin::send(holder.pid, word{"end"});
      test::expect_down(holder.ref);
    }
    const auto kept = std::count_if(counted::all.begin(), counted::all.end(),
                                    [](const auto& key) { return !key.expired(); });
    EXPECT_LE(kept, 16 * 16);  // of each shard
  });
}

TEST_P(keyed_registry_on, a_key_is_free_when_the_end_of_its_holder_is_seen) {
  numbers all;
  test::run(world(), [&] {
    kin::trap_exits();
    for (int i = 0; i < test::times(3000); ++i) {
      const bool by_link = i % 3 == 0;
      const auto holder = kin::spawn(
          [&] {
            kin::register_name(all[1], kin::self());
            if (i % 2 == 0) kin::exit("ends badly");
          },
          {.link = by_link, .monitor = !by_link});
      if (i % 5 == 0) kin::yield();
      by_link ? static_cast<void>(test::expect<kin::exited>())
              : static_cast<void>(test::expect_down(holder.ref));
      ASSERT_EQ(kin::whereis(all[1]), std::nullopt);
      kin::register_name(all[1], kin::self());
      kin::unregister_name(all[1]);
    }
  });
}

TEST_P(keyed_registry_on, a_key_is_free_when_its_holder_is_no_longer_alive) {
  numbers all;
  test::run(world(), [&] {
    for (int i = 0; i < test::times(1000); ++i) {
      const kin::pid holder = kin::spawn([&] { test::idle(); });
      kin::register_name(all[1], holder);
      if (i % 2 == 0) kin::yield();
      kin::exit(holder, kin::kill);
      const auto noproc = test::expect_down(kin::monitor(holder));
      ASSERT_EQ(kin::whereis(all[1]), std::nullopt) << noproc;
    }
  });
}

TEST_P(keyed_registry_on, many_fight_for_one_key_and_one_at_a_time_has_it) {
  numbers all;
  std::atomic<int> holders{0};
  test::run(world(), [&] {
    const kin::pid me = kin::self();
    constexpr int fighters = 8;
    const int rounds = test::times(400);
    for (int f = 0; f < fighters; ++f) {
      kin::spawn([&, me] {
        int won = 0;
        for (int i = 0; i < rounds; ++i) {
          try {
            kin::register_name(all[7], kin::self());
          } catch (const kin::error&) {
            kin::yield();
            continue;
          }
          EXPECT_EQ(++holders, 1);
          ++won;
          if (i % 2 == 0) kin::yield();
          --holders;
          kin::unregister_name(all[7]);
        }
        kin::send(me, number{won});
      });
    }
    int won = 0;
    for (int f = 0; f < fighters; ++f) won += test::expect<number>().value;
    EXPECT_GT(won, 0);
    EXPECT_EQ(kin::whereis(all[7]), std::nullopt);
  });
}

TEST_P(keyed_registry_on, many_keys_are_found_while_others_come_and_go) {
  numbers all;
  test::run(world(), [&] {
    const kin::pid me = kin::self();
    const int count = test::times(2000);
    for (int i = 0; i < count; ++i) {
      kin::spawn([&, me, i] {
        kin::register_name(all[i], kin::self());
        kin::send(me, number{i});
        if (i % 2 == 0) test::idle();
      });
    }
    for (int i = 0; i < count; ++i) {
      const int key = test::expect<number>().value;
      if (key % 2 == 0) kin::send(all[key], word{"end"});
    }
    const auto left = all.entries();
    for (const auto& [key, holder] : left) test::await_exit(holder);
    EXPECT_THAT(all.entries(), IsEmpty());
  });
}

}  // namespace
