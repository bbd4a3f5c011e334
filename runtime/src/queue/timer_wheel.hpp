// SPDX-License-Identifier: Apache-2.0
// A hierarchical timer wheel: O(1) to add and to remove, millions outstanding. Of one worker; not
// thread-safe.
//
// A tick is 65.5 µs (2^16 ns). Level 0 holds the next 64 ticks, one slot each; level n holds slots
// of 64^n ticks. When the lowest level has gone round, the next slot of the level above is dealt
// out below. 8 levels reach 500 years.
//   I1  An entry lies in the slot of the lowest level in which its deadline's tick differs from
//       now's only there.
//   I2  Nothing is due before its deadline: a deadline is rounded up to the next tick.
#pragma once

#include "base/atomic.hpp"
#include "base/clock.hpp"
#include "base/list.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace kin::detail {

struct wheel_item {
  list_hook<wheel_item> hook;
  atomic<nanotime> deadline{never};  // read by whoever asks how much is left
  std::uint8_t level = 0;
  std::uint8_t slot = 0;
  bool linked = false;
};

class timer_wheel {
 public:
  static constexpr unsigned tick_bits = 16;
  static constexpr unsigned level_bits = 6;
  static constexpr unsigned levels = 8;

  explicit timer_wheel(nanotime start) : tick_(static_cast<std::uint64_t>(start) >> tick_bits) {}

  void add(wheel_item& item);
  void remove(wheel_item& item);
  /// Takes out and gives to `due` all whose deadline has passed; at most `most`. Returns how many.
  template <class F>
  std::size_t expire(nanotime time, std::size_t most, F due) {
    std::size_t count = 0;
    const std::uint64_t until = static_cast<std::uint64_t>(time) >> tick_bits;
    for (;;) {
      while (count < most) {
        wheel_item* item = first_due();
        if (item == nullptr) break;
        remove(*item);
        due(*item);
        ++count;
      }
      if (count == most || !advance(until)) return count;
    }
  }
  /// When to look again: not later than the next deadline, perhaps earlier. `never` when empty.
  [[nodiscard]] nanotime next_look() const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using slot_list = list<wheel_item, &wheel_item::hook>;
  static constexpr std::size_t slots = std::size_t{1} << level_bits;

  [[nodiscard]] wheel_item* first_due() const { return slots_[0][tick_ & (slots - 1)].first(); }
  /// To the next tick that may have something due, at most `until`. False: there already.
  bool advance(std::uint64_t until);
  void deal_out(unsigned level);
  /// The first tick after this one at which something is due or must be dealt out.
  [[nodiscard]] std::uint64_t next_tick() const;
  static constexpr std::uint64_t no_tick = ~std::uint64_t{0};

  std::uint64_t tick_;  // all before it is done; its own slot is due
  std::size_t size_ = 0;
  std::array<std::uint64_t, levels> occupied_{};
  std::array<std::array<slot_list, slots>, levels> slots_{};
};

}  // namespace kin::detail
