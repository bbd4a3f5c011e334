// SPDX-License-Identifier: Apache-2.0
// The tables of otp-semantics 4.4 (who is restarted) and 4.7 (what end is reported).
#include "restart_policy.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace kin::detail {
namespace {

using namespace std::chrono_literals;

struct disk_full {};
const exit_reason bad(disk_full{});

TEST(restart_policy, restarts_the_permanent_whatever_happened) {
  EXPECT_EQ(rule_for(permanent, true), (exit_rule{fate::starts_again, true}));
  EXPECT_EQ(rule_for(permanent, false), (exit_rule{fate::starts_again, true}));
}

TEST(restart_policy, restarts_the_transient_after_a_disorderly_end) {
  EXPECT_EQ(rule_for(transient, true), (exit_rule{fate::is_kept, false}));
  EXPECT_EQ(rule_for(transient, false), (exit_rule{fate::starts_again, true}));
}

TEST(restart_policy, forgets_the_temporary) {
  EXPECT_EQ(rule_for(temporary, true), (exit_rule{fate::is_forgotten, false}));
  EXPECT_EQ(rule_for(temporary, false), (exit_rule{fate::is_forgotten, true}));
}

TEST(restart_policy, expects_shutdown_of_who_was_asked) {
  for (const restart type : {permanent, transient, temporary}) {
    EXPECT_TRUE(ended_as_told(type, 5s, shutdown));
    EXPECT_FALSE(ended_as_told(type, 5s, killed));
    EXPECT_FALSE(ended_as_told(type, 5s, noproc));
    EXPECT_FALSE(ended_as_told(type, 5s, bad));
  }
}

TEST(restart_policy, expects_killed_of_who_was_not_asked) {
  for (const restart type : {permanent, transient, temporary}) {
    EXPECT_TRUE(ended_as_told(type, brutal_kill, killed));
    EXPECT_FALSE(ended_as_told(type, brutal_kill, bad));
  }
  EXPECT_FALSE(ended_as_told(permanent, brutal_kill, shutdown));
  EXPECT_TRUE(ended_as_told(transient, brutal_kill, shutdown));
}

TEST(restart_policy, minds_a_permanent_child_that_came_to_its_end_while_it_was_asked) {
  EXPECT_FALSE(ended_as_told(permanent, 5s, normal));
  EXPECT_FALSE(ended_as_told(permanent, 5s, shutdown(1)));
  EXPECT_TRUE(ended_as_told(transient, 5s, normal));
  EXPECT_TRUE(ended_as_told(temporary, 5s, shutdown(1)));
}

}  // namespace
}  // namespace kin::detail
