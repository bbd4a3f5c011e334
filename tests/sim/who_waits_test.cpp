// SPDX-License-Identifier: Apache-2.0
// The report on a world in which all wait: where each waits, in lines of this file.
#include <kin/kin.hpp>
#include <kin/sim.hpp>

#include "support/expect.hpp"

#include <string>
#include <utility>
#include <vector>

namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using namespace kin::literals;

struct parcel {};

unsigned waits_at = 0;

[[gnu::noinline]] int wait_for_parcel() {
  waits_at = __LINE__ + 1;
  return kin::receive([](parcel) { return 1; }) + 1;
}

std::string at_line() { return "who_waits_test.cpp:" + std::to_string(waits_at); }

std::string story_of(void (*main)()) {
  const auto end = kin::sim::run({}, [main] { main(); });
  EXPECT_EQ(end.ending, kin::sim::ending::all_wait);
  return end.story;
}

TEST(who_waits, says_where_in_what_and_since_when) {
  const std::string story = story_of([] {
    kin::sleep(2s);
    wait_for_parcel();
  });
  EXPECT_THAT(story, ContainsRegex("waits for .*parcel"));
  EXPECT_THAT(story, ContainsRegex("      waits at .*" + at_line() +
                                   " in kin::receive, since 2\\.0000[0-9]* s\n"));
}

TEST(who_waits, counts_since_when_from_the_wait_that_lasts_not_from_a_signal_that_was_served) {
  const std::string story = story_of([] {
    const kin::pid main = kin::self();
    kin::spawn([main] {
      kin::sleep(5s);
      static_cast<void>(kin::is_alive(main));
    });
    kin::sleep(2s);
    wait_for_parcel();
  });
  EXPECT_THAT(story, ContainsRegex(at_line() + " in kin::receive, since 2\\.0000[0-9]* s\n"));
}

struct ask_other {};
class stubborn : public kin::gen_server {
 public:
  void handle_cast(kin::server<stubborn> other) { other_ = other; }
  // Who is put aside could be answered by anybody, so that a circle of such calls is no error.
  kin::replies<int> handle_call(ask_other /*request*/, kin::from<int> who) {
    aside_.push_back(std::move(who));
    waits_at = __LINE__ + 1;
    return kin::call(other_, ask_other{}, kin::infinity) + 1;
  }

 private:
  std::vector<kin::from<int>> aside_;
  kin::server<stubborn> other_;
};

TEST(who_waits, says_where_servers_of_a_circle_call_each_other) {
  const std::string story = story_of([] {
    const auto a = kin::start_link<stubborn>();
    const auto b = kin::start_link<stubborn>();
    kin::cast(a, b);
    kin::cast(b, a);
    kin::call(a, ask_other{}, kin::infinity);
  });
  EXPECT_THAT(story, ContainsRegex("stubborn\\) waits for the reply of <0\\.3\\.0>.*\n"
                                   "      waits at .*" +
                                   at_line() + " in kin::call, since"));
  EXPECT_THAT(story, HasSubstr("a circle: <0.2.0> waits for <0.3.0> waits for <0.2.0>\n"));
}

TEST(who_waits, says_of_a_handler_only_that_it_handles_what_comes) {
  const std::string story = story_of([] {
    kin::spawn([] { return kin::loop([](parcel) {}); });
    wait_for_parcel();
  });
  EXPECT_THAT(story, ContainsRegex("<0\\.2\\.0> .* handles what comes\n"));
  EXPECT_THAT(story, testing::Not(HasSubstr("handles what comes\n      waits at")));
}

}  // namespace
