// SPDX-License-Identifier: Apache-2.0
// A barrier that one thread runs for all others: the rare side pays, so that the frequent side
// needs no fence.
#pragma once

namespace kin::detail {

/// Whether the kernel has it (decided once); if not, both sides must use sequentially consistent
/// operations.
extern const bool has_membarrier;

/// Every running thread of this OS process has executed a full barrier between this call and its
/// return.
void membarrier_all() noexcept;

}  // namespace kin::detail
