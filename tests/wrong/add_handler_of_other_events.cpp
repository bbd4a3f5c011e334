// SPDX-License-Identifier: Apache-2.0
// first error: handle_event of this handler takes none of the events that the manager lists
#include <kin/gen_event.hpp>

struct paid {};
struct shipped {};
struct audit {
  void handle_event(const shipped&) {}
};
void f(kin::server<kin::gen_event<paid>> orders) { kin::add_handler<audit>(orders); }
