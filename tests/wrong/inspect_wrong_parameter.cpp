// SPDX-License-Identifier: Apache-2.0
// first error: the function takes the server, as const&
#include <kin/kin.hpp>
#include <kin/sys.hpp>

struct cell : kin::gen_server {};
void f(kin::server<cell> s) {
  kin::sys::inspect(s, [](cell&) { return 1; });
}
