// SPDX-License-Identifier: Apache-2.0
// How many pooled things travel at once. In tests/model another header of this name stands here, so
// that all that happens at the edges of a batch happens within a few steps.
#pragma once

#include <cstdint>

namespace kin::detail {
inline constexpr std::uint32_t batch_size = 64;
}  // namespace kin::detail
