// SPDX-License-Identifier: Apache-2.0
// All machines that live in this program, and where a debugger finds what in them: the same table
// whether there is debug information or not (tools/gdb/kin.py).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kin::detail {

class machine_core;

/// Those beyond are not listed: they run all the same.
inline constexpr std::size_t machines_listed = 64;
using machine_list = std::array<std::atomic<machine_core*>, machines_listed>;

/// Any thread, a signal handler too.
[[nodiscard]] const machine_list& all_machines() noexcept;
/// Once each, when its parts stand, and before they fall.
void enlist(machine_core& machine) noexcept;
void strike_off(machine_core& machine) noexcept;

}  // namespace kin::detail
