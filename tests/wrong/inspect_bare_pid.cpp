// SPDX-License-Identifier: Apache-2.0
// first error: a bare pid does not know its server
#include <kin/kin.hpp>
#include <kin/sys.hpp>

struct cell : kin::gen_server {};
void f(kin::pid p) {
  kin::sys::inspect(p, [](const cell&) { return 1; });
}
