// SPDX-License-Identifier: Apache-2.0
// first error: a bare pid does not know its server
#include <kin/kin.hpp>

struct get {};
void f(kin::pid p) { kin::call(p, get{}); }
