// SPDX-License-Identifier: Apache-2.0
// Suspended processes: their signals are served, their code does not run.
#pragma once

#include "process/control_block.hpp"
#include "process/signal.hpp"

namespace kin::detail {

/// Owner. Stops it where it is, and tells the asker.
void take_suspend(control_block& p, question_signal& s);
/// Owner. One suspension less.
void resume_once(control_block& p);
/// A dying process suspends nobody any more.
void resume_all(control_block& p) noexcept;

}  // namespace kin::detail
