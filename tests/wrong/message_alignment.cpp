// SPDX-License-Identifier: Apache-2.0
// first error: a message can be aligned to 64 bytes at most
#include <kin/kin.hpp>

struct alignas(128) wide {
  int value = 0;
};
void f(kin::pid to) { kin::send(to, wide{}); }
