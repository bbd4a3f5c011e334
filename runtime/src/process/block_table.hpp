// SPDX-License-Identifier: Apache-2.0
// The control blocks of one machine: made, freed, walked. They lie in chunks of 2 MiB whose header
// names the machine, so that whoever holds a pid finds the machine without the pid carrying it. A
// chunk outlives its machine: it goes to the pool of chunks and then to another one, its tags going
// on, so that a pid of a machine that is gone stays safe.
#pragma once

#include "base/pool.hpp"
#include "process/control_block.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace kin::detail {

class machine_core;

struct alignas(128) block_chunk {
  std::atomic<machine_core*> owner{nullptr};  // null: no machine's
  std::uint32_t used = 0;                     // blocks handed out at least once under this owner

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

inline constexpr std::uint32_t block_batch = 64;

class block_table {
 public:
  explicit block_table(machine_core& machine) : machine_(machine) {}
  block_table(const block_table&) = delete;
  block_table& operator=(const block_table&) = delete;
  /// No process is left.
  ~block_table();

  /// A chain, by queue_first, of block_batch dead blocks. Throws std::bad_alloc.
  control_block* take_batch();
  void give_batch(control_block* first) noexcept;

  /// Calls `see(block)` for each block that was ever used, dead or alive, while others run.
  template <class F>
  void for_each(F see) {
    const std::lock_guard hold(lock_);
    for (block_chunk* chunk : chunks_) {
      for (std::uint32_t i = 0; i < chunk->used; ++i) see(chunk->blocks()[i]);
    }
  }

 private:
  void add_chunk();
  machine_core& machine_;
  std::mutex lock_;
  std::vector<block_chunk*> chunks_;
  control_block* free_ = nullptr;
};

/// The blocks one worker has at hand. Not thread-safe.
class block_pool {
 public:
  explicit block_pool(block_table& table) : table_(table) {}
  block_pool(const block_pool&) = delete;
  block_pool& operator=(const block_pool&) = delete;
  ~block_pool() { table_.give_batch(free_); }

  control_block& take();
  void give(control_block& p) noexcept;

 private:
  block_table& table_;
  control_block* free_ = nullptr;
  std::uint32_t count_ = 0;
};

}  // namespace kin::detail
