// SPDX-License-Identifier: Apache-2.0
// A test's body as a process: on a machine of its own, whose reports it can read, and which must be
// empty when it stops. EXPECT_ and ASSERT_ count in every process.
#pragma once

#include <kin/blocking.hpp>
#include <kin/link.hpp>
#include <kin/machine.hpp>
#include <kin/process.hpp>
#include <kin/receive.hpp>
#include <kin/registry.hpp>
#include <kin/report.hpp>
#include <kin/send.hpp>
#include <kin/timer.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KIN_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KIN_TEST_SANITIZED 1
#endif
#endif
#ifndef KIN_TEST_SANITIZED
#define KIN_TEST_SANITIZED 0
#endif

namespace kin::test {

using namespace std::chrono_literals;

inline constexpr bool sanitized = KIN_TEST_SANITIZED != 0;

/// How often to play what depends on order: fewer times where each takes longer.
constexpr int times(int count) { return sanitized ? (count + 3) / 4 : count; }

/// What a machine under test had to say.
struct told {
  kin::severity severity = kin::severity::info;
  std::string title = {};
  std::string text = {};
};

class report_book {
 public:
  static report_book& the() {
    static report_book one;
    return one;
  }
  void add(const kin::report& r) {
    const std::lock_guard hold(lock_);
    all_.push_back({r.severity, std::string(r.title), r.text});
  }
  std::vector<told> copy() {
    const std::lock_guard hold(lock_);
    return all_;
  }
  void clear() {
    const std::lock_guard hold(lock_);
    all_.clear();
  }

 private:
  std::mutex lock_;
  std::vector<told> all_;
};

/// All reports since the last `run` began.
inline std::vector<told> reports() { return report_book::the().copy(); }

/// Where reports go that are expected and shall not be seen.
inline kin::report_sink quiet() {
  return [](const kin::report& r) { report_book::the().add(r); };
}

/// Runs `body` as the first process of a fresh machine; gives its exit reason. Fails when a process
/// cannot be ended within the machine's limit.
template <class F>
kin::exit_reason reason_of(kin::machine_options options, F body) {
  report_book::the().clear();
  if (!options.reports) options.reports = quiet();
  kin::machine machine(std::move(options));
  kin::exit_reason why = machine.run(std::move(body));
  const auto left = machine.stop();
  for (const kin::straggler& s : left) ADD_FAILURE() << s.pid << " was left, and " << s.doing;
  if (left.empty()) {
    EXPECT_EQ(machine.process_count(), 0U);
  }
  return why;
}

/// As above, and `body` must come to its end.
template <class F>
void run(kin::machine_options options, F body) {
  const kin::exit_reason why = reason_of(std::move(options), std::move(body));
  EXPECT_EQ(why, kin::normal) << "the body itself has crashed";
}
template <class F>
void run(F body) {
  run({.workers = 2}, std::move(body));
}

}  // namespace kin::test

// Tests of kin's inside are written within kin::detail; all others say test::run.
namespace test = kin::test;
