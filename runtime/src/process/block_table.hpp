// SPDX-License-Identifier: Apache-2.0
// The control blocks of one machine: made, freed, walked. They lie in chunks of 2 MiB whose header
// names the machine, so that whoever holds a pid finds the machine without the pid carrying it. A
// chunk outlives its machine: it goes to the pool of chunks and then to another one, its tags going
// on, so that a pid of a machine that is gone stays safe.
#pragma once

#include "base/magazine.hpp"
#include "base/pool.hpp"
#include "process/control_block.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace kin::detail {

class machine_core;
struct ledger;

struct alignas(128) block_chunk {
  std::atomic<machine_core*> owner{nullptr};  // null: no machine's
  std::atomic<ledger*> books{nullptr};        // of its owner; null: it does not count
  std::atomic<std::uint32_t> used{0};         // blocks handed out at least once under this owner
  block_chunk* older = nullptr;               // of the same owner

  static constexpr std::uint32_t capacity = chunk_bytes / sizeof(control_block) - 1;
  control_block* blocks() { return reinterpret_cast<control_block*>(this) + 1; }
  static block_chunk& of(const control_block& p) {
    return *reinterpret_cast<block_chunk*>(reinterpret_cast<std::uintptr_t>(&p) &
                                           ~(chunk_bytes - 1));
  }
};
inline machine_core* machine_of(const control_block& p) {
  return block_chunk::of(p).owner.load(std::memory_order_acquire);
}
/// Null: its machine does not count, or there is none.
inline ledger* books_of(const control_block& p) {
  return block_chunk::of(p).books.load(std::memory_order_acquire);
}

class block_table {
 public:
  /// `books`: null if its mail is not counted.
  block_table(machine_core& machine, ledger* books) : machine_(machine), books_(books) {}
  block_table(const block_table&) = delete;
  block_table& operator=(const block_table&) = delete;
  /// No process is left.
  ~block_table();

  /// Dead blocks, at least one. Throws std::bad_alloc.
  batch<control_block> take_batch();
  void give_batch(const batch<control_block>& dead) noexcept;

  /// Calls `see(block)` for each block that was ever used, dead or alive, while others run.
  template <class F>
  void for_each(F see) {
    const std::lock_guard hold(lock_);
    for (block_chunk* chunk : chunks_) {
      const std::uint32_t used = chunk->used.load(std::memory_order_relaxed);
      for (std::uint32_t i = 0; i < used; ++i) see(chunk->blocks()[i]);
    }
  }
  /// As for_each, newest chunk first, without the lock: in a signal handler.
  template <class F>
  void for_each_in_fault(F see) const {
    for (block_chunk* chunk = newest_.load(std::memory_order_acquire); chunk != nullptr;
         chunk = chunk->older) {
      const std::uint32_t used = chunk->used.load(std::memory_order_acquire);
      for (std::uint32_t i = 0; i < used; ++i) see(chunk->blocks()[i]);
    }
  }

 private:
  friend struct debug_layout;
  void add_chunk();
  machine_core& machine_;
  ledger* const books_;
  std::mutex lock_;
  std::vector<block_chunk*> chunks_;
  std::atomic<block_chunk*> newest_{nullptr};  // of a chain of the same chunks
  batch_store<control_block> free_;
};

/// The blocks one worker has at hand. Not thread-safe.
class block_pool {
 public:
  explicit block_pool(block_table& table) : table_(table) {}
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;
  ~block_pool() {
    while (!free_.empty()) table_.give_batch(free_.unload());
  }

  control_block& take() {
    if (free_.empty()) [[unlikely]]
      free_.load(table_.take_batch());
    return *free_.take();
  }
  void give(control_block& p) noexcept {
    if (free_.full()) [[unlikely]]
      table_.give_batch(free_.unload());
    free_.give(p);
  }

 private:
  block_table& table_;
  magazine<control_block> free_;
};

}  // namespace kin::detail
