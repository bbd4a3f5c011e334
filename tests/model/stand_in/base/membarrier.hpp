// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/base/membarrier.hpp: the checker's, or none.
#pragma once

#include "model/checker.hpp"

namespace kin::detail {

inline const bool& has_membarrier = model::kernel_has_membarrier;

inline void membarrier_all(KIN_MODEL_HERE) {
  has_membarrier ? model::membarrier(here) : model::fence(here);
}
inline void light_barrier(KIN_MODEL_HERE) {
  if (!has_membarrier) model::fence(here);
}

}  // namespace kin::detail
