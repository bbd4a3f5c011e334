// SPDX-License-Identifier: Apache-2.0
// How a worker without work gets some from one that runs: it asks, and who has more than it runs
// next gives half.
//
// Stealing interrupts the victim's core and locks its queue for some 5 µs, which is more than most
// of what could be stolen takes to run. A running worker passes here often, each turn and each time
// it queues something, so it can as well give by itself: a load if nobody asks, a copy of addresses
// if somebody does. Stealing is left for those that do not pass, stuck in a callback.
//   I1  One asks at a time (the searcher of idle.hpp). Who takes the asker out of `asker_` owns
//       `items_` until it has stored `answer_`; before and after that they are the asker's.
#pragma once

#include "base/atomic.hpp"
#include "base/cpu.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace kin::detail {

class worker;
struct control_block;

class handout {
 public:
  /// The searcher. Release: pairs with `give`; what `take` read of the last answer is read.
  void ask(worker& asker) { asker_.store(&asker, std::memory_order_release); }
  /// The asker. Whether somebody has answered; `take` must follow. Acquire: pairs with the end of
  /// `give`.
  [[nodiscard]] bool answered() const {
    return answer_.load(std::memory_order_acquire) != none_yet;
  }
  /// The asker asks no more. True: too late, somebody gives; `take` must follow.
  bool withdraw(worker& asker);
  /// The first one of what was given, the others go to the asker's queue; null if it was nothing.
  control_block* take(worker& asker);
  /// A worker that runs.
  void offer(worker& giver) {
    if (asker_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
      give(giver);
  }

 private:
  static constexpr std::size_t most = 1024;
  static constexpr std::uint32_t none_yet = ~std::uint32_t{0};
  void give(worker& giver);

  alignas(cache_line) atomic<worker*> asker_{nullptr};
  alignas(cache_line) atomic<std::uint32_t> answer_{none_yet};  // how many
  std::array<plain<control_block*>, most> items_{};
};

}  // namespace kin::detail
