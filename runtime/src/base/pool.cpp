// SPDX-License-Identifier: Apache-2.0
#include "base/pool.hpp"

#include "base/cpu.hpp"

#include <new>
#include <sys/mman.h>

#if KIN_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace kin::detail {
namespace {

// Full magazines, and the rest of the chunk that is being cut up, per class.
struct depot {
  std::mutex lock;
  std::array<std::vector<magazine>, class_bytes.size()> full;
  std::array<std::byte*, class_bytes.size()> cut{};
  std::array<std::size_t, class_bytes.size()> left{};
};
depot& the_depot() {
  static auto* const immortal = new depot;  // threads may free after static destructors have run
  return *immortal;
}

magazine fresh_magazine(depot& d, std::uint8_t size_class) {
  const std::size_t bytes = class_bytes[size_class];
  if (d.left[size_class] < bytes * magazine_size) {
    d.cut[size_class] = static_cast<std::byte*>(map_chunk(d.cut[size_class] != nullptr));
    d.left[size_class] = chunk_bytes;
  }
  magazine m;
  for (; m.count < magazine_size; ++m.count) {
    auto* node =
        reinterpret_cast<free_node*>(d.cut[size_class] + (magazine_size - 1 - m.count) * bytes);
    node->next = m.first;
    m.first = node;
  }
  d.cut[size_class] += bytes * magazine_size;
  d.left[size_class] -= bytes * magazine_size;
  return m;
}

struct shared_pool {
  std::mutex lock;
  local_pool pool;
};
shared_pool& the_shared_pool() {
  static auto* const immortal = new shared_pool;
  return *immortal;
}

thread_local local_pool* this_thread_pool = nullptr;

}  // namespace

void* map_chunk(bool huge) {
  // Twice as much, then cut to what is aligned.
  void* wide = mmap(nullptr, 2 * chunk_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (wide == MAP_FAILED) throw std::bad_alloc();
  const auto start = reinterpret_cast<std::uintptr_t>(wide);
  const auto chunk = (start + chunk_bytes - 1) / chunk_bytes * chunk_bytes;
  if (chunk != start) munmap(wide, chunk - start);
  const auto end = start + 2 * chunk_bytes;
  if (chunk + chunk_bytes != end)
    munmap(reinterpret_cast<void*>(chunk + chunk_bytes), end - chunk - chunk_bytes);
  auto* memory = reinterpret_cast<void*>(chunk);
  if (huge) madvise(memory, chunk_bytes, MADV_HUGEPAGE);
  return memory;
}

void* local_pool::refill(std::uint8_t size_class) {
  auto& mine = classes_[size_class];
  if (mine.spare.count != 0) {
    mine.active = mine.spare;
    mine.spare = {};
  } else {
    depot& d = the_depot();
    const std::lock_guard hold(d.lock);
    auto& full = d.full[size_class];
    if (full.empty()) {
      mine.active = fresh_magazine(d, size_class);
    } else {
      mine.active = full.back();
      full.pop_back();
    }
  }
  return take(size_class);
}

void local_pool::put_aside(std::uint8_t size_class) noexcept {
  auto& mine = classes_[size_class];
  if (mine.spare.count != 0) {
    depot& d = the_depot();
    const std::lock_guard hold(d.lock);
    d.full[size_class].push_back(mine.spare);
  }
  mine.spare = mine.active;
  mine.active = {};
}

void local_pool::retire() noexcept {
  depot& d = the_depot();
  const std::lock_guard hold(d.lock);
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    for (magazine* m : {&classes_[c].active, &classes_[c].spare}) {
      if (m->count != 0) d.full[c].push_back(*m);
      *m = {};
    }
  }
}

void local_pool::poison([[maybe_unused]] void* node,
                        [[maybe_unused]] std::uint8_t size_class) noexcept {
#if KIN_ASAN
  // Timer entries are read when they are free (their state); all others are not, but for the link.
  if (size_class == timer_class) return;
  ASAN_POISON_MEMORY_REGION(static_cast<std::byte*>(node) + sizeof(free_node),
                            class_bytes[size_class] - sizeof(free_node));
#endif
}
void local_pool::unpoison([[maybe_unused]] void* node,
                          [[maybe_unused]] std::uint8_t size_class) noexcept {
#if KIN_ASAN
  ASAN_UNPOISON_MEMORY_REGION(node, class_bytes[size_class]);
#endif
}

KIN_NOIPA local_pool* thread_pool() noexcept {
  asm volatile(
      "" ::
          : "memory");  // never remembered over a switch: the process may be on another thread then
  return this_thread_pool;
}
void set_thread_pool(local_pool* pool) noexcept { this_thread_pool = pool; }

void* take_memory(std::size_t bytes, std::uint8_t size_class) {
  if (size_class == no_class) return ::operator new(bytes, large_alignment);
  if (local_pool* mine = thread_pool()) return mine->take(size_class);
  auto& shared = the_shared_pool();
  const std::lock_guard hold(shared.lock);
  return shared.pool.take(size_class);
}

void give_memory(void* memory, std::uint8_t size_class) noexcept {
  if (size_class == no_class) return ::operator delete(memory, large_alignment);
  if (local_pool* mine = thread_pool()) return mine->give(memory, size_class);
  auto& shared = the_shared_pool();
  const std::lock_guard hold(shared.lock);
  shared.pool.give(memory, size_class);
}

}  // namespace kin::detail
