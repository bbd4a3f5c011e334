// SPDX-License-Identifier: Apache-2.0
// Timers by the million: set, cancelled at random by their owner and by others, fired. None is lost,
// doubled or early, and what was cancelled is not heard.
#include "stress/size.hpp"
#include "support/expect.hpp"

#include <vector>

namespace {

using namespace kin::stress;
using clock = kin::clock;

struct fired {
  std::size_t number;
};
struct please_cancel {
  kin::pid whose;
  std::size_t number;
  kin::ref timer;
};
struct was_cancelled {
  std::size_t number;
  bool in_time;
};

class timers {
 public:
  timers(int count, std::uint64_t seed, kin::pid helper)
      : dice_(seed), helper_(helper), all_(static_cast<std::size_t>(count)) {}

  void set_and_cancel_some() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const auto delay = std::chrono::microseconds(below(longest_us, dice_));
      all_[i].due = clock::now() + delay;
      all_[i].timer = kin::send_after(delay, kin::self(), fired{i});
      const std::size_t some = below(i + 1, dice_);
      switch (below(4, dice_)) {
        case 0:
          cancel(some);
          break;
        case 1:
          let_cancel(some);
          break;
        default:
          break;
      }
      if (i % 256 == 0) take_what_is_there();
    }
  }
  void await_the_rest() {
    while (settled_ < all_.size() || asked_ > 0) {
      kin::receive([this](fired f) { note(f); }, [this](was_cancelled w) { note(w); },
                   kin::after(kin::test::patience, [] { kin::exit("a timer has not come"); }));
    }
    EXPECT_THAT(kin::test::drained(), testing::IsEmpty());
  }

 private:
  static constexpr std::size_t longest_us = 500'000;
  struct one {
    kin::ref timer;
    clock::time_point due;
    bool settled = false;  // it has fired, or was cancelled
  };

  void cancel(std::size_t i) {
    if (all_[i].settled) return;
    if (kin::cancel_timer(all_[i].timer)) settle(i, "cancelled");
  }
  void let_cancel(std::size_t i) {
    ++asked_;
    kin::send(helper_, please_cancel{kin::self(), i, all_[i].timer});
  }
  void take_what_is_there() {
    bool more = true;
    while (more) {
      kin::receive([this](fired f) { note(f); }, [this](was_cancelled w) { note(w); },
                   kin::after(0s, [&] { more = false; }));
    }
  }
  void note(fired f) {
    EXPECT_GE(clock::now(), all_[f.number].due);
    settle(f.number, "fired");
  }
  void note(was_cancelled w) {
    --asked_;
    if (w.in_time) settle(w.number, "cancelled by another");
  }
  void settle(std::size_t i, const char* how) {
    EXPECT_FALSE(all_[i].settled) << i << " is " << how << " and was settled before";
    all_[i].settled = true;
    ++settled_;
  }

  dice dice_;
  kin::pid helper_;
  std::vector<one> all_;
  std::size_t settled_ = 0;
  std::size_t asked_ = 0;
};

class timers_stress : public on_workers {};
KIN_STRESS_ON_WORKERS(timers_stress);

TEST_P(timers_stress, are_not_lost_nor_early_nor_heard_when_cancelled) {
  kin::test::run(world(), [&] {
    constexpr int owners = 8;
    const int each = many(1'000'000, 100'000) / owners;
    const kin::pid helper = kin::spawn([] {
      return kin::loop([](const please_cancel& p) {
        kin::send(p.whose, was_cancelled{p.number, kin::cancel_timer(p.timer).has_value()});
      });
    });
    std::vector<kin::ref> ends;
    for (unsigned i = 0; i < owners; ++i) {
      ends.push_back(kin::spawn_monitor([=] {
                       timers mine(each, chosen().seed + i, helper);
                       mine.set_and_cancel_some();
                       mine.await_the_rest();
                     }).ref);
    }
    for (const kin::ref& end : ends) {
      EXPECT_EQ(kin::test::expect_down(end, 10min).reason, kin::normal);
    }
  });
}

// Owners that die take their timers along, whoever has them in a wheel now.
TEST_P(timers_stress, of_the_dead_vanish) {
  kin::test::run(world(), [&] {
    auto held = std::make_shared<int>(0);
    for (int i = 0; i < many(20'000, 1000); ++i) {
      const auto owner = kin::spawn_monitor([&held] {
        for (int j = 0; j < 20; ++j) kin::send_after(1h, kin::self(), held);
        if (kin::self().number() % 2 == 0) kin::test::idle();
      });
      kin::exit(owner.pid, kin::kill);
      kin::test::expect_down(owner.ref);
    }
    while (held.use_count() != 1) kin::sleep(1ms);  // those on other workers go back on their own
  });
}

}  // namespace
