// SPDX-License-Identifier: Apache-2.0
// first error: a clause takes one named message type, not auto
#include <kin/kin.hpp>

void f() {
  kin::spawn([] { return kin::loop([](auto any) { static_cast<void>(any); }); });
}
