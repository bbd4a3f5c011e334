// SPDX-License-Identifier: Apache-2.0
// One outstanding timer. A type-stable node of its own, never inside a control block: it may be
// late, replaced, and outlive its process; only the process decides what a tick means.
//
// Whoever cancels changes `state`; the entry itself goes back to the worker whose wheel it is in.
//   I1  armed -> cancelled | fired, once, by a CAS; who wins decides what becomes of the payload.
//   I2  The number in `state` is that of the timer's reference, so a reference to a reused entry
//   finds nothing.
#pragma once

#include <kin/pid.hpp>

#include "base/atomic.hpp"
#include "base/pool.hpp"
#include "process/signal.hpp"
#include "queue/timer_wheel.hpp"

#include <cstdint>
#include <string_view>

namespace kin::detail {

class worker;
struct control_block;

struct timer_entry : wheel_item {
  enum state_of : std::uint64_t { armed = 1, cancelled = 2, fired = 3 };
  atomic<std::uint32_t> late_by{0};  // µs; how much later than due `deadline` is
  atomic<std::uint64_t> state{0};    // number << 2 | state_of
  worker* owner = nullptr;
  timer_entry* next_returned = nullptr;
  signal* payload = nullptr;  // what to send; null: a tick for the process `to` itself
  pid to;
  std::string_view to_name;  // instead of `to`
  record_signal tick{};

  [[nodiscard]] bool is_armed(std::uint64_t number) const noexcept {
    return state.load(std::memory_order_acquire) == (number << 2U | armed);
  }
  /// Read by whoever asks how much is left.
  [[nodiscard]] nanotime due() const noexcept {
    const nanotime late = nanotime{late_by.load(std::memory_order_acquire)} * 1000;
    return deadline.load(std::memory_order_acquire) - late;
  }
  /// I1. True for the one who made it so. Acquire: pairs with the arming, whose payload is now the
  /// winner's.
  bool settle(std::uint64_t number, state_of end) noexcept {
    std::uint64_t expected = number << 2U | armed;
    return state.compare_exchange_strong(expected, number << 2U | end, std::memory_order_acq_rel,
                                         std::memory_order_acquire);
  }
};
static_assert(sizeof(timer_entry) <= class_bytes[timer_class]);

/// Remembers it, so that it ends with its process.
void note_own_timer(control_block& p, std::uint64_t number, timer_entry& entry);

}  // namespace kin::detail
