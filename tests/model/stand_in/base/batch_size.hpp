// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/base/batch_size.hpp: so few that two threads soon meet at the depot.
#pragma once

#include <cstdint>

namespace kin::detail {
inline constexpr std::uint32_t batch_size = 2;
}  // namespace kin::detail
