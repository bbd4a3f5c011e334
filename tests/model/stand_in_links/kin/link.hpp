// SPDX-License-Identifier: Apache-2.0
// Stands in for <kin/link.hpp>: what is heard of an end.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>

namespace kin {
struct exited {
  pid from;
  exit_reason reason;
};
}  // namespace kin
