// SPDX-License-Identifier: Apache-2.0
#include "context/large_stacks.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

#if KIN_ASAN
#include <sanitizer/asan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id) static_cast<void>(id)
#endif

namespace kin::detail {
namespace {

constexpr std::size_t smallest = std::size_t{64} << 10U;
constexpr std::size_t largest = std::size_t{1} << 40U;

std::size_t guard_bytes() {
  static const std::size_t bytes = 4 * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

// At the top of its stack, as the descriptors of all stacks.
struct large_stack : stack {
  std::size_t bytes = 0;  // without the guard
  unsigned valgrind_id = 0;
};

std::byte* map_guarded(std::size_t bytes) {
  const std::size_t all = guard_bytes() + bytes;
  void* memory = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* lowest = static_cast<std::byte*>(memory) + guard_bytes();
  if (mprotect(lowest, bytes, PROT_READ | PROT_WRITE) != 0) {
    munmap(memory, all);
    throw std::bad_alloc();
  }
  madvise(lowest, bytes, MADV_NOHUGEPAGE);
  return lowest;
}

large_stack& make(std::size_t bytes, stack_entry entry) {
  std::byte* lowest = map_guarded(bytes);
  std::byte* top = lowest + bytes - sizeof(large_stack);
  auto* s = new (top - reinterpret_cast<std::uintptr_t>(top) % cache_line) large_stack;
  s->lowest = lowest;
  s->usable = static_cast<std::size_t>(reinterpret_cast<std::byte*>(s) - lowest);
  s->bytes = bytes;
  s->valgrind_id = VALGRIND_STACK_REGISTER(s->lowest, s->lowest + s->usable);
  prepare(*s, entry);
  return *s;
}

void unmap(large_stack& s) noexcept {
  forget(s);
  VALGRIND_STACK_DEREGISTER(s.valgrind_id);
#if KIN_ASAN
  __asan_unpoison_memory_region(s.lowest, s.bytes);  // the frame that it was left in
#endif
  munmap(s.lowest - guard_bytes(), guard_bytes() + s.bytes);
}

// What a call further down has touched.
void trim(const large_stack& s) noexcept {
  if (s.bytes > large_stacks::kept_bytes)
    madvise(s.lowest, s.bytes - large_stacks::kept_bytes, MADV_DONTNEED);
}

}  // namespace

large_stacks::~large_stacks() {
  for (stack* s : kept_) unmap(static_cast<large_stack&>(*s));
}

stack& large_stacks::take(std::size_t bytes, stack_entry entry) {
  if (bytes > largest) throw std::bad_alloc();
  // With room for the descriptor and the frames of the call itself.
  const std::size_t wanted = std::bit_ceil(std::max(bytes + sizeof(large_stack) + 1024, smallest));
  {
    const std::lock_guard hold(lock_);
    const auto fits = std::find_if(kept_.rbegin(), kept_.rend(), [&](const stack* s) {
      return static_cast<const large_stack*>(s)->bytes == wanted;
    });
    if (fits != kept_.rend()) {
      stack& s = **fits;
      kept_.erase(std::next(fits).base());
      return s;
    }
    kept_.reserve(kept_max);
    ++mapped_;
  }
  try {
    return make(wanted, entry);
  } catch (...) {
    const std::lock_guard hold(lock_);
    --mapped_;
    throw;
  }
}

void large_stacks::give(stack& s) noexcept {
  auto& given = static_cast<large_stack&>(s);
  trim(given);
  large_stack* oldest = nullptr;
  {
    const std::lock_guard hold(lock_);
    if (kept_.size() == kept_max) {
      oldest = static_cast<large_stack*>(kept_.front());
      kept_.erase(kept_.begin());
      --mapped_;
    }
    kept_.push_back(&s);  // there is room: take has reserved it
  }
  if (oldest != nullptr) unmap(*oldest);
}

std::size_t large_stacks::mapped() const {
  const std::lock_guard hold(lock_);
  return mapped_;
}

bool is_below(const void* address, const stack& s) noexcept {
  const auto* at = static_cast<const std::byte*>(address);
  return at < s.lowest && at >= s.lowest - guard_bytes();
}

}  // namespace kin::detail
