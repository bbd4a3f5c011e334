// SPDX-License-Identifier: Apache-2.0
// Threads that run no process do all they may do to a machine, while it stops and after: each call
// ends, with one of the results that are defined for it.
#include <kin/gen_server.hpp>
#include <kin/info.hpp>

#include "stress/size.hpp"
#include "support/expect.hpp"

#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kin::stress;

struct echo_me {
  int value = 0;
};
struct noted {};
class echo : public kin::gen_server {
 public:
  explicit echo(std::atomic<int>& living) : guard_(living) {}
  int handle_call(echo_me e) { return e.value + 1; }
  void handle_cast(noted /*n*/) { ++notes_; }

 private:
  counted guard_;
  int notes_ = 0;
};

// What can be heard of a server that has ended, ends, or was killed.
bool is_defined(const kin::exit_reason& why) {
  return why == kin::noproc || why == kin::shutdown || why == kin::killed || why == kin::normal;
}

class nuisance {
 public:
  nuisance(kin::machine& m, const std::vector<kin::server<echo>>& servers, std::atomic<int>& living,
           std::uint64_t seed)
      : machine_(m), servers_(servers), living_(living), dice_(seed) {}

  void run(const std::atomic<bool>& enough) {
    const kin::machine::enter inside(machine_);
    while (!enough) one_thing(servers_[below(servers_.size(), dice_)]);
    for (const auto& gone : servers_) {
      kin::send(gone.pid, 1);
      kin::cast(gone, noted{});
      EXPECT_EQ(kin::try_call(gone, echo_me{1}).error(), kin::noproc);
      EXPECT_FALSE(kin::is_alive(gone.pid));
      EXPECT_FALSE(kin::info(gone.pid).has_value());
    }
    EXPECT_THROW(kin::spawn([] {}), kin::error);
  }

 private:
  void one_thing(kin::server<echo> to) {
    switch (below(10, dice_)) {
      case 0:
        kin::send(to.pid, 1);
        break;
      case 1:
        kin::cast(to, noted{});
        break;
      case 2:
      case 3:
        call(to);
        break;
      case 4:
        static_cast<void>(kin::is_alive(to.pid));
        break;
      case 5:
        static_cast<void>(kin::info(to.pid, {.limit = 5s}));
        break;
      case 6:
        if (below(200, dice_) == 0) kin::exit(to.pid, kin::kill);
        break;
      case 7:
        static_cast<void>(kin::send_after(std::chrono::milliseconds(below(3, dice_)), to.pid, 1));
        break;
      default:
        spawn();
        break;
    }
  }
  void call(kin::server<echo> to) {
    const auto answer = kin::try_call(to, echo_me{41}, 20s);
    if (answer) {
      EXPECT_EQ(*answer, 42);
    } else {
      EXPECT_TRUE(is_defined(answer.error())) << answer.error();
    }
  }
  void spawn() {
    try {
      kin::spawn([guard = counted(living_)] {});
    } catch (const kin::error& e) {
      EXPECT_EQ(e.reason(), kin::noproc);
    }
  }

  kin::machine& machine_;
  const std::vector<kin::server<echo>>& servers_;
  std::atomic<int>& living_;
  dice dice_;
};

class threads_stress : public on_workers {};
KIN_STRESS_ON_WORKERS(threads_stress);

TEST_P(threads_stress, may_do_anything_while_a_machine_stops) {
  dice d = fresh_dice();
  for (int i = 0; i < many(2000, 60); ++i) {
    std::atomic<int> living{0};
    {
      kin::machine machine(world());
      machine.start();
      std::vector<kin::server<echo>> servers;
      {
        const kin::machine::enter inside(machine);
        for (int j = 0; j < 8; ++j) servers.push_back(kin::start<echo>(std::ref(living)));
      }
      std::atomic<bool> enough{false};
      std::vector<std::thread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back(
            [&, seed = d()] { nuisance(machine, servers, living, seed).run(enough); });
      }
      const auto before_the_stop = std::chrono::microseconds(below(3000, d));
      std::this_thread::sleep_for(before_the_stop);
      EXPECT_TRUE(machine.stop().empty());
      enough = true;
      for (std::thread& t : threads) t.join();
      EXPECT_EQ(machine.process_count(), 0U);
    }
    EXPECT_EQ(living, 0);
  }
}

}  // namespace
