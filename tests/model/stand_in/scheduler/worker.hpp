// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/scheduler/worker.hpp: of a worker, what others see and what idle.cpp and
// handout.cpp touch. `schedule` is worker::schedule of worker.cpp without drivers and levels.
#pragma once

#include "base/clock.hpp"
#include "queue/parker.hpp"
#include "queue/run_queue.hpp"

#include <cstdint>
#include <memory>

namespace kin::detail {

class machine_core;

/// What is scheduled.
struct control_block {
  model::plain<int> message{0};  // written before it is made runnable
  model::plain<int> runs{0};
  [[nodiscard]] level at() const { return level::normal; }
};

/// What is noted, and by nobody: the recorder is its worker's alone.
enum class deed : std::uint8_t { steals, is_given, sleeps, gets_up };
struct no_recorder {
  void note(deed /*what*/, std::uint32_t /*who*/) {}
};

class worker {
 public:
  worker(machine_core& m, unsigned i) : machine(m), index(i) {}
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  machine_core& machine;
  const unsigned index;
  run_queue<control_block> queue;
  const std::unique_ptr<poller> bed = std::make_unique<parker>();
  atomic<bool> parked{false};
  atomic<std::uint64_t> turns{0};
  atomic<std::uint64_t> stuck_at{~0ULL};
  atomic<nanotime> timers_due{never};
  atomic<bool> retired{false};
  atomic<bool> takes_long{false};
  std::uint64_t seen_turn = 0;
  nanotime seen_at = 0;
  nanotime last_steal = 0;
  nanotime steal_pause = 0;
  [[no_unique_address]] no_recorder recorder;

  void schedule(control_block& p);
  void work_begins(nanotime /*time*/) {}
  void fire_due(nanotime /*time*/, bool /*robbed*/) {}
};

}  // namespace kin::detail
