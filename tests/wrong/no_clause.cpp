// SPDX-License-Identifier: Apache-2.0
// first error: a receive needs a clause, or after(...)
#include <kin/kin.hpp>

void f() { kin::receive(); }
