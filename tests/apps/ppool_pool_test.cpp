// SPDX-License-Identifier: Apache-2.0
// The pool as a library: places, queue, crashes.
#include "pool/ppool.hpp"
#include "support/expect.hpp"
#include "support/run.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace kin::literals;
using ppool::done;
using ppool::noalloc;

struct go {};
struct fail {};

/// Waits until it is told what to do, then gives its number back.
class porter {
 public:
  porter(int base, int number) : number_(base + number) {}
  int operator()() {
    kin::receive([](go) {}, [](fail) { throw std::runtime_error("dropped it"); });
    return number_;
  }

 private:
  int number_;
};
inline constexpr kin::name<ppool::pool<porter, int>> porters{"porters"};
inline constexpr kin::name<ppool::pool<porter, int>> others{"others"};

/// Gives its number back at once.
class adder {
 public:
  explicit adder(int number) : number_(number) {}
  int operator()() const { return number_ + 1; }

 private:
  int number_;
};
inline constexpr kin::name<ppool::pool<adder, int>> adders{"adders"};

class clerk : public kin::gen_server {
 public:
  explicit clerk(std::string desk) : desk_(std::move(desk)) {
    if (desk_.empty()) throw std::invalid_argument("no desk");
  }
  kin::next handle_cast(go) { return kin::stop(kin::normal); }

 private:
  std::string desk_;
};
inline constexpr kin::name<ppool::pool<clerk, std::string>> clerks{"clerks"};

template <class F>
void with_pools(F body) {
  test::run([body = std::move(body)]() mutable {
    kin::start_link(ppool::pools());
    body();
  });
}

// Until the pool's server has seen so many ends and starts.
void wait_until_working(const kin::name<ppool::pool<porter, int>>& name, std::size_t count) {
  while (ppool::state_of(name).working != count) kin::yield();
}

kin::pid wait_for_another_server(const kin::name<ppool::pool<porter, int>>& name, kin::pid before) {
  for (;;) {
    const auto now = kin::whereis(name);
    if (now && *now != before && kin::try_call(name, ppool::pool<porter, int>::look{})) return *now;
    kin::yield();
  }
}

TEST(pool, starts_workers_up_to_its_limit_and_then_says_noalloc) {
  with_pools([] {
    ppool::start_pool(porters, 2, 0);
    EXPECT_TRUE(ppool::run(porters, 1).has_value());
    EXPECT_TRUE(ppool::run(porters, 2).has_value());

    const auto third = ppool::run(porters, 3);

    ASSERT_FALSE(third.has_value());
    EXPECT_TRUE(third.error().is(noalloc{}));
  });
}

TEST(pool, gives_the_place_of_a_worker_that_ended_to_the_next) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    const kin::pid first = *ppool::run(porters, 1);
    kin::send(first, go{});
    wait_until_working(porters, 0);
    EXPECT_TRUE(ppool::run(porters, 2).has_value());
  });
}

TEST(pool, gives_the_place_of_a_worker_that_crashed_to_the_next) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    const kin::pid first = *ppool::run(porters, 1);
    const kin::pid server = *kin::whereis(porters);
    kin::send(first, fail{});
    wait_until_working(porters, 0);
    EXPECT_TRUE(ppool::run(porters, 2).has_value());
    EXPECT_EQ(*kin::whereis(porters), server) << "a worker's crash must not touch the server";
  });
}

TEST(pool, lets_sync_queue_wait_its_turn) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    const kin::pid first = *ppool::run(porters, 1);
    const kin::pid me = kin::self();
    kin::spawn_link([me] { kin::send(me, *ppool::sync_queue(porters, 2)); });
    while (ppool::state_of(porters).waiting == 0) kin::yield();

    kin::send(first, go{});

    EXPECT_NE(test::expect<kin::pid>(), first);
  });
}

TEST(pool, sends_the_result_of_a_queued_task_with_the_fixed_argument_first) {
  with_pools([] {
    ppool::start_pool(porters, 1, 100);
    const kin::ref task = ppool::async_queue(porters, 5);
    kin::send(ppool::workers_of(porters).at(0), go{});

    const auto end = test::expect<done<int>>();

    EXPECT_EQ(end.task, task);
    ASSERT_TRUE(end.outcome.has_value());
    EXPECT_EQ(*end.outcome, 105);
  });
}

TEST(pool, tells_of_a_queued_task_whose_worker_crashed) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    const kin::ref task = ppool::async_queue(porters, 5);
    kin::send(ppool::workers_of(porters).at(0), fail{});

    const auto end = test::expect<done<int>>();

    EXPECT_EQ(end.task, task);
    ASSERT_FALSE(end.outcome.has_value());
    EXPECT_NE(end.outcome.error().get_if<std::runtime_error>(), nullptr);
  });
}

TEST(pool, keeps_one_queue_for_both_ways_of_waiting) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    const kin::pid first = *ppool::run(porters, 1);
    const kin::pid me = kin::self();
    kin::spawn_link([me] { kin::send(me, *ppool::sync_queue(porters, 2)); });
    while (ppool::state_of(porters).waiting < 1) kin::yield();
    static_cast<void>(ppool::async_queue(porters, 3));
    kin::send(first, go{});
    const kin::pid second = test::expect<kin::pid>();

    EXPECT_EQ(ppool::state_of(porters).waiting, 1U) << "the task queued later must still wait";
    kin::send(second, go{});
    wait_until_working(porters, 1);
    while (ppool::workers_of(porters).at(0) == second) kin::yield();
    kin::send(ppool::workers_of(porters).at(0), go{});
    EXPECT_EQ(*test::expect<done<int>>().outcome, 3);
  });
}

TEST(pool, with_a_limit_of_nought_only_queues) {
  with_pools([] {
    ppool::start_pool(adders, 0);
    EXPECT_TRUE(ppool::run(adders, 1).error().is(noalloc{}));
    static_cast<void>(ppool::async_queue(adders, 1));
    EXPECT_EQ(ppool::state_of(adders).waiting, 1U);

    ppool::resize(adders, 1);

    EXPECT_EQ(*test::expect<done<int>>().outcome, 2);
  });
}

TEST(pool, above_a_lowered_limit_starts_nobody_until_enough_have_ended) {
  with_pools([] {
    ppool::start_pool(porters, 2, 0);
    const kin::pid first = *ppool::run(porters, 1);
    const kin::pid second = *ppool::run(porters, 2);
    ppool::resize(porters, 1);
    static_cast<void>(ppool::async_queue(porters, 3));
    kin::send(first, go{});
    wait_until_working(porters, 1);
    EXPECT_EQ(ppool::state_of(porters).waiting, 1U);
    kin::send(second, go{});
    while (ppool::state_of(porters).waiting != 0) kin::yield();
  });
}

TEST(pool, starts_again_clean_when_its_server_crashes) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    const kin::pid worker = *ppool::run(porters, 1);
    const kin::ref watch = kin::monitor(worker);
    const kin::pid server = *kin::whereis(porters);

    kin::exit(server, kin::kill);

    wait_for_another_server(porters, server);
    test::expect_down(watch);
    EXPECT_EQ(ppool::state_of(porters).working, 0U);
    EXPECT_TRUE(ppool::run(porters, 2).has_value());
  });
}

TEST(pool, is_not_touched_by_the_trouble_of_another) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    ppool::start_pool(others, 1, 0);
    const kin::pid safe = *ppool::run(others, 1);
    const kin::pid server_of_safe = *kin::whereis(others);
    // More crashes than its supervisor forgives: the pool is gone for good.
    for (;;) {
      const auto server = kin::whereis(porters);
      const auto tree = kin::whereis(kin::name<kin::supervisor>("ppool"));
      ASSERT_TRUE(tree.has_value());
      if (!server) {
        if (kin::count_children(*tree).active == 1) break;
        kin::yield();
        continue;
      }
      const kin::ref watch = kin::monitor(*server);
      kin::exit(*server, kin::kill);
      test::expect_down(watch);
    }
    EXPECT_TRUE(kin::is_alive(safe));
    EXPECT_EQ(*kin::whereis(others), server_of_safe);
  });
}

TEST(pool, takes_gen_servers_as_workers) {
  with_pools([] {
    ppool::start_pool(clerks, 1);
    const kin::ref task = ppool::async_queue(clerks, "left"s);
    kin::cast(kin::server<clerk>{ppool::workers_of(clerks).at(0)}, go{});
    const auto end = test::expect<done<void>>();
    EXPECT_EQ(end.task, task);
    EXPECT_TRUE(end.outcome.has_value());
  });
}

TEST(pool, tells_why_a_worker_did_not_start) {
  with_pools([] {
    ppool::start_pool(clerks, 1);
    EXPECT_NE(ppool::run(clerks, ""s).error().get_if<std::invalid_argument>(), nullptr);
    static_cast<void>(ppool::async_queue(clerks, ""s));
    EXPECT_FALSE(test::expect<done<void>>().outcome.has_value());
    EXPECT_EQ(ppool::state_of(clerks).working, 0U);
  });
}

TEST(pool, that_is_stopped_ends_its_workers_and_frees_its_name) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    const kin::ref watch = kin::monitor(*ppool::run(porters, 1));

    ppool::stop_pool(porters);

    EXPECT_EQ(test::expect_down(watch).reason, kin::shutdown);
    EXPECT_FALSE(kin::whereis(porters).has_value());
    ppool::start_pool(porters, 1, 0);
    EXPECT_TRUE(ppool::run(porters, 1).has_value());
  });
}

TEST(pool, refuses_to_be_started_twice_and_to_be_stopped_when_it_is_not_there) {
  with_pools([] {
    ppool::start_pool(porters, 1, 0);
    EXPECT_THROW(ppool::start_pool(porters, 1, 0), kin::call_failed);
    EXPECT_THROW(ppool::stop_pool(others), kin::call_failed);
  });
}

TEST(pool, answers_each_of_many_tasks_once) {
  with_pools([] {
    const int tasks = test::times(4000);
    ppool::start_pool(adders, 8);
    std::map<kin::ref, int> wanted;
    for (int i = 0; i < tasks; ++i) wanted.emplace(ppool::async_queue(adders, i), i + 1);
    for (int i = 0; i < tasks; ++i) {
      const auto end = test::expect<done<int>>();
      const auto found = wanted.find(end.task);
      ASSERT_NE(found, wanted.end()) << "answered twice";
      EXPECT_EQ(*end.outcome, found->second);
      wanted.erase(found);
    }
    EXPECT_TRUE(wanted.empty());
    while (ppool::state_of(adders).working != 0) kin::yield();
  });
}

}  // namespace
