// SPDX-License-Identifier: Apache-2.0
// What a fuzz target says must hold: else it stops, and libFuzzer keeps the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#define CLAIM(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : kin::fuzz::failed(#condition, __LINE__))

namespace kin::fuzz {

[[noreturn]] inline void failed(const char* claim, int line) {
  std::fprintf(stderr, "does not hold, in line %d: %s\n", line, claim);
  std::abort();
}

}  // namespace kin::fuzz
