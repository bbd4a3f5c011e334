// SPDX-License-Identifier: Apache-2.0
// Where nodes come from: an immortal, type-stable pool for the whole OS process, in front of it
// magazines per worker.
//
// A message is allocated by the sender's worker and freed by the receiver's, so a malloc pays for
// the crossing each time (27-50 ns); here nodes travel back in batches of 64, under a lock
// taken once a batch (7 ns a message, 0.6 ns when sender and receiver share a worker). Memory is
// never returned: a node that is read after it was freed is still a node. The pool is the one piece
// of global state, since a message may outlive the machine it was made in.
//   I1  A node of a class is only ever handed out for that class.
//   I2  When the kernel has no memory left, whoever asks gets std::bad_alloc; but a process that
//   ends, or serves its signals, cannot fail, and gets a node of a small reserve. What it frees goes
//   to all.
#pragma once

#include "base/magazine.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace kin::detail {

inline constexpr std::size_t chunk_bytes = std::size_t{2} << 20U;

/// Sizes of nodes; the last class is that of timer entries, which are never anything else (their
/// references are checked by reading them, dead or alive).
inline constexpr std::array<std::uint16_t, 8> class_bytes{32, 64, 96, 128, 192, 256, 512, 128};
inline constexpr std::uint8_t timer_class = 7;
inline constexpr std::uint8_t no_class = 255;  // larger: operator new
inline constexpr std::size_t largest_class_bytes = 512;
inline constexpr std::size_t class_alignment = 32;
inline constexpr std::align_val_t large_alignment{64};

inline constexpr std::size_t class_granule = 32;
inline constexpr auto class_of_granules = [] {
  std::array<std::uint8_t, largest_class_bytes / class_granule + 1> table{};
  for (std::size_t g = 0; g < table.size(); ++g) {
    std::uint8_t c = 0;
    while (class_bytes[c] < g * class_granule) ++c;
    table[g] = c;
  }
  return table;
}();
/// The class for a node of that size, or no_class.
inline std::uint8_t class_for(std::size_t bytes) noexcept {
  return bytes > largest_class_bytes
             ? no_class
             : class_of_granules[(bytes + class_granule - 1) / class_granule];
}

/// A node that nobody uses: nothing in it is read or written.
struct free_node {
  std::byte first_byte;
};

/// 2 MiB of zeroes, aligned to 2 MiB; with `huge`, on one page if the kernel has one: for those
/// that come after the first, so that a small program stays small. Throws std::bad_alloc.
void* map_chunk(bool huge);

/// Whether what runs on this thread now cannot fail, and may have of the reserve (I2). The scheduler
/// says it; until then nothing may.
using reserve_rule = bool (*)() noexcept;
void set_reserve_rule(reserve_rule rule) noexcept;

/// The magazines of one thread. Not thread-safe.
class local_pool {
 public:
  local_pool() = default;
  local_pool(const local_pool&) = delete;
  local_pool& operator=(const local_pool&) = delete;
  ~local_pool() { retire(); }

  void* take(std::uint8_t size_class) {
    auto& mine = classes_[size_class];
    if (mine.empty()) [[unlikely]]
      refill(size_class);
    void* node = mine.take();
    unpoison(node, size_class);
    return node;
  }
  void give(void* memory, std::uint8_t size_class) noexcept {
    auto& mine = classes_[size_class];
    if (mine.full()) [[unlikely]]
      put_aside(size_class);
    mine.give(*static_cast<free_node*>(memory));
    poison(memory, size_class);
  }
  /// Hands everything to the depot.
  void retire() noexcept;

 private:
  void refill(std::uint8_t size_class);
  void put_aside(std::uint8_t size_class) noexcept;
  static void poison(void* node, std::uint8_t size_class) noexcept;
  static void unpoison(void* node, std::uint8_t size_class) noexcept;

  std::array<magazine<free_node>, class_bytes.size()> classes_{};
};

/// The pool of this thread, if it has one of its own (workers do).
local_pool* thread_pool() noexcept;
void set_thread_pool(local_pool* pool) noexcept;

/// From this thread's pool, or the one that all others share under a lock. `bytes` may exceed every
/// class.
void* take_memory(std::size_t bytes, std::uint8_t size_class);
void give_memory(void* memory, std::uint8_t size_class) noexcept;

}  // namespace kin::detail
