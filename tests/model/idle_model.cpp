// SPDX-License-Identifier: Apache-2.0
// runtime/src/scheduler/idle.cpp and handout.cpp, over the real run queue, biased lock and parker: who
// makes something runnable and who goes to sleep do not miss each other; what is asked for, given,
// robbed or injected is run once. Workers and machine stand in, with what these files touch.
#include "model/orderings.hpp"
#include "queue/parker.cpp"       // NOLINT(bugprone-suspicious-include): among stand-ins
#include "scheduler/handout.cpp"  // NOLINT(bugprone-suspicious-include): among stand-ins
#include "scheduler/idle.cpp"     // NOLINT(bugprone-suspicious-include): among stand-ins

#include <array>

namespace kin::model {
namespace {

using detail::control_block;
using detail::worker;

struct shape {
  unsigned sleepers = 1;  // workers without work
  unsigned items = 2;     // that a worker which runs makes runnable,
  unsigned injected = 0;  // or threads that are no workers, one each
  bool goes_on = true;    // the worker runs its queue to the end; else it stays in a callback
  bool is_stuck = false;  // ... and sysmon has said so
  bool stops = false;     // one thread more stops the machine
};

struct machine : world {
  shape is;
  detail::machine_core core;
  std::array<control_block, 4> blocks;

  explicit machine(shape s) : is(s), core(s.sleepers + (s.items > 0 ? 1 : 0)) {
    if (is.is_stuck) {
      worker& w = *core.worker_at(is.sleepers);
      w.stuck_at.store(0, std::memory_order_relaxed);
    }
  }
  // Sleepers first, as workers; then who makes work; then who stops.
  [[nodiscard]] unsigned threads() const override {
    return is.sleepers + (is.items > 0 ? 1 : 0) + is.injected + (is.stops ? 1 : 0);
  }
  void run(unsigned thread) override {
    if (thread < is.sleepers) return search(*core.worker_at(thread));
    if (is.stops && thread + 1 == threads()) return stop();
    if (is.items > 0) return produce(*core.worker_at(thread));
    control_block& p = blocks[thread - is.sleepers];
    p.message = 1;
    core.injected.push(p);
    core.idle.wake_for_injected();
  }
  void search(worker& w) {
    while (control_block* p = core.idle.find_work(w)) {
      execute(*p);
      while (control_block* more = w.queue.pop_normal()) execute(*more);
    }
  }
  void produce(worker& w) {
    for (unsigned i = 0; i < is.items; ++i) {
      blocks[i].message = 1;
      w.schedule(blocks[i]);
    }
    if (!is.goes_on) return;
    for (;;) {
      core.idle.offer(w);
      control_block* p = w.queue.pop_normal();
      if (p == nullptr) return;
      execute(*p);
    }
  }
  void stop() {  // as machine_core::stop_workers
    core.stopping.store(true, std::memory_order_seq_cst);
    for (unsigned i = 0; i < core.worker_count(); ++i) core.worker_at(i)->bed->wake();
  }
  static void execute(control_block& p) {
    expect(p.message == 1, "it is not whole");
    expect(p.runs == 0, "it is run twice");
    p.runs = 1;
  }
  std::string at_rest(const std::vector<rest>& at_end) override {
    bool all_for_ever = true;
    for (unsigned t = 0; t < threads(); ++t) {
      if (t >= is.sleepers && at_end[t] != rest::over) return "who makes work waits for ever";
      if (t < is.sleepers && at_end[t] == rest::sleeps_for_a_time) all_for_ever = false;
      if (is.stops && at_end[t] != rest::over) return "a worker sleeps, and the machine stops";
    }
    std::size_t left = 0;  // where it should be
    bool waits_for_others = !core.injected.empty();
    while (core.injected.pop() != nullptr) ++left;
    for (unsigned i = 0; i < core.worker_count(); ++i) {
      auto& queue = core.worker_at(i)->queue;
      waits_for_others = waits_for_others || queue.size() > 0 || (queue.has_slot() && is.is_stuck);
      while (queue.pop(false).item != nullptr) ++left;
    }
    std::size_t run = 0;
    for (const control_block& p : blocks) run += static_cast<std::size_t>(p.runs);
    if (run + left != is.items + is.injected) return "one is lost";
    if (!is.stops && all_for_ever && waits_for_others) return "all sleep, and work waits";
    if (!is.stops && core.idle.parked() > is.sleepers) return "more are counted than sleep";
    return {};
  }
};

struct limits {
  unsigned switches = ~0U;
  std::int64_t clock_step = 1'000'000'000;
};
verdict explored(shape s, bool membarrier, limits most = {},
                 std::optional<weakening> weaker = std::nullopt) {
  return explore_all<machine>({.has_membarrier = membarrier,
                               .by_causes = true,
                               .most_switches = most.switches,
                               .clock_step = most.clock_step,
                               .weaker = std::move(weaker)},
                              s);
}

class idle : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(membarrier, idle, testing::Bool());

TEST_P(idle, misses_no_surplus) { holds(explored({.goes_on = false}, GetParam())); }
TEST_P(idle, robs_who_does_not_answer) {
  holds(explored({.items = 2, .goes_on = false}, GetParam(), {2, 3'000}));
}
TEST_P(idle, robs_who_is_stuck_of_all) {
  holds(explored({.items = 2, .goes_on = false, .is_stuck = true}, GetParam(), {.switches = 2}));
}
TEST_P(idle, misses_nothing_that_is_injected) {
  holds(explored({.items = 0, .injected = 1}, GetParam()));
}
TEST_P(idle, sees_the_stop) { holds(explored({.items = 0, .stops = true}, GetParam())); }

// ---- what it needs --------------------------------------------------------------------------------

void misses_work(shape s, bool membarrier, const weakening& w) {
  fails(explored(s, membarrier, {.switches = 3}, w), "all sleep, and work waits");
}

constexpr shape surplus{.goes_on = false};
constexpr shape from_outside{.items = 0, .injected = 1};

TEST(parking, without_its_membarrier_misses_surplus) {
  misses_work(
      surplus, true,
      {.file = "idle.cpp", .function = "park", .what = act::membarrier, .into = weakening::gone});
}
TEST(parking, without_a_fence_in_the_producer_misses_surplus_where_there_is_no_membarrier) {
  misses_work(
      surplus, false,
      {.file = "idle.cpp", .function = "wake_helper", .what = act::fence, .into = weakening::gone});
}
TEST(parking, without_a_fence_of_its_own_misses_surplus_where_there_is_no_membarrier) {
  misses_work(
      surplus, false,
      {.file = "idle.cpp", .function = "park", .what = act::fence, .into = weakening::gone});
}
TEST(parking, that_is_looked_for_without_seq_cst_misses_what_is_injected) {
  misses_work(from_outside, false,
              {.file = "idle.cpp",
               .function = "wake_for_injected",
               .what = act::load,
               .into = weakening::no_seq_cst});
}

}  // namespace
}  // namespace kin::model
