// SPDX-License-Identifier: Apache-2.0
// From the schedule of a run that failed to a small one that fails alike.
//
// Delta debugging (Zeller and Hildebrandt): parts of the schedule are left out, first halves, then
// ever smaller ones, as long as what is left still fails. Latest first: what comes before a choice is
// then as it was. A run tells which of its choices it could make and were not plain, so a part often
// takes many others with it.
#pragma once

#include <kin/sim.hpp>

#include "sim/play.hpp"
#include "sim/schedule.hpp"

#include <functional>
#include <optional>

namespace kin::detail {

/// What a schedule comes to: what is left of it, if it fails as it shall; else nothing.
using trial = std::function<std::optional<choice_list>(const choice_list&)>;

/// The smallest found of those that `fails` accepts, by at most `runs` trials, none of which begins
/// after `limit` of real time. `runs` is reduced by those that were made.
[[nodiscard]] choice_list smallest(choice_list failing, const trial& fails, std::uint64_t& runs,
                                   duration limit);

/// What a run that was played is shrunk to. With `verdict`, it is no that makes a run a failure, after
/// one that went well.
[[nodiscard]] sim::shrunk shrink(const sim::options& options, const main_maker& main, played first,
                                 const sim::effort& effort,
                                 const std::function<bool()>& verdict = {});

}  // namespace kin::detail
