// SPDX-License-Identifier: Apache-2.0
// Who wants to go on when nobody else can: the world is quiet, and no time has passed yet.
#include <kin/receive.hpp>
#include <kin/sim.hpp>

#include "api/calling_process.hpp"
#include "process/mailbox.hpp"
#include "process/scheduling.hpp"
#include "scheduler/machine_core.hpp"
#include "sim/simulation.hpp"

namespace kin {
namespace detail {

bool simulation::tell_settled() {
  while (!await_quiet_.empty()) {
    const pid one = await_quiet_.back();
    await_quiet_.pop_back();
    signal* s = box(settled{});
    if (hand_in(one, s)) return true;
    refuse(s, noproc);  // it was killed meanwhile
  }
  return false;
}

}  // namespace detail

namespace sim {

bool settle() {
  kin::detail::calling_process("kin::sim::settle");
  auto* world =
      dynamic_cast<kin::detail::simulation*>(kin::detail::this_worker().machine.driven_by);
  if (world == nullptr) return false;
  world->tell_when_settled(kin::self());
  kin::receive([](kin::detail::settled) {});
  return true;
}

}  // namespace sim
}  // namespace kin
