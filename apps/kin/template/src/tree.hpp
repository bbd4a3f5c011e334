// Who is started, in which order, and what happens when one of them dies.
#pragma once

#include "counter.hpp"

/// Restarts what dies, but not more than 3 times in 5 seconds: then the fault is elsewhere, and the
/// tree ends.
inline kin::supervisor tree() {
  using namespace kin::literals;
  return {{.strategy = kin::one_for_one, .intensity = 3, .period = 5s},
          kin::child<counter>({.name = visits}, 0)};
}
