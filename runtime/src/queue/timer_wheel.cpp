// SPDX-License-Identifier: Apache-2.0
#include "queue/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace kin::detail {

void timer_wheel::add(wheel_item& item) {
  constexpr std::uint64_t reach = std::uint64_t{1} << (level_bits * levels);
  std::uint64_t due = (static_cast<std::uint64_t>(item.deadline.load(std::memory_order_relaxed)) +
                       (std::uint64_t{1} << tick_bits) - 1) >>
                      tick_bits;
  constexpr std::uint64_t last =
      static_cast<std::uint64_t>(never) >> tick_bits;               // never is due then
  due = std::clamp(std::min(due, last), tick_, tick_ + reach - 1);  // a later one comes round again
  const std::uint64_t differs = due ^ tick_;
  const unsigned level =
      differs == 0 ? 0 : static_cast<unsigned>(std::bit_width(differs) - 1) / level_bits;
  const unsigned in_level = std::min(level, levels - 1);
  const auto slot = (due >> (level_bits * in_level)) & (slots - 1);
  item.level = static_cast<std::uint8_t>(in_level);
  item.slot = static_cast<std::uint8_t>(slot);
  item.linked = true;
  slots_[in_level][slot].push(item);
  occupied_[in_level] |= std::uint64_t{1} << slot;
  ++size_;
}

void timer_wheel::remove(wheel_item& item) {
  slot_list& list = slots_[item.level][item.slot];
  list.remove(item);
  if (list.empty()) occupied_[item.level] &= ~(std::uint64_t{1} << item.slot);
  item.linked = false;
  --size_;
}

bool timer_wheel::advance(std::uint64_t until) {
  if (tick_ >= until) return false;
  const std::uint64_t next = next_tick();
  if (next > until) {
    tick_ = until;  // nothing lies between, so no slot is entered that has to be dealt out
    return false;
  }
  tick_ = next;
  for (unsigned level = 1;
       level < levels && (tick_ & ((std::uint64_t{1} << (level_bits * level)) - 1)) == 0; ++level) {
    deal_out(level);
  }
  return true;
}

std::uint64_t timer_wheel::next_tick() const {
  const std::uint64_t position = tick_ & (slots - 1);
  const std::uint64_t ahead = position + 1 == slots ? 0 : occupied_[0] >> (position + 1);
  if (ahead != 0) return tick_ + 1 + static_cast<std::uint64_t>(std::countr_zero(ahead));
  std::uint64_t next = no_tick;
  for (unsigned level = 1; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const std::uint64_t here = (tick_ >> (level_bits * level)) + 1;
    const auto from_here = std::rotr(occupied_[level], static_cast<int>(here & (slots - 1)));
    next = std::min(next, (here + static_cast<std::uint64_t>(std::countr_zero(from_here)))
                              << (level_bits * level));
  }
  return next;
}

void timer_wheel::deal_out(unsigned level) {
  slot_list& list = slots_[level][(tick_ >> (level_bits * level)) & (slots - 1)];
  while (wheel_item* item = list.first()) {
    remove(*item);
    add(*item);
  }
}

nanotime timer_wheel::next_look() const {
  if (size_ == 0) return never;
  const std::uint64_t next = first_due() != nullptr ? tick_ : next_tick();
  constexpr std::uint64_t last = static_cast<std::uint64_t>(never) >> tick_bits;
  return next >= last ? never : static_cast<nanotime>(next << tick_bits);
}

}  // namespace kin::detail
