// SPDX-License-Identifier: Apache-2.0
#include "context/stack_source.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <fstream>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) static_cast<void>(0)
#endif

namespace kin::detail {
namespace {

constexpr int madv_guard_install = 102;  // newer than the headers of Debian 12
constexpr std::size_t colour_step = 256;
constexpr std::size_t colours = 16;

// Two mappings a guard; a quarter of the limit leaves the rest of the program in peace.
std::size_t safe_mprotect_guards() {
  std::size_t limit = 65530;
  std::ifstream("/proc/sys/vm/max_map_count") >> limit;
  return std::min<std::size_t>(limit / 4, 16384);
}

void* map(std::size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
              -1, 0);
}

enum class guard_method { madvise, mprotect, none };
std::atomic<guard_method> method{guard_method::madvise};

}  // namespace

stack_source::stack_source(std::size_t stack_bytes)
    : stride_(std::bit_ceil(std::max<std::size_t>(stack_bytes, std::size_t{32} << 10U))),
      guard_bytes_(4 * static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
  slabs_.reserve(slabs_max);
}

stack_source::~stack_source() {
  for (stack* s = free_; s != nullptr; s = s->next) forget(*s);
  for (const slab& s : slabs_) munmap(s.base, s.bytes);
}

void stack_source::install_guard(std::byte* stack_base) {
  if (method.load(std::memory_order_relaxed) == guard_method::madvise &&
      madvise(stack_base, guard_bytes_, madv_guard_install) != 0) {
    method.store(guard_method::mprotect, std::memory_order_relaxed);
  }
  if (method.load(std::memory_order_relaxed) == guard_method::mprotect) {
    static const std::size_t safe = safe_mprotect_guards();
    if (made() >= safe || mprotect(stack_base, guard_bytes_, PROT_NONE) != 0) {
      method.store(guard_method::none, std::memory_order_relaxed);
      std::fprintf(
          stderr,
          "kin: more than %zu stacks: this kernel cannot guard further ones against overflow\n",
          made());
    }
  }
}

void stack_source::grow(stack_entry entry) {
  if (slabs_.size() == slabs_max) throw std::bad_alloc();
  std::size_t count = next_slab_stacks_;
  void* memory = map(count * stride_);
  while (memory == MAP_FAILED && count > stack_batch) {  // what is left may do for fewer
    count /= 2;
    memory = map(count * stride_);
  }
  if (memory == MAP_FAILED) throw std::bad_alloc();
  const std::size_t bytes = count * stride_;
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  auto* base = static_cast<std::byte*>(memory);
  slabs_.push_back({base, bytes});
  slab_count_.store(slabs_.size(), std::memory_order_release);
  next_slab_stacks_ = std::min<std::size_t>(2 * next_slab_stacks_, 4096);
  for (std::size_t i = count; i-- > 0;) {
    std::byte* lowest = base + i * stride_;
    install_guard(lowest);
    std::byte* top = lowest + stride_ - (i % colours) * colour_step - sizeof(stack);
    auto* s = new (top - reinterpret_cast<std::uintptr_t>(top) % cache_line) stack;
    s->lowest = lowest + guard_bytes_;
    s->usable = static_cast<std::size_t>(reinterpret_cast<std::byte*>(s) - s->lowest);
    VALGRIND_STACK_REGISTER(s->lowest, s->lowest + s->usable);
    prepare(*s, entry);
    s->next = free_;
    free_ = s;
    made_.fetch_add(1, std::memory_order_relaxed);
  }
}

stack* stack_source::take_batch(stack_entry entry) {
  const std::lock_guard hold(lock_);
  if (free_ == nullptr) grow(entry);
  stack* first = free_;
  stack* last = first;
  for (std::size_t i = 1; i < stack_batch && last->next != nullptr; ++i) last = last->next;
  free_ = last->next;
  last->next = nullptr;
  return first;
}

void stack_source::give_batch(stack* first) noexcept {
  if (first == nullptr) return;
  stack* last = first;
  while (last->next != nullptr) last = last->next;
  const std::lock_guard hold(lock_);
  last->next = free_;
  free_ = first;
}

bool stack_source::is_guard(const void* address) const noexcept {
  const auto* at = static_cast<const std::byte*>(address);
  for (std::size_t i = 0; i < slab_count_.load(std::memory_order_acquire); ++i) {
    const slab& s = slabs_[i];
    if (at >= s.base && at < s.base + s.bytes) {
      return static_cast<std::size_t>(at - s.base) % stride_ < guard_bytes_;
    }
  }
  return false;
}

void stack_pool::refill() {
  free_ = source_.take_batch(entry_);
  for (const stack* s = free_; s != nullptr; s = s->next) ++count_;
}

void stack_pool::spill() noexcept {
  stack* first = free_;
  stack* last = first;
  for (std::size_t i = 1; i < stack_batch; ++i) last = last->next;
  free_ = last->next;
  last->next = nullptr;
  count_ -= stack_batch;
  source_.give_batch(first);
}

}  // namespace kin::detail
