// SPDX-License-Identifier: Apache-2.0
// first error: the handler has no constructor that takes these arguments
#include <kin/gen_event.hpp>

struct paid {};
struct audit {
  explicit audit(int) {}
  void handle_event(const paid&) {}
};
void f(kin::server<kin::gen_event<paid>> orders) { kin::add_sup_handler<audit>(orders, "disk"); }
