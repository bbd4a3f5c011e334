// SPDX-License-Identifier: Apache-2.0
// What a test's body must not leave behind: messages that nobody read, processes that nobody ends.
#pragma once

#include <kin/pid.hpp>
#include <kin/test/play.hpp>

#include <string>
#include <vector>

namespace kin::detail {

/// In the process that was the test's body, which has come to its end.
void check_end(const test::plan& how, test::place where);

/// A probe of the test that runs now.   Thread  any.
void note_probe(pid probe);
/// No test's any more.   Thread  any.
void forget_probes();
/// Of the test that runs now.   Thread  any.
[[nodiscard]] std::vector<pid> probes();

/// Who that is, and what it does just now, in a line. Waits.
[[nodiscard]] std::string what_it_does(pid p);

}  // namespace kin::detail
