// SPDX-License-Identifier: Apache-2.0
// What processes of our own tests say to each other.
#pragma once

#include "support/run.hpp"

#include <ostream>
#include <string>

namespace kin::test {

/// A word.
struct word {
  std::string text;
  friend bool operator==(const word&, const word&) = default;
  friend std::ostream& operator<<(std::ostream& out, const word& w) { return out << w.text; }
};
/// ... and a number.
struct number {
  int value = 0;
  friend bool operator==(const number&, const number&) = default;
  friend std::ostream& operator<<(std::ostream& out, const number& n) { return out << n.value; }
};

/// A process that does nothing until it is told to end.
inline void idle() {
  kin::receive([](const word& /*any*/) {});
}

}  // namespace kin::test
