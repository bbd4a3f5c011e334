// SPDX-License-Identifier: Apache-2.0
// first error: a process body returns nothing, or kin::loop(clauses...)
#include <kin/kin.hpp>

void f() {
  kin::spawn([] { return 3; });
}
