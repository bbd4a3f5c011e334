// SPDX-License-Identifier: Apache-2.0
#include <kin/test/framework.hpp>

#include <atomic>
#include <iostream>
#include <sstream>
#include <utility>

namespace kin::test {
namespace {

class no_framework final : public framework {
 public:
  void fail(place where, const std::string& text) override {
    std::ostringstream line;
    line << where.file << ':' << where.line << ": " << text << '\n';
    if (is_trial_) {
      trial_failed_ = true;
      return;
    }
    std::cerr << std::move(line).str() << std::flush;
    failed_ = true;
  }
  bool has_failed() override { return is_trial_ ? trial_failed_ : failed_; }
  bool begin_trial() override {
    is_trial_ = true;
    trial_failed_ = false;
    return true;
  }
  void end_trial() override { is_trial_ = false; }
  void enter(place /*where*/, const std::string& /*circumstances*/) override {}
  void leave() override {}
  [[nodiscard]] std::string only_this_test() const override { return {}; }

 private:
  std::atomic<bool> failed_{false};
  std::atomic<bool> is_trial_{false};
  std::atomic<bool> trial_failed_{false};
};

framework*& the_framework() {
  static no_framework none;
  static framework* one = &none;
  return one;
}

}  // namespace

framework& current_framework() { return *the_framework(); }

framework& use_framework(framework& other) { return *std::exchange(the_framework(), &other); }

}  // namespace kin::test
