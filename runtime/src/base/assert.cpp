// SPDX-License-Identifier: Apache-2.0
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace kin::detail {

void assertion_failed(const char* text, const char* file, int line) noexcept {
  std::fprintf(stderr, "kin: %s:%d: %s does not hold\n", file, line, text);
  std::abort();
}

}  // namespace kin::detail
