// SPDX-License-Identifier: Apache-2.0
#include "process/block_table.hpp"

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
  chunk->used = 0;
  chunk->owner.store(&machine_, std::memory_order_release);
  chunks_.push_back(chunk);
}

control_block* block_table::take_batch() {
  const std::lock_guard hold(lock_);
  control_block* first = nullptr;
  for (std::uint32_t i = 0; i < block_batch; ++i) {
    control_block* p = free_;
    if (p != nullptr) {
      free_ = reinterpret_cast<control_block*>(p->queue_first);
    } else {
      if (chunks_.empty() || chunks_.back()->used == block_chunk::capacity) {
        if (first != nullptr) break;
        add_chunk();
      }
      p = chunks_.back()->blocks() + chunks_.back()->used++;
    }
    p->queue_first = reinterpret_cast<signal*>(first);
    first = p;
  }
  return first;
}

void block_table::give_batch(control_block* first) noexcept {
  const std::lock_guard hold(lock_);
  while (first != nullptr) {
    auto* rest = reinterpret_cast<control_block*>(first->queue_first);
    first->queue_first = reinterpret_cast<signal*>(free_);
    free_ = first;
    first = rest;
  }
}

control_block& block_pool::take() {
  if (free_ == nullptr) [[unlikely]] {
    free_ = table_.take_batch();
    for (auto* p = free_; p != nullptr; p = reinterpret_cast<control_block*>(p->queue_first))
      ++count_;
  }
  control_block* p = free_;
  free_ = reinterpret_cast<control_block*>(p->queue_first);
  p->queue_first = nullptr;
  --count_;
  return *p;
}

void block_pool::give(control_block& p) noexcept {
  if (count_ == 2 * block_batch) [[unlikely]] {
    control_block* first = free_;
    control_block* last = first;
    for (std::uint32_t i = 1; i < block_batch; ++i)
      last = reinterpret_cast<control_block*>(last->queue_first);
    free_ = reinterpret_cast<control_block*>(last->queue_first);
    last->queue_first = nullptr;
    count_ -= block_batch;
    table_.give_batch(first);
  }
  p.queue_first = reinterpret_cast<signal*>(free_);
  free_ = &p;
  ++count_;
}

}  // namespace kin::detail
