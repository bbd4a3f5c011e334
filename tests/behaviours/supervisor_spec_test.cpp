// SPDX-License-Identifier: Apache-2.0
// What cannot be a supervisor: otp-semantics 4.1 and 4.2.
#include "support/member.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using test::child;
using test::failing;

// ---- what cannot be -----------------------------------------------------------------------------

using fault = kin::bad_spec::fault;

struct wrong {
  fault what;
  std::function<kin::supervisor()> tree;
};
class a_wrong_spec : public testing::TestWithParam<wrong> {};

TEST_P(a_wrong_spec, is_refused_with_a_reason) {
  test::run([] {
    auto refused = kin::try_start_link(GetParam().tree());

    ASSERT_FALSE(refused);
    const auto* why = refused.error().get_if<kin::bad_spec>();
    ASSERT_NE(why, nullptr) << refused.error();
    EXPECT_EQ(why->what, GetParam().what) << why->text;
    test::expect_silence();
  });
}

kin::child_spec with(kin::child_spec base, const std::function<void(kin::child_spec&)>& change) {
  change(base);
  return base;
}
kin::child_spec significant(kin::restart when) {
  return with(child("s", when), [](auto& c) { c.significant = true; });
}
const auto any_template = [] { return kin::child_template([](test::word) {}); };

INSTANTIATE_TEST_SUITE_P(
    each, a_wrong_spec,
    testing::Values(
        wrong{fault::duplicate_child_name,
              [] {
                return kin::supervisor{{}, child("a"), child("b"), child("a")};
              }},
        wrong{fault::invalid_period,
              [] {
                return kin::supervisor{{.period = 0s}, child("a")};
              }},
        wrong{fault::missing_id,
              [] {
                return kin::supervisor{{}, failing("")};
              }},
        wrong{fault::missing_start,
              [] {
                return kin::supervisor{{}, kin::child_spec{.id = "a"}};
              }},
        wrong{fault::invalid_shutdown,
              [] {
                return kin::supervisor{{}, with(child("a"), [](auto& c) { c.shutdown = -1s; })};
              }},
        wrong{fault::bad_combination,
              [] {
                return kin::supervisor{{}, significant(kin::transient)};
              }},
        wrong{fault::bad_combination,
              [] {
                return kin::supervisor{{.auto_shutdown = kin::any_significant},
                                       significant(kin::permanent)};
              }},
        wrong{fault::bad_start_spec,
              [] { return kin::supervisor{{.strategy = kin::simple_one_for_one}}; }},
        wrong{fault::bad_start_spec,
              [] {
                return kin::supervisor{{.strategy = kin::simple_one_for_one}, child("a")};
              }},
        wrong{fault::bad_start_spec,
              [] {
                return kin::supervisor{
                    {.strategy = kin::simple_one_for_one}, any_template(), child("a")};
              }},
        wrong{fault::bad_start_spec, [] {
                return kin::supervisor{{}, any_template()};
              }}));

TEST(supervisor, says_in_words_what_is_wrong_with_a_spec) {
  test::run([] {
    auto refused = kin::try_start_link(kin::supervisor{{}, child("cache"), child("cache")});
    EXPECT_EQ(
        kin::to_string(refused.error()),
        "{start_spec, duplicate_child_name: child \"cache\": another one has this id; set .id "
        "to tell them apart}");
  });
}

}  // namespace
