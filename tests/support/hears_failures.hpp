// SPDX-License-Identifier: Apache-2.0
// While it lives it is the framework that the kit tells of failures: for tests of what
// fails.
#pragma once

#include <kin/test/framework.hpp>

#include "support/expect.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace kin::test {

class hears_failures final : public framework {
 public:
  hears_failures() : before_(&use_framework(*this)) {}
  hears_failures(const hears_failures&) = delete;
  hears_failures& operator=(const hears_failures&) = delete;
  ~hears_failures() override { use_framework(*before_); }

  void fail(place where, const std::string& text) override {
    const std::lock_guard hold(lock_);
    texts_.push_back(text);
    lines_.push_back(where.line);
  }
  bool has_failed() override {
    const std::lock_guard hold(lock_);
    return !texts_.empty();
  }
  void enter(place /*where*/, const std::string& circumstances) override {
    entered_.push_back(circumstances);
  }
  void leave() override {}
  [[nodiscard]] std::string only_this_test() const override { return "--only=this"; }

  /// What it was told, oldest first.
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
  /// And where.
  [[nodiscard]] const std::vector<int>& lines() const { return lines_; }
  /// The worlds that were entered.
  [[nodiscard]] const std::vector<std::string>& entered() const { return entered_; }

 private:
  framework* before_;
  std::mutex lock_;
  std::vector<std::string> texts_;
  std::vector<int> lines_;
  std::vector<std::string> entered_;
};

}  // namespace kin::test
