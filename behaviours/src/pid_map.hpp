// SPDX-License-Identifier: Apache-2.0
// A hash table with a pid as key: open addressing, so that a child that comes and goes allocates
// nothing.
//   I1  A slot without a pid is free; at most two thirds are taken.
//   I2  From the slot its hash names, linearly, to where a pid is, no slot is free. Removal moves
//       back what would break this: no tombstones, so a table through which millions went is as
//       fast as a new one.
#pragma once

#include <kin/pid.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kin::detail {

template <class Value>
class pid_map {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Null if it is not there. Any change of the map ends what this points to.
  [[nodiscard]] Value* find(pid key) {
    if (size_ == 0 || !key) return nullptr;
    for (std::size_t at = home(key);; at = after(at)) {
      if (slots_[at].key == key) return &slots_[at].value;
      if (!slots_[at].key) return nullptr;
    }
  }
  /// The value of a key that was not there.
  Value& insert(pid key, Value value) {
    if ((size_ + 1) * 3 > slots_.size() * 2) rehash(slots_.empty() ? smallest : slots_.size() * 2);
    ++size_;
    return place(key, std::move(value));
  }
  /// False if it was not there.
  bool erase(pid key) {
    if (size_ == 0 || !key) return false;
    for (std::size_t at = home(key);; at = after(at)) {
      if (!slots_[at].key) return false;
      if (slots_[at].key != key) continue;
      remove(at);
      return true;
    }
  }
  /// `f(pid, Value&)` for each, in no order.
  template <class F>
  void for_each(F f) {
    for (slot& s : slots_) {
      if (s.key) f(s.key, s.value);
    }
  }
  void clear() {
    slots_.clear();
    size_ = 0;
  }

 private:
  struct slot {
    pid key;
    Value value{};
  };
  static constexpr std::size_t smallest = 8;

  [[nodiscard]] std::size_t home(pid key) const {
    // Fibonacci hashing: pids are made in sequence, and neighbours must not end up side by side.
    const std::uint64_t mixed = pid_access::id(key) * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(mixed >> 32U) & (slots_.size() - 1);
  }
  [[nodiscard]] std::size_t after(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }

  Value& place(pid key, Value value) {
    std::size_t at = home(key);
    while (slots_[at].key) at = after(at);
    slots_[at].key = key;
    slots_[at].value = std::move(value);
    return slots_[at].value;
  }
  void remove(std::size_t hole) {
    for (std::size_t at = after(hole); slots_[at].key; at = after(at)) {
      const std::size_t wanted = home(slots_[at].key);
      const bool may_stay =
          hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
      if (may_stay) continue;
      std::swap(slots_[hole], slots_[at]);
      hole = at;
    }
    slots_[hole] = {};
    --size_;
    if (slots_.size() > 1024 && size_ * 8 < slots_.size()) rehash(slots_.size() / 4);
  }
  void rehash(std::size_t count) {
    std::vector<slot> old = std::exchange(slots_, std::vector<slot>(count));
    for (slot& s : old) {
      if (s.key) place(s.key, std::move(s.value));
    }
  }

  std::vector<slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace kin::detail
