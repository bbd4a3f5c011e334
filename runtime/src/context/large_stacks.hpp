// SPDX-License-Identifier: Apache-2.0
// Stacks that are larger than the machine's, for kin::with_stack: each a mapping of its own, in
// sizes of powers of two, with a guard below.
//
// A few are kept when they are given back, and of each only the memory at its top: what is below is
// the kernel's again, so that a deep call that happened once costs address space only.
#pragma once

#include "context/stack.hpp"

#include <cstddef>
#include <mutex>
#include <vector>

namespace kin::detail {

class large_stacks {
 public:
  large_stacks() = default;
  large_stacks(const large_stacks&) = delete;
  large_stacks& operator=(const large_stacks&) = delete;
  ~large_stacks();

  /// One of at least `bytes`, left by its last user or ready to run `entry`, which is the same for
  /// all. Throws std::bad_alloc.
  stack& take(std::size_t bytes, stack_entry entry);
  void give(stack& s) noexcept;

  /// Mapped now, in use or not.
  [[nodiscard]] std::size_t mapped() const;

  static constexpr std::size_t kept_max = 8;
  static constexpr std::size_t kept_bytes = std::size_t{64} << 10U;  // of each, with their memory

 private:
  mutable std::mutex lock_;
  std::vector<stack*> kept_;
  std::size_t mapped_ = 0;
};

/// Whether the address lies in the guard of that stack. Async-signal-safe.
[[nodiscard]] bool is_below(const void* address, const stack& s) noexcept;

}  // namespace kin::detail
