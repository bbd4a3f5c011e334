// SPDX-License-Identifier: Apache-2.0
// first error: this is no event manager: it needs a typed name or handle of a kin::gen_event
#include <kin/gen_event.hpp>

struct paid {};
void f(kin::pid orders) { kin::sync_notify(orders, paid{}); }
