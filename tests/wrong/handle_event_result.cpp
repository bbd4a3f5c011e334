// SPDX-License-Identifier: Apache-2.0
// first error: handle_event returns nothing, kin::hibernate, kin::remove_handler or kin::swap_to<...>(*this)
#include <kin/gen_event.hpp>

struct paid {};
struct audit {
  int handle_event(const paid&) { return 1; }
};
void f(kin::server<kin::gen_event<paid>> orders) { kin::add_handler<audit>(orders); }
