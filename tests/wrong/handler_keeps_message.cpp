// SPDX-License-Identifier: Apache-2.0
// first error: other handlers get the message too: a clause of this handle_info takes it as const&
#include <kin/gen_event.hpp>

struct paid {};
struct audit {
  auto handle_info() {
    return kin::clauses{[](kin::message) {}};
  }
};
void f(kin::server<kin::gen_event<paid>> orders) { kin::add_handler<audit>(orders); }
