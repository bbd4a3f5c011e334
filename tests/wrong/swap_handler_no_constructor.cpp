// SPDX-License-Identifier: Apache-2.0
// first error: the new handler has no constructor that takes these arguments, with or without a kin::result of what terminate of the old one returns
#include <kin/gen_event.hpp>

struct paid {};
struct before {};
struct after {
  explicit after(int) {}
};
void f(kin::server<kin::gen_event<paid>> orders) { kin::swap_handler<before, after>(orders); }
