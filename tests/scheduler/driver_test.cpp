// SPDX-License-Identifier: Apache-2.0
// A machine whose time and order come from a driver: it runs on one thread, and the same answers
// give the same run.
#include "scheduler/driver.hpp"

#include "scheduler/machine_core.hpp"
#include "support/expect.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

using namespace kin::literals;

// Who runs next is drawn; time goes on when all wait.
class drawn final : public driver {
 public:
  explicit drawn(unsigned seed) : chance_(seed) {}

  nanotime now() override { return time_; }
  void ready(control_block& p, bool /*last*/) override { ready_.push_back(&p); }
  control_block* next() override {
    if (ready_.empty()) return nullptr;
    std::swap(ready_[chance_() % ready_.size()], ready_.back());
    control_block* p = ready_.back();
    ready_.pop_back();
    return p;
  }
  bool wait(nanotime until) override {
    if (until == never) return false;
    time_ = std::max(time_, until);
    return true;
  }

 private:
  std::mt19937 chance_;
  nanotime time_ = 0;
  std::vector<control_block*> ready_;
};

template <class F>
void drive(driver& by, F body) {
  machine_core core({.reports = test::quiet()}, &by);
  core.start();
  core.spawn_from_outside(body_of(std::move(body)), false);
  core.drive();
  EXPECT_EQ(core.process_count(), 0U) << "somebody waits for ever";
}

TEST(driven_machine, sleeps_for_hours_in_no_time) {
  drawn by(1);
  drive(by, [] {
    const auto start = clock::now();
    sleep(24h);
    EXPECT_GE(clock::now() - start, 24h);
    EXPECT_LE(clock::now() - start, 24h + 1s);
    send_after(1h, self(), test::number{1});
    EXPECT_EQ(test::expect<test::number>(2h), test::number{1});
    EXPECT_GE(clock::now() - start, 25h);
  });
}

TEST(driven_machine, runs_all_on_the_thread_that_drives) {
  const auto here = std::this_thread::get_id();
  drawn by(1);
  drive(by, [=] {
    const pid me = self();
    for (int i = 0; i < 10; ++i) {
      spawn_link([=] {
        yield();
        EXPECT_EQ(std::this_thread::get_id(), here);
        EXPECT_EQ(blocking([] { return std::this_thread::get_id(); }), here);
        send(me, test::number{1});
      });
    }
    for (int i = 0; i < 10; ++i) test::expect<test::number>();
  });
}

TEST(driven_machine, comes_back_when_all_wait_for_ever) {
  drawn by(1);
  machine_core core({.reports = test::quiet()}, &by);
  core.start();
  const pid p =
      core.spawn_from_outside(body_of([] { kin::receive([](test::number /*n*/) {}); }), false);
  core.drive();
  EXPECT_EQ(core.process_count(), 1U);
  send(p, test::number{1});
  core.drive();
  EXPECT_EQ(core.process_count(), 0U);
}

std::string order_under(unsigned seed) {
  std::string order;
  drawn by(seed);
  drive(by, [&] {
    for (char name = 'a'; name < 'f'; ++name) {
      spawn([&order, name] {
        for (int i = 0; i < 3; ++i) {
          order += name;
          i == 1 ? sleep(1s) : yield();
        }
      });
    }
  });
  return order;
}

TEST(driven_machine, runs_the_same_way_under_the_same_answers_and_another_way_under_others) {
  std::set<std::string> orders;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string once = order_under(seed);
    EXPECT_EQ(order_under(seed), once);
    orders.insert(once);
  }
  EXPECT_GT(orders.size(), 15U);
}

}  // namespace
}  // namespace kin::detail
