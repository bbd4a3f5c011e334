// SPDX-License-Identifier: Apache-2.0
// Registered names: otp-semantics 1.3 and 1.8, protocols 1 and 23.
#include "support/expect.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;

inline constexpr kin::name<> shop{"registry_test.shop"};
inline constexpr kin::name<> till{"registry_test.till"};

template <class F>
kin::exit_reason error_of(F act) {
  try {
    act();
  } catch (const kin::error& e) {
    return e.reason();
  }
  return "no error";
}

KIN_TEST(registry, finds_who_holds_a_name) {
  EXPECT_EQ(kin::whereis(shop), std::nullopt);
  kin::register_name(shop, kin::self());
  EXPECT_EQ(kin::whereis(shop), kin::self());
  kin::unregister_name(shop);
  EXPECT_EQ(kin::whereis(shop), std::nullopt);
}

KIN_TEST(registry, sends_to_who_holds_a_name) {
  kin::register_name(shop, kin::self());
  kin::send(shop, number{1});
  EXPECT_EQ(test::expect<number>(), number{1});
}

KIN_TEST(registry, tells_equal_texts_as_one_name) {
  kin::register_name(shop, kin::self());
  const std::string text = "registry_test.";
  EXPECT_EQ(kin::whereis(kin::name<>(kin::intern(text + "shop"))), kin::self());
  EXPECT_EQ(kin::whereis(kin::name<>(kin::intern(text + "shops"))), std::nullopt);
}

KIN_TEST(registry, send_to_a_name_that_nobody_holds_is_an_error_that_names_it) {
  try {
    kin::send(shop, number{1});
    ADD_FAILURE() << "it was sent";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::badarg);
    EXPECT_THAT(e.what(), testing::HasSubstr("registry_test.shop"));
  }
}

KIN_TEST(registry, does_not_give_a_taken_name, {.leaves_processes = true}) {
  const kin::pid other = kin::spawn([] { test::idle(); });
  kin::register_name(shop, other);

  EXPECT_EQ(error_of([] { kin::register_name(shop, kin::self()); }), kin::badarg);
  EXPECT_EQ(kin::whereis(shop), other);
}

KIN_TEST(registry, does_not_give_a_second_name) {
  kin::register_name(shop, kin::self());
  EXPECT_EQ(error_of([] { kin::register_name(till, kin::self()); }), kin::badarg);
  EXPECT_EQ(kin::whereis(till), std::nullopt);
  kin::unregister_name(shop);
  kin::register_name(till, kin::self());
  EXPECT_EQ(kin::whereis(till), kin::self());
}

KIN_TEST(registry, does_not_give_a_name_to_the_dead) {
  const kin::pid dead = kin::spawn([] {});
  test::await_exit(dead);

  EXPECT_EQ(error_of([&] { kin::register_name(shop, dead); }), kin::badarg);
  EXPECT_EQ(error_of([] { kin::register_name(shop, kin::pid{}); }), kin::badarg);
  EXPECT_EQ(kin::whereis(shop), std::nullopt);
  kin::register_name(shop, kin::self());
}

KIN_TEST(registry, unregister_of_a_name_that_nobody_holds_is_an_error) {
  EXPECT_EQ(error_of([] { kin::unregister_name(shop); }), kin::badarg);
  kin::register_name(shop, kin::self());
  kin::unregister_name(shop);
  EXPECT_EQ(error_of([] { kin::unregister_name(shop); }), kin::badarg);
}

KIN_TEST(registry, lists_the_names_that_are_held, {.leaves_processes = true}) {
  kin::register_name(shop, kin::self());
  const kin::pid other = kin::spawn([] { test::idle(); });
  kin::register_name(till, other);
  auto names = kin::registered();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"registry_test.shop", "registry_test.till"}));
  kin::unregister_name(shop);
  EXPECT_EQ(kin::registered(), (std::vector<std::string>{"registry_test.till"}));
}

TEST(registry, is_of_one_machine) {
  test::run([] { kin::register_name(shop, kin::self()); });
  test::run([] {
    EXPECT_EQ(kin::whereis(shop), std::nullopt);
    EXPECT_THAT(kin::registered(), testing::IsEmpty());
  });
}

TEST(registry, on_a_foreign_thread_needs_a_machine) {
  EXPECT_THROW(static_cast<void>(kin::whereis(shop)), kin::error);
  kin::machine machine({.workers = 1});
  machine.start();
  const kin::pid p = machine.spawn([] {
    kin::register_name(shop, kin::self());
    test::idle();
  });
  const kin::machine::enter inside(machine);
  while (!kin::whereis(shop)) std::this_thread::yield();
  EXPECT_EQ(kin::whereis(shop), p);
  kin::send(shop, word{"end"});
}

// ---- the end of a holder ------------------------------------------------------------------------

KIN_TEST(registry, a_name_is_free_when_the_down_is_seen, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(2000); ++i) {
    const auto holder = kin::spawn_monitor([i] {
      kin::register_name(shop, kin::self());
      if (i % 2 == 0) kin::exit("ends badly");
    });
    test::expect_down(holder.ref);
    ASSERT_EQ(kin::whereis(shop), std::nullopt);
    kin::register_name(shop, kin::self());
    kin::unregister_name(shop);
  }
}

KIN_TEST(registry, a_name_is_free_when_the_exit_is_seen, {.workers = {1, 2, 4}}) {
  kin::trap_exits();
  for (int i = 0; i < test::times(1000); ++i) {
    const kin::pid holder = kin::spawn_link([] {
      kin::register_name(shop, kin::self());
      test::idle();
    });
    if (i % 2 == 0) kin::yield();
    kin::exit(holder, kin::kill);
    test::expect<kin::exited>();
    kin::register_name(shop, kin::self());
    kin::unregister_name(shop);
  }
}

KIN_TEST(registry, a_name_is_free_when_a_monitor_says_noproc,
         {.workers = {1, 2, 4}}) {  // protocols 1
  for (int i = 0; i < test::times(2000); ++i) {
    const kin::pid holder = kin::spawn([] { kin::register_name(shop, kin::self()); });
    if (i % 2 == 0) kin::yield();
    test::expect_down(kin::monitor(holder));
    ASSERT_EQ(kin::whereis(shop), std::nullopt);
    kin::register_name(shop, kin::self());
    kin::unregister_name(shop);
  }
}

KIN_TEST(registry, a_name_given_by_another_is_free_after_the_end, {.workers = {1, 2, 4}}) {
  for (int i = 0; i < test::times(2000); ++i) {
    const auto holder = kin::spawn_monitor([i] {
      if (i % 3 == 0) test::idle();
    });
    try {
      kin::register_name(shop, holder.pid);
    } catch (const kin::error& e) {
      ASSERT_EQ(e.reason(), kin::badarg);  // it has ended already
    }
    if (i % 3 == 0) kin::send(holder.pid, word{"end"});
    test::expect_down(holder.ref);
    ASSERT_EQ(kin::whereis(shop), std::nullopt);
    kin::register_name(shop, kin::self());
    kin::unregister_name(shop);
  }
}

KIN_TEST(registry, a_name_given_and_taken_back_does_not_hide_the_next_one, {.workers = {1}}) {
  const auto holder = kin::spawn_monitor([] {
    kin::receive([](const word& /*go*/) {
    });  // has taken in that it was given `shop`? no: nothing came before
    kin::unregister_name(shop);
    kin::register_name(till, kin::self());
    kin::yield();  // now it takes in what is stale
  });
  kin::yield();
  kin::send(holder.pid, word{"go"});
  kin::register_name(shop, holder.pid);  // behind the word: drained with it
  test::expect_down(holder.ref);

  EXPECT_EQ(kin::whereis(till), std::nullopt);
  EXPECT_EQ(kin::whereis(shop), std::nullopt);
}

TEST(registry, a_name_given_while_its_holder_computes_and_renames_itself_is_released) {
  std::atomic<bool> given{false};
  std::atomic<bool> renamed{false};
  test::run({.workers = 2}, [&] {
    std::atomic<bool> runs{false};
    const auto holder = kin::spawn_monitor([&] {
      runs = true;
      while (!given) std::this_thread::yield();  // drains nothing
      kin::unregister_name(shop);
      kin::register_name(till, kin::self());
      renamed = true;
      kin::yield();  // drains the stale gift
    });
    while (!runs) kin::yield();
    kin::register_name(shop, holder.pid);
    given = true;
    test::expect_down(holder.ref);

    EXPECT_EQ(kin::whereis(till), std::nullopt);
    kin::register_name(till, kin::self());
  });
}

KIN_TEST(registry, many_fight_for_one_name_and_one_at_a_time_has_it, {.workers = {1, 2, 4}}) {
  const kin::pid me = kin::self();
  constexpr int fighters = 8;
  const int rounds = test::times(400);
  std::atomic<int> holders{0};
  for (int f = 0; f < fighters; ++f) {
    kin::spawn([&, me] {
      int won = 0;
      for (int i = 0; i < rounds; ++i) {
        try {
          kin::register_name(shop, kin::self());
        } catch (const kin::error&) {
          kin::yield();
          continue;
        }
        EXPECT_EQ(++holders, 1);
        ++won;
        if (i % 2 == 0) kin::yield();
        --holders;
        kin::unregister_name(shop);
      }
      kin::send(me, number{won});
    });
  }
  int won = 0;
  for (int f = 0; f < fighters; ++f) won += test::expect<number>().value;
  EXPECT_GT(won, 0);
  EXPECT_EQ(kin::whereis(shop), std::nullopt);
}

KIN_TEST(registry, many_names_are_found_while_others_are_made, {.workers = {1, 2, 4}}) {
  const int count = test::times(2000);
  const kin::pid me = kin::self();
  for (int i = 0; i < count; ++i) {
    kin::spawn([=] {
      const kin::name<> mine(kin::intern("registry_test.many." + std::to_string(i)));
      kin::register_name(mine, kin::self());
      kin::send(me, number{i});
      kin::receive([&](kin::pid asker) { kin::send(asker, i); });
    });
  }
  for (int i = 0; i < count; ++i) {
    const int n = test::expect<number>().value;
    kin::send(kin::name<>(kin::intern("registry_test.many." + std::to_string(n))), me);
  }
  std::vector<bool> seen(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) seen[static_cast<std::size_t>(test::expect<int>())] = true;
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), count);
}

TEST(name, is_a_view_of_text_that_compares_by_text) {
  static_assert(kin::name<>("a") == kin::name<>("a"));
  static_assert(!(kin::name<>("a") == kin::name<>("b")));
  static_assert(!std::is_constructible_v<kin::name<>, std::string>);
  EXPECT_EQ(kin::intern("same").data(), kin::intern("same").data());
}

}  // namespace
