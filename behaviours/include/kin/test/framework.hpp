// SPDX-License-Identifier: Apache-2.0
// What the test kit asks of a test framework. kin/gtest.hpp is GoogleTest's answer; without one,
// failures go to standard error.
#pragma once

#include <kin/export.hpp>

#include <string>

namespace KIN_PUBLIC kin {
namespace test {

/// Where in a test something was asked for.
struct place {
  const char* file = "";  ///< its path, as the compiler knows it
  int line = 0;           ///< from 1 on; 0: nowhere
  /// Where it is called; as a default argument, where that function is.
  static constexpr place here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

/// A test framework. All but `fail` and `has_failed` are called by who plays a test, on that thread.
class framework {
 public:
  framework() = default;
  framework(const framework&) = delete;
  framework& operator=(const framework&) = delete;
  virtual ~framework() = default;

  /// The test that runs now has failed, and goes on.   Thread  any, several at once.
  virtual void fail(place where, const std::string& text) = 0;
  /// Whether it has, for whatever reason.   Thread  any.
  virtual bool has_failed() = 0;
  /// From now on whatever fails on this thread has failed under these circumstances.
  virtual void enter(place where, const std::string& circumstances) = 0;
  /// They have ended.
  virtual void leave() = 0;
  /// From now on what fails on this thread is told to nobody; `has_failed` says whether something has
  /// since. Once more: since then. False: it cannot do that, and failures are not shrunk.
  virtual bool begin_trial() { return false; }
  /// That is over, as if nothing had failed.
  virtual void end_trial() {}
  /// What has this test alone run, as people type it behind the program's name; empty: unknown.
  [[nodiscard]] virtual std::string only_this_test() const = 0;
};

/// The framework that hears of failures.
[[nodiscard]] framework& current_framework();
/// From now on that one; it outlives all tests. Returns the one before.   Thread  while no test
/// runs.
framework& use_framework(framework& other);

}  // namespace test
}  // namespace kin
