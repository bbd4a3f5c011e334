// SPDX-License-Identifier: Apache-2.0
#include "process/block_table.hpp"

#include <algorithm>
#include <new>

namespace kin::detail {
namespace {

// Chunks of machines that are gone.
struct free_chunks {
  std::mutex lock;
  std::vector<block_chunk*> chunks;
};
free_chunks& spare() {
  static auto* const immortal = new free_chunks;
  return *immortal;
}

}  // namespace

block_table::~block_table() {
  auto& pool = spare();
  const std::lock_guard hold(pool.lock);
  for (block_chunk* chunk : chunks_) {
    chunk->owner.store(nullptr, std::memory_order_release);
    pool.chunks.push_back(chunk);
  }
}

void block_table::add_chunk() {
  block_chunk* chunk = nullptr;
  {
    auto& pool = spare();
    const std::lock_guard hold(pool.lock);
    if (!pool.chunks.empty()) {
      chunk = pool.chunks.back();
      pool.chunks.pop_back();
    }
  }
  if (chunk == nullptr) {
    chunk = new (map_chunk(!chunks_.empty())) block_chunk;
    for (std::uint32_t i = 0; i < block_chunk::capacity; ++i)
      new (chunk->blocks() + i) control_block;
  }
  chunk->used.store(0, std::memory_order_relaxed);
  chunk->books.store(books_, std::memory_order_release);
  chunk->owner.store(&machine_, std::memory_order_release);
  chunks_.push_back(chunk);
  chunk->older = newest_.load(std::memory_order_relaxed);
  newest_.store(chunk, std::memory_order_release);
}

batch<control_block> block_table::take_batch() {
  const std::lock_guard hold(lock_);
  if (!free_.empty()) return free_.take();
  free_.expect_another();
  if (chunks_.empty() ||
      chunks_.back()->used.load(std::memory_order_relaxed) == block_chunk::capacity)
    add_chunk();
  block_chunk& chunk = *chunks_.back();
  batch<control_block> fresh;
  const std::uint32_t used = chunk.used.load(std::memory_order_relaxed);
  const std::uint32_t end = std::min(used + batch_size, block_chunk::capacity);
  for (std::uint32_t i = end; i > used; --i) fresh.add(chunk.blocks()[i - 1]);
  chunk.used.store(end, std::memory_order_release);
  return fresh;
}

void block_table::give_batch(const batch<control_block>& dead) noexcept {
  const std::lock_guard hold(lock_);
  free_.put(dead);
}

}  // namespace kin::detail
