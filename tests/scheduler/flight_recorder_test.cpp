// SPDX-License-Identifier: Apache-2.0
#include "scheduler/flight_recorder.hpp"

#include "base/plain_text.hpp"
#include "scheduler/events_text.hpp"
#include "scheduler/machine_core.hpp"
#include "support/expect.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kin::detail {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::vector<std::uint32_t> who_in(const flight_recorder& recorder) {
  std::vector<std::uint32_t> all;
  recorder.for_each([&](const flight_recorder::event& e) { all.push_back(e.who); });
  return all;
}

TEST(flight_recorder, tells_what_was_noted_oldest_first) {
  const auto recorder = std::make_unique<flight_recorder>();
  recorder->note(deed::starts, 1, typeid(int));
  recorder->note(deed::ends, 2);
  std::vector<flight_recorder::event> all;
  recorder->for_each([&](const flight_recorder::event& e) { all.push_back(e); });
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].what, deed::starts);
  EXPECT_EQ(*all[0].type, typeid(int));
  EXPECT_EQ(all[1].what, deed::ends);
  EXPECT_EQ(all[1].who, 2U);
  EXPECT_EQ(all[1].type, nullptr);
}

TEST(flight_recorder, keeps_the_last_ones) {
  const auto recorder = std::make_unique<flight_recorder>();
  constexpr std::uint32_t more = 7;
  for (std::uint32_t i = 0; i < flight_recorder::capacity + more; ++i)
    recorder->note(deed::ends, i);
  const auto all = who_in(*recorder);
  ASSERT_EQ(all.size(), std::size_t{flight_recorder::capacity});
  EXPECT_EQ(all.front(), more);
  EXPECT_EQ(all.back(), flight_recorder::capacity + more - 1);
}

// Types of events without one are those of an earlier round: a reader must not see them.
TEST(flight_recorder, has_no_type_of_an_earlier_round) {
  const auto recorder = std::make_unique<flight_recorder>();
  for (std::uint32_t i = 0; i < flight_recorder::capacity; ++i)
    recorder->note(deed::handles, i, typeid(int));
  recorder->note(deed::ends, 1);
  std::vector<const std::type_info*> types;
  recorder->for_each([&](const flight_recorder::event& e) { types.push_back(e.type); });
  EXPECT_EQ(types.back(), nullptr);
  EXPECT_NE(types.front(), nullptr);
}

TEST(flight_recorder, can_be_read_while_it_is_written) {
  const auto recorder = std::make_unique<flight_recorder>();
  std::atomic<bool> enough{false};
  std::thread writer([&] {
    for (std::uint32_t i = 0; !enough.load(); ++i) {
      i % 2 == 0 ? recorder->note(deed::handles, i, typeid(int)) : recorder->note(deed::ends, i);
    }
  });
  for (int i = 0; i < test::times(1000); ++i) {
    recorder->for_each([](const flight_recorder::event& e) {
      EXPECT_TRUE(e.type == nullptr || *e.type == typeid(int));
    });
  }
  enough = true;
  writer.join();
}

std::string events_of(machine_core& machine) {
  std::string text;
  {
    plain_text out(text);
    write_events(out, machine);
  }
  return text;
}

TEST(events, of_a_machine_tell_who_started_handled_waited_and_ended) {
  machine m({.workers = 1, .reports = test::quiet()});
  m.run([] {
    const pid handler = spawn([] { return loop([](test::number) {}); });
    send(handler, test::number{1});
    test::end_told_by(spawn([] { test::idle(); }), test::word{"end"});
    sleep(std::chrono::milliseconds(1));
  });
  m.stop();
  const std::string text = events_of(m.core());
  EXPECT_THAT(text, ContainsRegex("<0\\.1\\.0> starts as .*lambda"));
  EXPECT_THAT(text, HasSubstr("<0.2.0> handles kin::test::number\n"));
  EXPECT_THAT(text, HasSubstr("<0.1.0> goes on where it waited\n"));
  EXPECT_THAT(text, HasSubstr("<0.3.0> ends\n"));
  EXPECT_THAT(text, HasSubstr("a timer fires for <0.1.0>"));
  EXPECT_THAT(text, HasSubstr("sleeps: nothing to do"));
  EXPECT_THAT(text, ContainsRegex("-- [0-9]+\\.[0-9]+ s ago"));
  EXPECT_THAT(text, Not(HasSubstr("_ZTI")));
}

TEST(events, of_a_machine_tell_who_was_woken_behind_others) {
  machine m({.workers = 1, .reports = test::quiet()});
  m.run([] {
    spawn([] {});
    spawn([] {});  // takes the place of the first, which comes later then
    test::await_exit(spawn([] {}));
  });
  m.stop();
  EXPECT_THAT(events_of(m.core()), HasSubstr("    and wakes <0.3.0>\n"));
}

}  // namespace
}  // namespace kin::detail
