// SPDX-License-Identifier: Apache-2.0
// A value in a process of its own. otp-semantics 9.6.
#include <kin/agent.hpp>
#include <kin/supervisor.hpp>
#include <kin/sys.hpp>

#include "support/expect.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;

using numbers = kin::agent<std::vector<int>>;
inline constexpr kin::name<kin::agent<int>> hits{"agent_test.hits"};
int same(int n) { return n; }

KIN_TEST(agent, is_looked_at_and_changed_in_its_own_process) {
  const auto a = kin::start_link<kin::agent<int>>(40);
  kin::update(a, [](int& n) { n += 1; });
  kin::update(a, [](int n) { return n + 1; });
  EXPECT_EQ(kin::get(a, same), 42);
  EXPECT_EQ(kin::get_and_update(a, [](int& n) { return std::exchange(n, 7); }), 42);
  kin::cast(a, [](int& n) { n *= 2; });
  kin::cast(a, [](int n) { return n + 1; });
  EXPECT_EQ(kin::get(a, same), 15);
  EXPECT_EQ(kin::get(a, [](int) { return kin::self(); }), a.pid);
  kin::get(a, [](int) {});
}

KIN_TEST(agent, begins_with_what_a_function_gives_in_its_process) {
  const auto a = kin::start_link<kin::agent<kin::pid>>([] { return kin::self(); });
  EXPECT_EQ(kin::get(a, [](kin::pid p) { return p; }), a.pid);
  const auto fails = []() -> int { throw std::out_of_range("no first value"); };
  const auto none = kin::try_start_link<kin::agent<int>>(fails);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().get_if<std::out_of_range>(), nullptr) << none.error();
}

KIN_TEST(agent, holds_what_can_only_be_moved) {
  const auto a =
      kin::start_link<kin::agent<std::unique_ptr<int>>>([] { return std::make_unique<int>(3); });
  EXPECT_EQ(kin::get(a, [](const std::unique_ptr<int>& p) { return *p; }), 3);
  EXPECT_EQ(*kin::get_and_update(a, [](std::unique_ptr<int>& p) { return std::move(p); }), 3);
}

KIN_TEST(agent, dies_of_a_function_that_throws) {
  const auto a = kin::start<kin::agent<int>>(1);
  const auto fails = [](int& n) -> int { throw std::out_of_range("at " + std::to_string(n)); };
  const auto why = kin::try_get_and_update(a, fails).error();
  EXPECT_NE(why.get_if<std::out_of_range>(), nullptr) << why;
  EXPECT_EQ(kin::try_get(a, same).error(), kin::noproc);
  EXPECT_EQ(kin::try_update(a, [](int& n) { ++n; }).error(), kin::noproc);
  EXPECT_THROW(kin::get(a, same), kin::call_failed);
}

KIN_SIM_TEST(agent, that_takes_long_is_waited_for_as_long_as_is_said) {
  const auto a = kin::start_link<kin::agent<int>>(1);
  const auto slow = [](int& n) { kin::sleep(10s), ++n; };
  EXPECT_EQ(kin::try_update(a, slow).error(), kin::timed_out);
  kin::update(a, slow, 1min);
  EXPECT_EQ(kin::get(a, same), 3);
}

KIN_TEST(agent, is_a_server_with_a_name_under_supervisors_and_sys) {
  kin::start_link(kin::supervisor{{}, kin::child<kin::agent<int>>({.name = hits}, 5)});
  kin::update(hits, [](int& n) { ++n; });
  EXPECT_EQ(kin::sys::get_status(hits).state, "6");
  kin::stop(hits);
  test::settle();
  EXPECT_EQ(kin::get(hits, same), 5);  // started again, from its first value
}

KIN_TEST(agent, of_a_collection_gives_parts_of_it) {
  const auto a = kin::start_link<numbers>(std::vector{1, 2, 3});
  kin::update(a, [](std::vector<int>& all) { all.push_back(4); });
  EXPECT_EQ(kin::get(a, [](const std::vector<int>& all) { return all.size(); }), 4U);
  EXPECT_EQ(kin::get(a, &std::vector<int>::size), 4U);
}

}  // namespace
