// SPDX-License-Identifier: Apache-2.0
// Supervisors whose children crash as fast as they can: below the intensity all are started again and
// again; at it the supervisor gives up, after exactly so many.
#include <kin/supervisor.hpp>

#include "stress/size.hpp"
#include "support/expect.hpp"

#include <string>
#include <tuple>

namespace {

using namespace kin::stress;

class storm : public testing::TestWithParam<std::tuple<kin::strategy, unsigned>> {
 protected:
  static kin::strategy how() { return std::get<0>(GetParam()); }
  static kin::machine_options world() {
    return {.workers = std::get<1>(GetParam()),
            .reports = [](const kin::report& /*one of many*/) {}};
  }
};
INSTANTIATE_TEST_SUITE_P(strategy_and_workers, storm,
                         testing::Combine(testing::Values(kin::one_for_one, kin::one_for_all,
                                                          kin::rest_for_one),
                                          testing::Values(0U, 16U)),
                         [](const auto& one) {
                           return kin::to_string(std::get<0>(one.param)) + "_on_" +
                                  std::to_string(std::get<1>(one.param));
                         });

struct tally {
  std::atomic<int> crashes_left{0};
  std::atomic<int> crashed{0};
  std::atomic<int> living{0};
  std::atomic<int> starts{0};
};

// Crashes at once, as long as there are crashes left.
kin::child_spec crasher(const std::string& id, tally& t) {
  return {.id = id, .start = [&t]() -> kin::result<kin::pid> {
            ++t.starts;
            return kin::spawn_link([&t, guard = counted(t.living)] {
              if (t.crashes_left.fetch_sub(1) > 0) {
                ++t.crashed;
                kin::exit("crash");
              }
              kin::test::idle();
            });
          }};
}
kin::child_spec sibling(const std::string& id, tally& t) {
  return {.id = id, .start = [&t]() -> kin::result<kin::pid> {
            ++t.starts;
            return kin::spawn_link([guard = counted(t.living)] { kin::test::idle(); });
          }};
}

TEST_P(storm, below_the_intensity_leaves_every_child_running) {
  const int crashes = many(200'000, 4000);
  tally t;
  t.crashes_left = crashes;
  kin::test::run(world(), [&] {
    auto tree = kin::start_link(kin::supervisor{
        {.strategy = how(), .intensity = static_cast<unsigned>(crashes) + 1, .period = 1h},
        sibling("first", t),
        crasher("a", t),
        crasher("b", t),
        sibling("middle", t),
        crasher("c", t),
        sibling("last", t)});
    while (t.crashed < crashes) kin::sleep(1ms);
    // Each call is answered between two restarts: the last has happened when all six run.
    while (kin::count_children(tree).active != 6 || t.living != 6) kin::sleep(1ms);
    EXPECT_EQ(kin::count_children(tree),
              (kin::child_counts{.specs = 6, .active = 6, .workers = 6}));
    if (how() == kin::one_for_one) {
      EXPECT_EQ(t.starts, 6 + crashes);
    } else {
      EXPECT_GT(t.starts, 6);  // one restart may be for several that have crashed
    }
  });
  EXPECT_EQ(t.living, 0);
}

TEST_P(storm, up_to_the_intensity_ends_the_supervisor_after_exactly_so_many_restarts) {
  constexpr unsigned intensity = 5;
  for (int i = 0; i < many(5000, 100); ++i) {
    tally t;
    t.crashes_left = 1'000'000;
    kin::test::run(world(), [&] {
      kin::trap_exits();
      tally others;
      auto tree =
          kin::start_link(kin::supervisor{{.strategy = how(), .intensity = intensity, .period = 1h},
                                          sibling("first", others),
                                          crasher("a", t),
                                          sibling("last", others)});
      const auto end = kin::test::expect<kin::exited>();
      EXPECT_EQ(end.from, tree.pid);
      EXPECT_EQ(end.reason, kin::shutdown);
      EXPECT_EQ(t.starts, 1 + static_cast<int>(intensity));
      EXPECT_EQ(t.living, 0);
      EXPECT_EQ(others.living, 0);
      const int again = how() == kin::one_for_one    ? 0
                        : how() == kin::rest_for_one ? static_cast<int>(intensity)
                                                     : 2 * static_cast<int>(intensity);
      EXPECT_EQ(others.starts, 2 + again);
    });
  }
}

struct crash_template {
  tally* t;
  void operator()(int /*number*/) const {
    const counted guard(t->living);
    if (t->crashes_left.fetch_sub(1) > 0) {
      ++t->crashed;
      kin::exit("crash");
    }
    kin::test::idle();
  }
};

class many_alike : public on_workers {};
KIN_STRESS_ON_WORKERS(many_alike);

TEST_P(many_alike, children_that_crash_are_all_there_again) {
  const int children = many(2000, 100);
  const int crashes = many(100'000, 4000);
  tally t;
  t.crashes_left = crashes;
  kin::test::run(world(), [&] {
    auto tree = kin::start_link(kin::supervisor{{.strategy = kin::simple_one_for_one,
                                                 .intensity = static_cast<unsigned>(crashes) + 1,
                                                 .period = 1h},
                                                kin::child_template(crash_template{&t})});
    for (int i = 0; i < children; ++i) kin::start_child(tree, i);
    while (t.crashed < crashes) kin::sleep(1ms);
    while (t.living != children) kin::sleep(1ms);
    EXPECT_EQ(kin::count_children(tree).active, static_cast<std::size_t>(children));
  });
  EXPECT_EQ(t.living, 0);
}

}  // namespace
