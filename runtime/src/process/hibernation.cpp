// SPDX-License-Identifier: Apache-2.0
#include "process/hibernation.hpp"

#include "process/scheduling.hpp"

#include <utility>

namespace kin::detail {
namespace {

bool is_in_use(const rarities& r) {
  const bool knows = !r.aliases.empty() || !r.down_makers.empty() || !r.suspended.empty() ||
                     !r.links_by_peer.empty() || !r.monitors_by_ref.empty();
  const bool is_limited = r.way_in != nullptr || !r.room_wanted.empty() || r.suspensions != 0;
  return knows || is_limited || !r.values.empty() || !r.own_timers.empty() || r.group_leader;
}

bool is_in_use(const control_block& p, const extras& e) {
  const bool is_known = e.name != nullptr || !e.monitors.empty() || !e.watchers.empty();
  return is_known || e.rare != nullptr || e.no_waits != nullptr || p.is(flag_doomed) ||
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

void shrink(rarities& r) {
  r.own_timers.shrink_to_fit();
  r.room_wanted.shrink_to_fit();
  shrink(r.links_by_peer);
  shrink(r.monitors_by_ref);
  shrink(r.aliases);
  shrink(r.down_makers);
  shrink(r.suspended);
}

}  // namespace

void give_back_memory(control_block& p) {
  if (p.extra == nullptr) return;
  if (rarities* rare = p.rare()) {
    forget_fired_timers(p);
    is_in_use(*rare) ? shrink(*rare) : p.extra->rare.reset();
  }
  forget_children(*p.extra);
  if (!is_in_use(p, *p.extra)) delete std::exchange(p.extra, nullptr);
}

}  // namespace kin::detail
