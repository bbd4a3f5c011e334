// SPDX-License-Identifier: Apache-2.0
// first error: this is none of the events that the manager lists
#include <kin/gen_event.hpp>

struct paid {};
struct payed {};
void f(kin::server<kin::gen_event<paid>> orders) { kin::notify(orders, payed{}); }
