// SPDX-License-Identifier: Apache-2.0
// first error: the server has no constructor that takes these arguments
#include <kin/proc_lib.hpp>

#include <string>

struct store : kin::gen_server {
  explicit store(int) {}
};
void f() {
  kin::spawn([] { return kin::enter_loop<store>(std::string("three")); });
}
