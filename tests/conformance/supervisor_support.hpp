// SPDX-License-Identifier: Apache-2.0
// What the cases of OTP's supervisor suites need beside test::member.
#pragma once

#include <kin/sys.hpp>

#include "support/expect.hpp"
#include "support/member.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kin::test {

struct oops {
  friend bool operator==(const oops&, const oops&) = default;
};

/// A supervisor that is given all its children by start_child.
inline kin::server<kin::supervisor> started(kin::supervisor_options options = {}) {
  return kin::start_link(kin::supervisor{std::move(options)});
}
inline kin::child_spec ignoring(std::string id, kin::restart when = kin::permanent) {
  return custom(
      std::move(id), [] { return kin::exit_reason(kin::ignored); }, when);
}
/// Lets a member end; when this returns, its supervisor has done what it does about it.
template <class Why>
void end_and_settle(kin::server<member> who, Why why) {
  end_with(who, std::move(why));
  settle();
}
/// As member, under simple_one_for_one.
inline kin::supervisor members(kin::child_options<member> options = {},
                               kin::supervisor_options how = {}) {
  return kin::supervisor_of<member(std::string)>{
      std::move(how), kin::child_template<member(std::string)>(std::move(options), kin::self())};
}
/// The kind of mistake that a refusal names.
template <class T>
kin::bad_spec::fault fault_in(const kin::result<T>& refused) {
  EXPECT_FALSE(refused.has_value());
  const auto* fault = refused.has_value() ? nullptr : refused.error().template get_if<bad_spec>();
  EXPECT_NE(fault, nullptr);
  return fault == nullptr ? kin::bad_spec::fault{} : fault->what;
}

/// Starts of its child fail while its switch is off.
class flaky {
 public:
  kin::child_spec child(std::string id, kin::restart when = kin::permanent) {
    return custom(
        id, [id, start = start()] { return start(id); }, when);
  }
  /// The same under simple_one_for_one.
  kin::supervisor tree(kin::supervisor_options how = {}) {
    how.strategy = kin::simple_one_for_one;
    return {std::move(how), kin::child_template([start = start()](const std::string& id) {
              const auto begun = start(id);
              return begun ? kin::result<kin::started_child>(kin::started_child{*begun, {}})
                           : kin::result<kin::started_child>(begun.error());
            })};
  }
  void works(bool on) { *on_ = on; }
  [[nodiscard]] int tries() const { return *tries_; }
  /// Waits until it has been tried so often.
  void await_tries(int count) const {
    while (tries() < count) kin::yield();
  }

 private:
  [[nodiscard]] std::function<kin::result<kin::pid>(const std::string&)> start() const {
    return [me = kin::self(), on = on_, tries = tries_](const std::string& id) {
      ++*tries;
      if (!*on) return kin::result<kin::pid>(kin::exit_reason(oops{}));
      const auto begun = kin::try_start_link<member>(me, id);
      return begun ? kin::result<kin::pid>(begun->pid) : kin::result<kin::pid>(begun.error());
    };
  }

  std::shared_ptr<std::atomic<bool>> on_ = std::make_shared<std::atomic<bool>>(true);
  std::shared_ptr<std::atomic<int>> tries_ = std::make_shared<std::atomic<int>>(0);
};

/// As good as endless.
inline constexpr unsigned very_often = 1'000'000;

}  // namespace kin::test
