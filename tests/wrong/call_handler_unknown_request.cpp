// SPDX-License-Identifier: Apache-2.0
// first error: the handler has no handle_call that takes this request, alone or with the caller's pid
#include <kin/gen_event.hpp>

struct paid {};
struct get {};
struct audit {
  void handle_event(const paid&) {}
};
void f(kin::server<kin::gen_event<paid>> orders) { kin::call<audit>(orders, get{}); }
