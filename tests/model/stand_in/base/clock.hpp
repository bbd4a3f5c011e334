// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/base/clock.hpp: as far on as the checker says.
#pragma once

#include "model/checker.hpp"

#include <cstdint>

namespace kin::detail {

using nanotime = std::int64_t;
inline constexpr nanotime never = INT64_MAX;
inline nanotime system_now() { return model::later(); }

}  // namespace kin::detail
