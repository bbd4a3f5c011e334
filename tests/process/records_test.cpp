// SPDX-License-Identifier: Apache-2.0
// The records that two processes share, and who frees them.
#include "base/pool.hpp"
#include "process/control_block.hpp"
#include "process/death.hpp"
#include "process/link_pair.hpp"
#include "process/links.hpp"
#include "process/monitor_record.hpp"
#include "process/name_table.hpp"
#include "process/state.hpp"
#include "process/two_holders.hpp"
#include "support/expect.hpp"

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace kin::detail {
namespace {

pid made_up(std::uint64_t hint, std::uint64_t id) { return pid_access::make(hint, id); }

TEST(two_holders, frees_with_the_second_and_not_before) {
  two_holders held;
  EXPECT_FALSE(held.let_go());
  EXPECT_TRUE(held.let_go());
}

TEST(two_holders, frees_once_when_both_let_go_at_once) {
  for (int i = 0; i < test::times(2000); ++i) {
    two_holders held;
    std::atomic<int> freed{0};
    std::thread other([&] { freed += held.let_go() ? 1 : 0; });
    freed += held.let_go() ? 1 : 0;
    other.join();
    ASSERT_EQ(freed, 1);
  }
}

TEST(link_pair, knows_both_ends_and_its_halves_each_other) {
  const pid a = made_up(0x1000, 1);
  const pid b = made_up(0x2000, 2);
  link_pair* pair = make_link(a, b);
  EXPECT_EQ(pair->of_maker.peer(), b);
  EXPECT_EQ(pair->of_other.peer(), a);
  EXPECT_EQ(pid_access::hint(pair->of_maker.peer()), pid_access::hint(b));
  EXPECT_EQ(&pair->other(pair->of_maker), &pair->of_other);
  EXPECT_EQ(&link_pair::of(pair->of_maker), pair);
  EXPECT_EQ(&link_pair::of(pair->of_other), pair);
  EXPECT_FALSE(pair->of_maker.active());
  EXPECT_FALSE(pair->of_other.too_late());
  let_go(*pair);
  let_go(*pair);
}

TEST(link_pair, keeps_its_flags_apart) {
  link_pair* pair = make_link(made_up(0x1000, 1), made_up(0x2000, 2));
  pair->of_other.set_active(true);
  pair->of_other.set_too_late();
  EXPECT_TRUE(pair->of_other.active());
  EXPECT_FALSE(pair->of_maker.active());
  pair->of_other.set_active(false);
  EXPECT_TRUE(pair->of_other.too_late());
  EXPECT_EQ(&link_pair::of(pair->of_other), pair);
  let_go(*pair);
  let_go(*pair);
}

// A process that nobody runs, for what its end does.
struct made_block : control_block {
  explicit made_block(std::uint32_t id) {
    number = id;
    state::revive(word);
  }
};

// Each finds the other's inbox closed, so each lets go of both holds that are its affair.
TEST(link_pair, between_two_that_are_both_dead_before_they_tell_is_freed) {
  made_block a(1);
  made_block b(2);
  name_table names;
  link_at_birth(a, b);
  const link_pair* pair = &link_pair::of(*a.links.first());
  EXPECT_FALSE(go_on_dying(a, names, 0));
  EXPECT_FALSE(go_on_dying(b, names, 0));
  EXPECT_TRUE(go_on_dying(a, names, 10));
  EXPECT_TRUE(go_on_dying(b, names, 10));

  link_pair* next = make_link(a.name(), b.name());
  EXPECT_EQ(next, pair) << "what was freed last is the first to be used";
  let_go(*next);
  let_go(*next);
}

// ---- no leak ------------------------------------------------------------------------------------

// Records lie in pools that no sanitizer looks into: what leaks there makes the process grow.
std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

using test::word;

struct tied {
  const char* what;
  void (*round)();
  friend std::ostream& operator<<(std::ostream& out, const tied& t) { return out << t.what; }
};
kin::pid idler() {
  return spawn([] { test::idle(); });
}
void end(kin::pid p) {
  const ref r = monitor(p);
  exit(p, kill);
  test::expect_down(r);
}
// NOLINTNEXTLINE(readability-function-size): a table
std::vector<tied> ties() {
  return {
      {"link_and_end",
       [] {
         trap_exits();
         const pid p = idler();
         link(p);
         exit(p, kill);
         test::expect<exited>();
       }},
      {"link_and_unlink",
       [] {
         static thread_local pid p;  // one worker: one thread
         if (!p) p = idler();
         for (int i = 0; i < 10; ++i) {
           link(p);
           unlink(p);
         }
         static_cast<void>(is_alive(p));
       }},
      {"unlink_of_the_dying",
       [] {
         const pid p = spawn_link([] {});
         unlink(p);
         test::await_exit(p);
       }},
      {"links_that_cross",
       [] {
         const pid me = self();
         const pid p = spawn([me] {
           link(me);
           test::idle();
         });
         link(p);
         static_cast<void>(is_alive(p));
         unlink(p);
         end(p);
       }},
      {"link_to_the_dead",
       [] {
         trap_exits();
         const pid p = spawn([] {});
         test::await_exit(p);
         link(p);
         test::expect<exited>();
       }},
      {"monitor_and_end", [] { end(idler()); }},
      {"monitor_and_demonitor",
       [] {
         const pid p = idler();
         for (int i = 0; i < 10; ++i) demonitor(monitor(p));
         end(p);
       }},
      {"demonitor_of_the_dying",
       [] {
         const auto p = spawn_monitor([] {});
         demonitor(p.ref, {.flush = true});
         test::await_exit(p.pid);
       }},
      {"watchers_that_die_first",
       [] {
         const pid p = idler();
         test::await_exit(spawn([p] {
           for (int i = 0; i < 20; ++i) static_cast<void>(monitor(p));
           link(p);
           unlink(p);
         }));
         end(p);
       }},
      {"names_that_are_given",
       [] {
         const pid p = idler();
         register_name(name<>("records_test"), p);
         unregister_name(name<>("records_test"));
         register_name(name<>("records_test"), p);
         end(p);
       }},
      {"timers",
       [] {
         for (int i = 0; i < 10; ++i) cancel_timer(send_after(std::chrono::hours(1), self(), i));
         sleep(std::chrono::microseconds(1));
       }},
      {"messages_to_the_dead",
       [] {
         const pid p = idler();
         for (int i = 0; i < 10; ++i) send(p, i);
         end(p);
         for (int i = 0; i < 10; ++i) send(p, i);
       }},
      {"exceptions",
       [] {
         const auto p = spawn_monitor([] { exit(std::string(200, 'x')); });
         test::expect_down(p.ref);
       }},
  };
}

class records : public testing::TestWithParam<tied> {};
INSTANTIATE_TEST_SUITE_P(ties, records, testing::ValuesIn(ties()),
                         [](const auto& i) { return std::string(i.param.what); });

TEST_P(records, are_all_given_back) {
  if (test::sanitized) GTEST_SKIP() << "sanitizers keep memory of their own";
  machine alone({.workers = 1, .reports = [](const report& /*r*/) {}});  // a test would keep them
  alone.run([] {
    const auto rounds = [](int count) {
      for (int i = 0; i < count; ++i) GetParam().round();
      return resident_bytes();
    };
    const std::size_t before = rounds(5'000);
    const std::size_t after = rounds(50'000);
    EXPECT_LT(after, before + 50'000 * 16) << "a record has at least 32 bytes";
  });
}

// Each starts the next and ends: what is kept of those before must not grow with them.
void generation(int left, pid up) {
  if (left == 0) {
    send(up, word{"done"});
  } else {
    spawn([=] { generation(left - 1, up); });
  }
}
TEST(lineage, of_a_hundred_thousand_generations_is_forgotten) {
  if (test::sanitized) GTEST_SKIP() << "sanitizers keep memory of their own";
  test::run({.workers = 1}, [] {
    const pid me = self();
    const auto generations = [me](int count) {
      spawn([=] { generation(count, me); });
      test::expect<word>();
    };
    struct watcher {
      static std::size_t peak() {
        std::size_t kib = 0;
        std::ifstream status("/proc/self/status");
        for (std::string key; status >> key;) {
          if (key == "VmHWM:") status >> kib;
        }
        return kib << 10U;
      }
    };
    generations(1000);
    const std::size_t before = watcher::peak();
    generations(200'000);
    EXPECT_LT(watcher::peak(), before + (4U << 20U));
  });
}

}  // namespace
}  // namespace kin::detail
