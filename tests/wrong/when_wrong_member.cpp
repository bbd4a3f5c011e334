// SPDX-License-Identifier: Apache-2.0
// first error: no matching function for call to
#include <kin/kin.hpp>

#include <string>

struct ping {
  int value = 0;
};
auto f() {
  return kin::when(&ping::value, std::string("text"), [](ping) {});
}
