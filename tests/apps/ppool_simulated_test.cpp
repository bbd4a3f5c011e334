// SPDX-License-Identifier: Apache-2.0
// The pool under many seeds, while workers are killed, signals and timers are late, and workers cannot
// be started: what must hold after every step.
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
int not_started = 0;

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
    if (end.outcome) continue;
    const kin::exit_reason& why = end.outcome.error();
    if (why == kin::killed) ++killed;
    if (kin::to_string(why).find("no memory") != std::string::npos) ++not_started;
  }
  EXPECT_EQ(*at_work, 0);

  for (int i = 0; i < limit; ++i) {
    kin::result<kin::pid> worker = ppool::run(dozers, 1);
    while (!worker && worker.error() != kin::exit_reason(ppool::noalloc{}))
      worker = ppool::run(dozers, 1);
    EXPECT_TRUE(worker) << "a place has not come back";
  }
}

bool is_worker(const kin::process_info& p) {
  return p.subject.find("workers_of<dozer") != std::string::npos;
}
// It is started by the pool's supervisor, and that by the one of all pools, which main starts.
bool starts_workers(const kin::process_info& p) {
  return p.subject == "kin::supervisor" && p.ancestors.size() == 3;
}

TEST(simulated_pool, loses_no_task_and_no_place_whatever_fails) {
  kin::sim::explore({.seeds = 200,
                     .each = {.faults = {{.kill = 0.02, .among = is_worker},
                                         {.delay = 0.05, .late_timer = 0.2},
                                         {.failed_spawn = 0.1, .among = starts_workers}}},
                     .failed = [] { return testing::Test::HasFailure(); }},
                    twenty_tasks_in_three_places);
  EXPECT_GT(killed, 200) << "the test is none if hardly anybody is killed";
  EXPECT_GT(not_started, 200) << "nor if hardly any start fails";
}

}  // namespace
