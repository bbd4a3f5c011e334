// SPDX-License-Identifier: Apache-2.0
// The signals of a program that dies: what is to be said is said, then whoever handled them before
// has them. A core dump shows the fault itself, as if nobody had looked.
#pragma once

namespace kin::detail {

/// Once, for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT. Not where a sanitizer reports them.
void install_fault_report();

}  // namespace kin::detail
