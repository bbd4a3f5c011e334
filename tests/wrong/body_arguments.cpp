// SPDX-License-Identifier: Apache-2.0
// first error: a process body is called without arguments: capture what it needs
#include <kin/kin.hpp>

void f() {
  kin::spawn([](int x) { static_cast<void>(x); });
}
