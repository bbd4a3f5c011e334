// SPDX-License-Identifier: Apache-2.0
// What a worker has done last, for whoever looks at a machine that hangs or has died. Always on.
//
// A ring of numbers, written by the worker alone: a few instructions an event, no clock. Time is
// noted when the worker looks at the clock anyway, some 50,000 times a second. What is implied is
// not noted: that a process waits is seen from the next one that runs, and so is who was woken to
// run next.
//   I1  An entry's type is null or that of a type of the program, at any time: a reader in another
//       thread may take the halves of an entry from two events, and gets a wrong line, no fault.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <typeinfo>

namespace kin::detail {

/// The words of the events; `who` is the number of a process where nothing else is said.
enum class deed : std::uint32_t {
  none,
  starts,   // type: what it runs
  handles,  // type: of the message
  goes_on,  // where it waited
  ends,
  wakes,     // who: by whoever runs, if others run before it
  blocks,    // goes to the threads of kin::blocking
  timer,     // who: for whom it fired
  steals,    // who: how many processes
  is_given,  // because it has asked
  sleeps,    // the worker: nothing to do
  gets_up,
  clock  // who: microseconds, low half
};

class flight_recorder {
 public:
  static constexpr std::uint32_t capacity = 512;

  struct event {
    deed what;
    std::uint32_t who;
    const std::type_info* type;  // of starts and handles
  };

  /// The worker.
  void note(deed what, std::uint32_t who) noexcept { set(next(), what, who); }
  /// The worker.
  void note(deed what, std::uint32_t who, const std::type_info& type) noexcept {
    entry& e = next();
    set(e, what, who);
    e.type.store(&type, std::memory_order_relaxed);
  }

  /// Calls `see(event)` for each event, oldest first. Any thread, a signal handler too; those that
  /// are written meanwhile may be mixed up (I1).
  template <class F>
  void for_each(F see) const {
    const std::uint32_t end = next_.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < capacity; ++i) {
      const entry& e = ring_[(end + i) % capacity];
      const deed what = e.what.load(std::memory_order_relaxed);
      if (what == deed::none) continue;
      const bool typed = what == deed::starts || what == deed::handles;
      see(event{what, e.who.load(std::memory_order_relaxed),
                typed ? e.type.load(std::memory_order_relaxed) : nullptr});
    }
  }

 private:
  friend struct debug_layout;
  // Relaxed everywhere: one writer, and readers that take what they get.
  struct entry {
    std::atomic<deed> what{deed::none};
    std::atomic<std::uint32_t> who{0};
    std::atomic<const std::type_info*> type{nullptr};
  };
  entry& next() noexcept {
    const std::uint32_t at = next_.load(std::memory_order_relaxed);
    next_.store(at + 1, std::memory_order_relaxed);
    return ring_[at % capacity];
  }
  static void set(entry& e, deed what, std::uint32_t who) noexcept {
    e.what.store(what, std::memory_order_relaxed);
    e.who.store(who, std::memory_order_relaxed);
  }

  std::atomic<std::uint32_t> next_{0};
  std::array<entry, capacity> ring_;
};

}  // namespace kin::detail
