// SPDX-License-Identifier: Apache-2.0
// first error: this copies the server, which cannot be copied; see kin::sys::inspect
#include <kin/kin.hpp>
#include <kin/sys.hpp>

#include <memory>
struct cell : kin::gen_server {
  std::unique_ptr<int> held;
};
void f(kin::server<cell> s) { kin::sys::get_state(s); }
