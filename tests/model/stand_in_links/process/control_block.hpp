// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/process/control_block.hpp: of a process, what its links touch.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>

#include "process/link_pair.hpp"
#include "process/state.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>

namespace kin::detail {

struct rarities {
  std::unordered_multimap<std::uint64_t, link_half*> links_by_peer;
};
struct extras {
  std::unique_ptr<rarities> rare;
};

enum flag : std::uint32_t {
  flag_traps = 1U << 0U,
  flag_dead = 1U << 1U,
  flag_struck = 1U << 2U,
  flag_doubled = 1U << 3U
};

struct control_block {
  state::word word{0};
  link_list links;
  std::uint32_t link_count = 0;
  extras* extra = nullptr;  // few links need no index
  std::uint32_t flags = flag_traps;
  pid called;
  bool linked = false;  // by what was done and has come so far

  [[nodiscard]] bool is(flag f) const { return (flags & f) != 0; }
  void set(flag f) { flags |= f; }
  [[nodiscard]] pid name() const { return called; }
  [[nodiscard]] std::uint64_t id() const { return pid_access::id(called); }
  [[nodiscard]] static rarities* rare() { return nullptr; }
  rarities& make_rare() {
    model::fail("more links than this world has");
    return *extra->rare;
  }
};

}  // namespace kin::detail
