// SPDX-License-Identifier: Apache-2.0
// The pool under many seeds, while workers are killed: what must hold after every step.
#include <kin/sim.hpp>

#include "pool/ppool.hpp"
#include "support/expect.hpp"

#include <memory>
#include <set>
#include <string>

namespace {

using namespace kin::literals;

constexpr int limit = 3;
constexpr int tasks = 20;

// Who is at work in this run; processes of one run share a thread.
class presence {
 public:
  explicit presence(std::shared_ptr<int> count) : count_(std::move(count)) { ++*count_; }
  presence(presence&&) = default;
  presence& operator=(presence&&) = default;
  ~presence() {
    if (count_ != nullptr) --*count_;
  }

 private:
  std::shared_ptr<int> count_;
};

class dozer {
 public:
  dozer(std::shared_ptr<int> at_work, int number) : at_work_(std::move(at_work)), number_(number) {}
  int operator()() {
    const presence here(at_work_);
    kin::sleep(std::chrono::milliseconds(number_ % 4));
    if (number_ % 7 == 0) kin::exit("tired");
    return number_;
  }

 private:
  std::shared_ptr<int> at_work_;
  int number_;
};
inline constexpr kin::name<ppool::pool<dozer, int>> dozers{"dozers"};

int killed = 0;  // in all runs

void twenty_tasks_in_three_places() {
  const auto at_work = std::make_shared<int>(0);
  kin::sim::always("no more work than the limit allows", [=] { return *at_work <= limit; });
  kin::start_link(ppool::pools());
  ppool::start_pool(dozers, limit, at_work);

  std::set<kin::ref> accepted;
  for (int i = 0; i < tasks; ++i) accepted.insert(ppool::async_queue(dozers, i));
  for (int i = 0; i < tasks; ++i) {
    const auto end = test::expect<ppool::done<int>>(1h);
    EXPECT_EQ(accepted.erase(end.task), 1U) << "one end a task";
    if (!end.outcome && end.outcome.error() == kin::killed) ++killed;
  }
  EXPECT_EQ(*at_work, 0);

  for (int i = 0; i < limit; ++i) EXPECT_TRUE(ppool::run(dozers, 1)) << "a place has not come back";
}

TEST(simulated_pool, loses_no_task_and_no_place_while_workers_are_killed) {
  kin::sim::explore({.seeds = 200,
                     .each = {.kill_chance = 0.02,
                              .may_kill =
                                  [](const kin::process_info& p) {
                                    return p.subject.find("workers_of<dozer") != std::string::npos;
                                  }},
                     .failed = [] { return testing::Test::HasFailure(); }},
                    twenty_tasks_in_three_places);
  EXPECT_GT(killed, 200) << "the test is none if hardly anybody is killed";
}

}  // namespace
