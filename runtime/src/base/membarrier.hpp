// SPDX-License-Identifier: Apache-2.0
// A barrier that one thread runs for all others: the rare side pays, so that the frequent side
// needs no fence.
#pragma once

#include <atomic>

namespace kin::detail {

/// Whether the kernel has it (decided once); if not, each side runs a barrier of its own.
extern const bool has_membarrier;

/// Every running thread of this OS process has executed a full barrier between this call and its
/// return; this one only, where the kernel has no membarrier.
void membarrier_all() noexcept;

/// The frequent side's half, between its store and its load: a fence for the compiler only, or a
/// whole one where the kernel has no membarrier.
inline void light_barrier() noexcept {
  if (has_membarrier) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    __sync_synchronize();  // the thread sanitizer does not know the standard fence
  }
}

}  // namespace kin::detail
