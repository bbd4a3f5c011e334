// SPDX-License-Identifier: Apache-2.0
// first error: the clauses of a receive return different things
#include <kin/kin.hpp>

struct ping {};
struct pong {};
auto f() {
  return kin::receive([](ping) { return 1; }, [](pong) {});
}
