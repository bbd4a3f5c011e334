// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/process/link_pair.hpp: a record whose fields are checked for races, and for
// use after it is freed.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>

#include "base/list.hpp"
#include "process/signal.hpp"
#include "process/two_holders.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace kin::detail {

struct link_pair;

struct link_half : signal {
  link_pair* pair = nullptr;
  std::uint64_t peer_hint = 0;
  std::uint64_t peer_id = 0;
  list_hook<link_half> in_owner;
  model::plain<const reason_rep*> why;
  model::plain<int> is_active{0};
  model::plain<int> came_too_late{0};

  [[nodiscard]] pid peer() const { return pid_access::make(peer_hint, peer_id); }
  [[nodiscard]] inline bool active() const;
  inline void set_active(bool on);
  [[nodiscard]] bool too_late() const { return came_too_late != 0; }
  void set_too_late() { came_too_late = 1; }
};

struct link_pair {
  link_half of_maker;
  link_half of_other;
  std::optional<two_holders> holders;
  model::plain<int> freed{0};
  bool made = false;

  link_half& other(const link_half& half) { return &half == &of_maker ? of_other : of_maker; }
  [[nodiscard]] static link_pair& of(link_half& half) { return *half.pair; }
};

inline bool link_half::active() const {
  model::expect(pair->freed == 0, "it is freed, and used");
  return is_active != 0;
}
inline void link_half::set_active(bool on) {
  model::expect(pair->freed == 0, "it is freed, and used");
  is_active = on ? 1 : 0;
}

using link_list = list<link_half, &link_half::in_owner>;

/// As signal_store.
struct link_store {
  static constexpr unsigned most = 2;
  std::array<std::array<link_pair, most>, 2> all;
  static inline link_store* present = nullptr;

  link_store() {
    for (auto& of_thread : all) {
      for (link_pair& pair : of_thread) {
        pair.holders.emplace();
        for (link_half* half : {&pair.of_maker, &pair.of_other}) half->pair = &pair;
      }
    }
  }
};

inline link_pair* make_link(pid maker, pid other) {
  for (link_pair& pair : link_store::present->all[model::this_thread()]) {
    if (pair.made) continue;
    pair.made = true;
    const auto set = [](link_half& half, pid peer) {
      half.kind = signal_kind::link_broken;
      half.peer_hint = pid_access::hint(peer);
      half.peer_id = pid_access::id(peer);
    };
    set(pair.of_maker, other);
    set(pair.of_other, maker);
    return &pair;
  }
  model::fail("too few links in this world");
  return nullptr;
}

inline void let_go(link_pair& pair) noexcept {
  if (!pair.holders->let_go()) return;
  model::expect(pair.freed == 0, "it is freed twice");
  model::expect(pair.of_maker.is_active == 0 && pair.of_other.is_active == 0,
                "it is freed, and in a list");
  pair.freed = 1;
}

}  // namespace kin::detail
