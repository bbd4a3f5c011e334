// SPDX-License-Identifier: Apache-2.0
// kin::no_wait: code in which its process must not wait. api 17.
#include <kin/info.hpp>
#include <kin/no_wait.hpp>

#include "support/expect.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::literals;
using test::number;
using test::word;
using testing::HasSubstr;

class no_wait_on : public testing::TestWithParam<unsigned> {
 protected:
  static kin::machine_options world() { return {.workers = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(workers, no_wait_on, testing::Values(1U, 2U, 4U));

// What kin says of `wait`; empty: nothing.
std::string refusal(const std::function<void()>& wait) {
  try {
    wait();
  } catch (const kin::error& e) {
    EXPECT_EQ(e.reason(), kin::badarg);
    return e.what();
  }
  return {};
}

TEST(no_wait, refuses_every_wait_and_names_its_place) {
  test::run([] {
    const kin::pid other = kin::spawn_link([] { test::idle(); });
    const std::string line = std::to_string(__LINE__ + 1);
    const kin::no_wait here;
    const std::string place = "no_wait_test.cpp:" + line;

    const std::vector<std::function<void()>> waits{
        [] { kin::receive([](word) {}); },
        [] { kin::receive([](word) {}, kin::after(0s, [] {})); },
        [] { kin::receive(kin::after(1h, [] {})); },
        [] { kin::sleep(1h); },
        [] { kin::sleep(0s); },
        [] { kin::yield(); },
        [] { kin::checkpoint(); },
        [] { kin::blocking([] { ADD_FAILURE() << "it ran"; }); },
        [other] { static_cast<void>(kin::is_alive(other)); },
        [other] { static_cast<void>(kin::info(other)); },
        [other] { kin::suspend(other); },
    };
    for (const auto& wait : waits) EXPECT_THAT(refusal(wait), HasSubstr(place));
    EXPECT_THROW(kin::resume(other), kin::error) << "it was suspended all the same";
    kin::send(other, word{"end"});
  });
}

TEST(no_wait, leaves_all_else_alone) {
  test::run([] {
    {
      const kin::no_wait here;
      const kin::pid me = kin::self();
      const auto child = kin::spawn_monitor([me] {
        kin::send(me, word{"begun"});
        test::expect<number>();
      });
      kin::link(child.pid);
      kin::unlink(child.pid);
      kin::send(child.pid, number{2});
      kin::cancel_timer(kin::send_after(1h, me, word{"late"}));
      EXPECT_TRUE(kin::info(me));
      EXPECT_TRUE(kin::is_alive(me));
      kin::send(me, number{1});
    }
    EXPECT_EQ(test::expect<number>(), number{1});
    EXPECT_EQ(test::expect<word>(), word{"begun"});
  });
}

TEST(no_wait, is_over_at_its_end_and_nested_at_the_last_one) {
  test::run([] {
    const auto place = [] { return refusal([] { kin::yield(); }); };
    {
      const kin::no_wait outer("outer.cpp", 1);
      {
        const kin::no_wait inner("inner.cpp", 2);
        EXPECT_THAT(place(), HasSubstr("inner.cpp:2"));
      }
      EXPECT_THAT(place(), HasSubstr("outer.cpp:1"));
    }
    EXPECT_EQ(place(), "");
  });
}

TEST(no_wait, may_end_in_any_order) {
  test::run([] {
    std::optional<kin::no_wait> first(std::in_place, "first.cpp", 1);
    std::optional<kin::no_wait> second(std::in_place, "second.cpp", 2);
    std::optional<kin::no_wait> third(std::in_place, "third.cpp", 3);
    const auto place = [] { return refusal([] { kin::yield(); }); };
    second.reset();
    EXPECT_THAT(place(), HasSubstr("third.cpp"));
    third.reset();
    EXPECT_THAT(place(), HasSubstr("first.cpp"));
    first.reset();
    EXPECT_EQ(place(), "");
  });
}

TEST(no_wait, is_left_by_the_error_it_makes) {
  test::run([] {
    EXPECT_NE(refusal([] {
                const kin::no_wait here;
                kin::yield();
              }),
              "");
    EXPECT_EQ(refusal([] { kin::yield(); }), "");
  });
}

TEST(no_wait, that_is_forgotten_is_the_exit_reason) {
  const kin::exit_reason why = test::reason_of({.workers = 1}, [] {
    const kin::no_wait here;
    test::expect<word>();
  });
  ASSERT_NE(why.get_if<kin::error>(), nullptr) << why;
  EXPECT_THAT(why.get_if<kin::error>()->what(), HasSubstr("kin::no_wait"));
}

TEST(no_wait, of_one_process_is_not_another_s) {
  test::run({.workers = 1}, [] {
    const kin::pid me = kin::self();
    kin::spawn([me] {
      const kin::no_wait here;
      kin::send(me, word{"within"});
    });
    test::expect<word>();
    kin::yield();
  });
}

TEST(no_wait, as_a_member_forbids_waits_to_all_callbacks) {
  test::run([] {
    const kin::pid me = kin::self();
    const auto server = kin::spawn_monitor([me] {
      struct held {
        kin::no_wait never{"server.cpp", 7};
      };
      auto state = std::make_shared<held>();
      return kin::loop(
          [me, state](number /*n*/) { kin::send(me, word{refusal([] { kin::yield(); })}); },
          [](const word& /*end*/) { return kin::stop(kin::normal); });
    });
    for (int i = 0; i < 3; ++i) {
      kin::send(server.pid, number{i});
      EXPECT_THAT(test::expect<word>().text, HasSubstr("server.cpp:7"));
    }
    kin::send(server.pid, word{"end"});
    EXPECT_EQ(test::expect_down(server.ref).reason, kin::normal);
  });
}

TEST(no_wait, gives_way_to_a_kill) {
  test::run([] {
    const auto p = kin::spawn_monitor([] {
      const kin::no_wait here;
      try {
        kin::exit(kin::self(), kin::kill);
      } catch (...) {  // NOLINT(bugprone-empty-catch): comes again at the next wait
      }
      EXPECT_EQ(refusal([] { kin::yield(); }), "") << "not the end, but an error";
    });
    EXPECT_EQ(test::expect_down(p.ref).reason, kin::killed);
  });
}

TEST(no_wait, makes_waits_in_destructors_fail_without_a_throw) {
  test::run([] {
    struct waits_at_its_end {
      bool& waited;
      ~waits_at_its_end() {
        waited = kin::receive(kin::after(1h, [] { return true; }));
      }
    };
    bool gave_up = false;
    try {
      const kin::no_wait here;
      const waits_at_its_end one{gave_up};
      throw 3;
    } catch (int thrown) {
      EXPECT_EQ(thrown, 3);
    }
    EXPECT_TRUE(gave_up);
  });
}

TEST(no_wait, makes_a_send_that_would_wait_for_room_fail) {
  test::run([] {
    const kin::pid full = kin::spawn(
                              [] {
                                test::idle();
                                kin::sleep(1h);
                              },
                              {.mailbox = {.limit = 1}})
                              .pid;
    kin::suspend(full);
    kin::send(full, number{1});
    const kin::no_wait here;
    try {
      kin::send(full, number{2});
      ADD_FAILURE() << "it was let in";
    } catch (const kin::error& e) {
      EXPECT_EQ(e.reason(), kin::mailbox_full);
    }
    kin::exit(full, kin::kill);
  });
}

TEST(no_wait, does_nothing_outside_a_process) {
  const kin::no_wait here;
  test::run([] { kin::yield(); });
  std::thread([] { const kin::no_wait there; }).join();
}

// The thread sanitizer sees a lock that is unlocked on another thread than it was locked on.
TEST_P(no_wait_on, keeps_locks_on_their_thread) {
  test::run(world(), [] {
    const kin::pid me = kin::self();
    const auto lock = std::make_shared<std::mutex>();
    const auto sum = std::make_shared<int>(0);
    constexpr int processes = 20;
    const int rounds = test::times(400);
    for (int who = 0; who < processes; ++who) {
      kin::spawn([=] {
        for (int i = 0; i < rounds; ++i) {
          {
            const kin::no_wait here;
            const std::lock_guard hold(*lock);
            ++*sum;
            if (i % 16 == 0) {
              EXPECT_NE(refusal([] { kin::yield(); }), "");
            }
          }
          kin::yield();
        }
        kin::send(me, word{"done"});
      });
    }
    for (int who = 0; who < processes; ++who) test::expect<word>();
    EXPECT_EQ(*sum, processes * rounds);
  });
}

}  // namespace
