// SPDX-License-Identifier: Apache-2.0
// Requests that nobody stands and waits for, beyond OTP's cases of them (tests/conformance).
#include <kin/keyed_registry.hpp>
#include <kin/send_request.hpp>
#include <kin/supervisor.hpp>

#include "behaviours/counter.hpp"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace kin::literals;
using namespace kin::test;
using testing::ElementsAre;
using testing::IsEmpty;

KIN_TEST(send_request, of_a_type_that_can_only_be_moved_comes_back, {.leaves_processes = true}) {
  const auto asked = kin::send_request(fresh(), kin::test::box{std::make_unique<int>(4)});
  EXPECT_EQ(*kin::receive_response(asked), 5);
}

KIN_TEST(send_request, without_a_value_says_that_it_was_done, {.leaves_processes = true}) {
  const auto c = fresh();
  const auto once = kin::send_request(c, nothing_to_say{});
  EXPECT_TRUE(kin::try_receive_response(once));
  const auto twice = kin::send_request(c, nothing_to_say{});
  EXPECT_TRUE(kin::wait_response(twice));
}

KIN_TEST(send_request, that_is_forgotten_is_answered_by_a_message, {.leaves_processes = true}) {
  const auto c = fresh();
  kin::send_request(c, add{2});
  auto got = test::expect<kin::response>();
  EXPECT_TRUE(got.is_reply());
  EXPECT_THAT(kin::to_string(got), testing::EndsWith(": 2"));
}

KIN_TEST(send_request, tells_who_was_asked, {.leaves_processes = true}) {
  const auto c = fresh();
  const auto asked = kin::send_request(c, get{});
  EXPECT_EQ(asked.server(), c.pid);
  EXPECT_EQ(kin::send_request(visits, get{}).server(), std::nullopt);
  const auto copy = asked;
  EXPECT_EQ(copy, asked);
  EXPECT_FALSE(asked == kin::send_request(c, get{}));
  for (int i = 0; i < 3; ++i) test::expect<kin::response>();
}

KIN_TEST(send_request, does_not_mix_with_a_call_that_waits, {.leaves_processes = true}) {
  const auto c = fresh();
  const auto asked = kin::send_request(c, add{1});
  EXPECT_EQ(kin::call(c, add{1}), 2);
  EXPECT_EQ(kin::receive_response(asked), 1);
}

// A server that asks another one does not wait.
class broker : public kin::gen_server {
 public:
  explicit broker(kin::server<counter> behind) : behind_(behind) {}
  kin::replies<int> handle_call(get /*request*/, kin::from<int> caller) {
    asked_.push_back({kin::send_request(behind_, add{1}), std::move(caller)});
    return kin::noreply;
  }
  std::size_t handle_call(who /*request*/) const { return asked_.size(); }
  auto handle_info() {
    return kin::clauses{[this](kin::response r) {
      for (auto it = asked_.begin(); it != asked_.end(); ++it) {
        if (auto count = kin::check_response(r, it->first)) {
          count->has_value() ? it->second.answer(**count) : it->second.fail(count->error());
          asked_.erase(it);
          return;
        }
      }
    }};
  }

 private:
  kin::server<counter> behind_;
  std::vector<std::pair<kin::request_id<int>, kin::from<int>>> asked_;
};

KIN_TEST(response, is_taken_by_a_server_among_its_messages, {.leaves_processes = true}) {
  const auto c = fresh();
  const auto b = kin::start<broker>(c);
  EXPECT_EQ(kin::call(b, get{}), 1);
  EXPECT_EQ(kin::call(b, get{}), 2);
  EXPECT_EQ(kin::call(b, who{}), 0U);
  kin::stop(c);
  test::expect<ended>();
  EXPECT_EQ(kin::try_call(b, get{}).error(), kin::noproc);
}

KIN_TEST(response, of_a_server_that_dies_of_the_request_is_why, {.leaves_processes = true}) {
  const auto c = fresh();
  const auto asked = kin::send_request(c, fail{});
  EXPECT_NE(kin::try_receive_response(asked).error().get_if<std::out_of_range>(), nullptr);
  test::expect<ended>();
  EXPECT_THROW(kin::receive_response(kin::send_request(c, get{})), kin::call_failed);
}

KIN_TEST(response, that_was_waited_for_in_vain_is_waited_for_again, {.leaves_processes = true}) {
  const auto c = fresh();
  const auto asked = kin::send_request(c, later{});
  EXPECT_EQ(kin::wait_response(asked, 1ms), std::nullopt);
  EXPECT_EQ(kin::wait_response(asked, kin::clock::now()), std::nullopt);
  kin::cast(c, release{});
  EXPECT_EQ(kin::wait_response(asked), 1);
}

KIN_TEST(response, that_was_received_in_vain_is_thrown_away_when_it_comes,
         {.leaves_processes = true}) {
  const auto c = fresh();
  const auto asked = kin::send_request(c, later{});
  EXPECT_EQ(kin::try_receive_response(asked, 1ms).error(), kin::timed_out);
  kin::cast(c, release{});
  kin::call(c, get{});
  EXPECT_THAT(test::drained(), IsEmpty());
}

KIN_TEST(response, is_not_waited_for_a_negative_time, {.leaves_processes = true}) {
  const auto asked = kin::send_request(fresh(), get{});
  try {
    kin::wait_response(asked, -1ms);
    ADD_FAILURE() << "it waited";
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::timeout_value);
  }
  EXPECT_EQ(kin::receive_response(asked), 0);
}

TEST(send_request, outside_a_process_is_an_error) {
  test::run([] {
    const auto c = fresh();
    std::thread outside([&] {
      try {
        kin::send_request(c, get{});
        ADD_FAILURE() << "it was sent";
      } catch (const kin::error& e) {
        EXPECT_EQ(e.reason(), kin::badarg);
        EXPECT_THAT(e.what(), testing::HasSubstr("kin::send_request was called outside a process"));
      }
    });
    kin::blocking([&] { outside.join(); });
  });
}

KIN_TEST(send_request, waits_for_room_in_a_mailbox_that_makes_senders_wait,
         {.leaves_processes = true}) {
  const auto c = kin::start<counter>({.mailbox = {.limit = 1, .when_full = kin::when_full::block}},
                                     kin::self());
  const auto first = kin::send_request(c, add{1});
  const auto second = kin::send_request(c, add{1});
  EXPECT_EQ(kin::receive_response(first) + kin::receive_response(second), 3);
}

KIN_TEST(send_request, to_a_full_mailbox_is_answered_by_its_policy, {.leaves_processes = true}) {
  const auto c = kin::start<counter>(
      {.mailbox = {.limit = 1, .when_full = kin::when_full::drop_newest}}, kin::self());
  kin::suspend(c);
  kin::cast(c, add{1});
  EXPECT_EQ(kin::try_receive_response(kin::send_request(c, get{})).error(), kin::dropped);
  kin::resume(c);
}

KIN_TEST(multi_call, tells_who_has_answered_and_who_has_not, {.leaves_processes = true}) {
  const auto a = fresh();
  const auto gone = fresh();
  const auto b = fresh();
  kin::stop(gone);
  test::expect<ended>();
  kin::cast(b, add{5});
  const auto all = kin::multi_call(std::vector{a, gone, b}, get{}, 5s);
  EXPECT_THAT(all.replies, ElementsAre(std::pair(a, 0), std::pair(b, 5)));
  EXPECT_THAT(all.bad, ElementsAre(gone));
}

KIN_TEST(request_ids, may_be_labelled_by_anything_and_answered_in_any_order,
         {.leaves_processes = true}) {
  const auto slow = fresh();
  const auto quick = fresh();
  kin::request_ids<int, std::string> open;
  EXPECT_TRUE(open.empty());
  kin::send_request(slow, later{}, "slow"s, open);
  kin::send_request(quick, add{7}, "quick"s, open);
  EXPECT_EQ(open.size(), 2U);
  EXPECT_EQ(open.to_list()[0].second, "slow");

  const auto first = kin::receive_response(open);
  EXPECT_EQ(first.label, "quick");
  EXPECT_EQ(*first.response, 7);
  kin::cast(slow, release{});
  EXPECT_EQ(kin::wait_response(open).label, "slow");
  EXPECT_EQ(kin::try_wait_response(open).error(), kin::no_request);
  EXPECT_THROW(kin::receive_response(open), kin::call_failed);
}

}  // namespace
