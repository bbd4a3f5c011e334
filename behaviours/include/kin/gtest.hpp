// SPDX-License-Identifier: Apache-2.0
// The test kit for GoogleTest, whose headers this one needs: a test's body is a process.
//
//   KIN_TEST(counter, counts) {                      on threads, and simulated under many seeds
//     auto c = kin::start_link<counter>(40);
//     EXPECT_EQ(kin::call(c, increment{2}), 42);
//   }
//   KIN_SIM_TEST(tree, survives, {.seeds = 500}) {   simulated only
//     ...
//   }
//
// EXPECT_ and ASSERT_ count in every process. What fails in a simulated world says under which seed;
// with KIN_SEED=17, say, in the environment the test is played under that one alone. It is played again
// with fewer and fewer choices, too, for at most KIN_SHRINK seconds (5; 0: not at all).
#pragma once

#include <kin/export.hpp>
#include <kin/test.hpp>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace KIN_PUBLIC kin {
namespace test {

/// GoogleTest, as the kit sees it.
class google_test final : public framework {
 public:
  /// Counts against the test that runs.
  void fail(place where, const std::string& text) override {
    ADD_FAILURE_AT(where.file, where.line) << text;
  }
  /// The test that runs has, by an EXPECT_ of anybody's.
  bool has_failed() override {
    if (!trial_) return testing::Test::HasFailure();
    for (int i = 0; i < trial_->heard.size(); ++i) {
      if (trial_->heard.GetTestPartResult(i).failed()) return true;
    }
    return false;
  }
  /// GoogleTest's own results are heard by the trial, then.
  bool begin_trial() override {
    trial_.reset();
    trial_.emplace();
    return true;
  }
  /// By GoogleTest again.
  void end_trial() override { trial_.reset(); }
  /// A SCOPED_TRACE on this thread.
  void enter(place where, const std::string& circumstances) override {
    trace_.emplace(where.file, where.line, circumstances);
  }
  /// The end of that.
  void leave() override { trace_.reset(); }
  /// A --gtest_filter.
  [[nodiscard]] std::string only_this_test() const override {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    if (test == nullptr) return {};
    return std::string("--gtest_filter=") + test->test_suite_name() + '.' + test->name();
  }

  /// The one that the kit tells of failures in each program that includes this header.
  static google_test& the() {
    static google_test one;
    return one;
  }

 private:
  struct trial {
    testing::TestPartResultArray heard;
    testing::ScopedFakeTestPartResultReporter instead;
    trial()
        : instead(testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD,
                  &heard) {}
  };
  std::optional<testing::ScopedTrace> trace_;
  std::optional<trial> trial_;
};

}  // namespace test

namespace detail {
inline const bool google_test_hears =
    (static_cast<void>(test::use_framework(test::google_test::the())), true);
}  // namespace detail
}  // namespace kin

/// What the three below are made of.
#define KIN_DETAIL_TEST(player, suite, name, ...)                                         \
  static void kin_body_of_##suite##_##name();                                             \
  TEST(suite, name) { player(&kin_body_of_##suite##_##name __VA_OPT__(, ) __VA_ARGS__); } \
  static void kin_body_of_##suite##_##name()

/// A test whose body is the first process of a machine: on threads, and simulated under many seeds.
/// A kin::test::plan may follow: `{.workers = {1, 4}, .seeds = 200}`.
#define KIN_TEST(suite, name, ...) KIN_DETAIL_TEST(::kin::test::play, suite, name, __VA_ARGS__)
/// As KIN_TEST, simulated only: for what is about time, or needs many orders.
#define KIN_SIM_TEST(suite, name, ...) \
  KIN_DETAIL_TEST(::kin::test::play_simulated, suite, name, __VA_ARGS__)
/// As KIN_TEST, on threads only: for what is about threads, blocking calls, or other real things.
#define KIN_THREAD_TEST(suite, name, ...) \
  KIN_DETAIL_TEST(::kin::test::play_on_threads, suite, name, __VA_ARGS__)
