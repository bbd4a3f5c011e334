// SPDX-License-Identifier: Apache-2.0
// The flight recorders as lines of text, for a signal handler and for kin::dump alike.
#pragma once

#include "scheduler/flight_recorder.hpp"

#include <cstdint>

namespace kin::detail {

class machine_core;
class plain_text;

/// Whether the address lies in the program or a library of it, now. Async-signal-safe.
[[nodiscard]] bool is_loaded(const void* address) noexcept;
/// Of each worker of the machine what it has done last, oldest first. Any thread;
/// async-signal-safe.
void write_events(plain_text& out, const machine_core& machine) noexcept;

}  // namespace kin::detail
