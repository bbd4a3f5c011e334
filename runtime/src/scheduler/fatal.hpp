// SPDX-License-Identifier: Apache-2.0
// What is said when a process ends the program: an exception, or the exit of the process itself,
// met a noexcept function or a destructor, and C++ calls std::terminate.
//
// It cannot be prevented: that a wait stands below `noexcept` is not to be seen before. So it is
// named: which process, what it was about to do, and what to change.
#pragma once

namespace kin::detail {

/// Once. Whoever handled it before is called after the report.
void install_fatal_report();

}  // namespace kin::detail
