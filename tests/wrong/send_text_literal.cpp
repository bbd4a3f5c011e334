// SPDX-License-Identifier: Apache-2.0
// first error: this type cannot be a message: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

void f(kin::pid to) { kin::send(to, "a literal is a pointer"); }
