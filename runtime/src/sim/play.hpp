// SPDX-License-Identifier: Apache-2.0
// One simulated run, and its schedule.
#pragma once

#include <kin/sim.hpp>

#include "sim/schedule.hpp"

#include <memory>

namespace kin::detail {

struct played {
  sim::outcome end;
  choice_list choices;  // that were not plain
};

/// As simulate; costs a little more. Throws kin::error with badarg in a process.
[[nodiscard]] played play(const sim::options& options, std::unique_ptr<behaviour> main);

}  // namespace kin::detail
