// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/process/mailbox.hpp: who is told of an end hears it while it is linked, and
// once.
#pragma once

#include <kin/link.hpp>

#include "process/control_block.hpp"

#include <array>

namespace kin::detail {

inline std::array<control_block*, 2> present_blocks{};

inline bool post(pid to, signal* s) noexcept {
  control_block& p = *present_blocks[pid_access::id(to) - 1];
  return state::push(p.word, state::tag(pid_access::hint(to)), s) != state::pushed::no;
}
inline exited box(exited told) { return told; }
inline void enqueue(control_block& p, const exited& told) {
  model::expect(told.from != p.name(), "it hears of its own end");
  model::expect(p.linked, "an end is heard after unlink, or twice");
  p.linked = false;
}
inline void strike(control_block& p, const exit_reason& /*why*/) { p.set(flag_struck); }

}  // namespace kin::detail
