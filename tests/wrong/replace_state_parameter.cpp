// SPDX-License-Identifier: Apache-2.0
// first error: the function takes the server, by value, and returns the new one
#include <kin/kin.hpp>
#include <kin/sys.hpp>

struct cell : kin::gen_server {};
void f(kin::server<cell> s) {
  kin::sys::replace_state(s, [](cell& c) { c = cell{}; });
}
