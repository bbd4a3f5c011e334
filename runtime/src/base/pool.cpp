// SPDX-License-Identifier: Apache-2.0
#include "base/pool.hpp"

#include "base/cpu.hpp"
#include "base/depot.hpp"

#include <atomic>
#include <mutex>
#include <new>
#include <sys/mman.h>

#if KIN_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace kin::detail {
namespace {

constexpr std::size_t reserve_bytes = std::size_t{64} << 10U;

// Of one class: batches on their way, and the rest of the chunk that is being cut up.
struct class_depot {
  depot<free_node> batches;
  std::byte* cut = nullptr;  // under the lock of `batches`
  std::size_t left = 0;
};
struct all_depots {
  std::array<class_depot, class_bytes.size()> of;
  std::mutex reserve_lock;
  alignas(class_alignment) std::array<std::byte, reserve_bytes> reserve;  // untouched until needed
  std::size_t reserve_used = 0;
  std::atomic<reserve_rule> may_use_reserve{nullptr};
};
all_depots& depots() {
  static auto* const immortal = new all_depots;  // threads may free after static destructors ran
  return *immortal;
}

batch<free_node> fresh_batch(class_depot& d, std::size_t bytes) {
  std::byte*& cut = d.cut;
  if (d.left < bytes * batch_size) {
    cut = static_cast<std::byte*>(map_chunk(cut != nullptr));
    d.left = chunk_bytes;
  }
  batch<free_node> fresh;
  cut += bytes * batch_size;  // the last one in is the first one out: in the order of addresses
  for (std::size_t i = 1; i <= batch_size; ++i)
    fresh.add(*reinterpret_cast<free_node*>(cut - i * bytes));
  d.left -= bytes * batch_size;
  return fresh;
}

// A node at a time: what is freed later is everybody's. Where none is due, throws what is caught.
batch<free_node> batch_of_reserve(all_depots& d, std::size_t bytes) {
  const reserve_rule rule = d.may_use_reserve.load(std::memory_order_relaxed);
  const std::lock_guard hold(d.reserve_lock);
  if (rule == nullptr || !rule() || d.reserve_used + bytes > reserve_bytes) throw;
  batch<free_node> one;
  one.add(*reinterpret_cast<free_node*>(&d.reserve[d.reserve_used]));
  d.reserve_used += bytes;
  return one;
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
#if KIN_ASAN
  __lsan_register_root_region(memory, chunk_bytes);  // what is used in it owns what it points to
#endif
  return memory;
}

void local_pool::refill(std::uint8_t size_class) {
  class_depot& d = depots().of[size_class];
  const std::size_t bytes = class_bytes[size_class];
  try {
    d.batches.refill(classes_[size_class], [&] { return fresh_batch(d, bytes); });
  } catch (const std::bad_alloc&) {
    classes_[size_class].load(batch_of_reserve(depots(), bytes));
  }
}

void set_reserve_rule(reserve_rule rule) noexcept {
  depots().may_use_reserve.store(rule, std::memory_order_relaxed);
}

void local_pool::put_aside(std::uint8_t size_class) noexcept {
  depots().of[size_class].batches.put_aside(classes_[size_class]);
}

void local_pool::retire() noexcept {
  for (std::size_t c = 0; c < classes_.size(); ++c) depots().of[c].batches.retire(classes_[c]);
}

void local_pool::poison([[maybe_unused]] void* node,
                        [[maybe_unused]] std::uint8_t size_class) noexcept {
#if KIN_ASAN
  // Timer entries are read when they are free (their state); all others are not.
  if (size_class != timer_class) ASAN_POISON_MEMORY_REGION(node, class_bytes[size_class]);
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

namespace {

[[gnu::cold]] void* take_elsewhere(std::size_t bytes, std::uint8_t size_class) {
  if (size_class == no_class) return ::operator new(bytes, large_alignment);
  auto& shared = the_shared_pool();
  const std::lock_guard hold(shared.lock);
  return shared.pool.take(size_class);
}

[[gnu::cold]] void give_elsewhere(void* memory, std::uint8_t size_class) noexcept {
  if (size_class == no_class) return ::operator delete(memory, large_alignment);
  auto& shared = the_shared_pool();
  const std::lock_guard hold(shared.lock);
  shared.pool.give(memory, size_class);
}

}  // namespace

// KIN_NOIPA as thread_pool: they look up the thread's pool themselves.
KIN_NOIPA void* take_memory(std::size_t bytes, std::uint8_t size_class) {
  local_pool* mine = this_thread_pool;
  if (mine == nullptr || size_class == no_class) [[unlikely]]
    return take_elsewhere(bytes, size_class);
  return mine->take(size_class);
}

KIN_NOIPA void give_memory(void* memory, std::uint8_t size_class) noexcept {
  local_pool* mine = this_thread_pool;
  if (mine == nullptr || size_class == no_class) [[unlikely]]
    return give_elsewhere(memory, size_class);
  mine->give(memory, size_class);
}

}  // namespace kin::detail
