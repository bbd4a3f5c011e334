// SPDX-License-Identifier: Apache-2.0
// What one thread has at hand of something pooled, and how it travels to others: in batches of 64.
//
// An array of addresses, not a chain through the items: what was freed on another core lies in that
// core's cache, and a chain would fetch it item by item, each miss waiting for the one before
// (some 100 ns each). The addresses of the next ones are known here, and fetched ahead.
#pragma once

#include "base/batch_size.hpp"
#include "base/cpu.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kin::detail {

template <class Item>
struct batch {
  std::uint32_t count = 0;
  std::array<Item*, batch_size> items{};

  void add(Item& item) { items[count++] = &item; }
};

/// Batches at rest. Not thread-safe.
template <class Item>
class batch_store {
 public:
  /// Makes room for one batch more than there will ever be, so that `put` finds room.
  void expect_another() {
    if (++made_ + slack > full_.capacity()) full_.reserve(2 * (made_ + slack));
  }
  void put(const batch<Item>& b) { full_.push_back(b); }
  [[nodiscard]] bool empty() const { return full_.empty(); }
  batch<Item> take() {
    const batch<Item> b = full_.back();
    full_.pop_back();
    return b;
  }

 private:
  static constexpr std::size_t slack = 64;  // incomplete ones
  std::size_t made_ = 0;
  std::vector<batch<Item>> full_;
};

/// At most two batches: who goes to and fro over an edge does not call at the store each time. Not
/// thread-safe.
template <class Item>
class magazine {
 public:
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] bool full() const { return count_ == capacity; }

  /// The last one that was given. It must not be empty.
  Item* take() {
    Item* item = items_[--count_];
    // Perhaps an old one, perhaps none: harmless. A number, since none has no places behind it.
    const auto later = reinterpret_cast<std::uintptr_t>(items_[(count_ - ahead) % capacity]);
    for (std::size_t at = 0; at < sizeof(Item); at += cache_line)
      fetch_ahead(reinterpret_cast<const void*>(later + at));
    return item;
  }
  /// It must not be full.
  void give(Item& item) { items_[count_++] = &item; }

  /// It must be empty.
  void load(const batch<Item>& b) {
    std::copy_n(b.items.begin(), b.count, items_.begin());
    count_ = b.count;
  }
  /// The batch that has been here longest; it must hold one.
  batch<Item> unload() {
    batch<Item> b;
    b.count = std::min(count_, batch_size);
    std::copy_n(items_.begin(), b.count, b.items.begin());
    count_ -= b.count;
    std::copy_n(items_.begin() + b.count, count_, items_.begin());
    return b;
  }

 private:
  static constexpr std::uint32_t capacity = 2 * batch_size;
  static constexpr std::uint32_t ahead = 4;
  std::uint32_t count_ = 0;
  std::array<Item*, capacity> items_{};
};

}  // namespace kin::detail
