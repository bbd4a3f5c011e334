// SPDX-License-Identifier: Apache-2.0
#include "process/hibernation.hpp"

#include "process/scheduling.hpp"

#include <utility>

namespace kin::detail {
namespace {

bool is_needed(const control_block& p, const extras& e) {
  const bool is_known = e.name != nullptr || !e.monitors.empty() || !e.watchers.empty() ||
                        !e.aliases.empty() || !e.down_makers.empty();
  const bool is_limited = e.way_in != nullptr || !e.room_wanted.empty() || e.suspensions != 0 ||
                          !e.suspended.empty() || e.no_waits != nullptr;
  const bool keeps_things = !e.values.empty() || !e.own_timers.empty() || !e.links_by_peer.empty();
  return is_known || is_limited || keeps_things || e.group_leader || p.is(flag_doomed) ||
         p.is(flag_idle_timer);
}

template <class Map>
void shrink(Map& map) {
  if (map.empty()) Map().swap(map);
}

// Children to come get an origin of their own, which says the same.
void forget_children(extras& e) noexcept {
  if (e.of_children == nullptr) return;
  lineage::release(std::exchange(e.of_children, nullptr),
                   1 + std::exchange(e.uses_for_children, 0));
}

}  // namespace

void give_back_memory(control_block& p) {
  if (p.extra == nullptr) return;
  extras& e = *p.extra;
  forget_fired_timers(p);
  forget_children(e);
  if (!is_needed(p, e)) {
    delete std::exchange(p.extra, nullptr);
    return;
  }
  e.own_timers.shrink_to_fit();
  e.room_wanted.shrink_to_fit();
  shrink(e.links_by_peer);
  shrink(e.monitors_by_ref);
  shrink(e.aliases);
  shrink(e.down_makers);
  shrink(e.suspended);
}

}  // namespace kin::detail
