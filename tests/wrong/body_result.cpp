// SPDX-License-Identifier: Apache-2.0
// first error: a process body returns nothing, kin::loop(clauses...) or kin::hibernate(next)
#include <kin/kin.hpp>

void f() {
  kin::spawn([] { return 3; });
}
