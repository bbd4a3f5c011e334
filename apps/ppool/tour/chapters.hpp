// SPDX-License-Identifier: Apache-2.0
// The chapters of the tour. Each runs in the tour's process and leaves nothing behind.
#pragma once

#include <kin/kin.hpp>

#include "narrator/narrator.hpp"

namespace ppool {

using narrator::chapter;
using narrator::say;

void tour_processes();
void tour_servers();
void tour_supervisors();
void tour_pools();

}  // namespace ppool
