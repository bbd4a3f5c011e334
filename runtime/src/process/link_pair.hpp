// SPDX-License-Identifier: Apache-2.0
// A link in memory: one record of 96 bytes that two processes share, each with a half of its own.
//
// It is made with all that its end will need, so that telling of it allocates nothing: the dying
// side pushes the *peer's* half, which is a signal, into the peer's inbox.
//   I1  A half is in its owner's list, and active, while the link holds for that owner; only the
//       owner touches both.
//   I2  Each side holds the record until it drains the peer's end. Giving the link up sends that
//       hold along with the unlink signal, and whoever drains it lets go. The last to let go frees
//       the record.
//   I3  Only the dying side pushes the peer's half, once; its own hold travels with that, and
//       whoever drains the half lets go of it.
//   I4  The pusher writes `next` and `to` of the peer's half only; what its owner reads meanwhile
//       stays as it is.
// A link given up here while the peer dies: its push finds our half inactive, and only frees.
// Made from both sides at once there are two records for one link: whatever ends the link ends both
// (flag_doubled). Rejected: one record and a handshake of acknowledged unlinks: it costs a signal
// for each unlink.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>

#include "base/list.hpp"
#include "process/signal.hpp"
#include "process/two_holders.hpp"

#include <cstdint>

namespace kin::detail {

struct link_half : signal {
  // `type` of the header holds the peer's hint: a half has no value (I4 keeps it readable).
  std::uint64_t peer_id = 0;
  union {
    list_hook<link_half> in_owner;
    const reason_rep* why;  // once the owner of this half is dying and it has left the list: its
                            // reason, one count
  };

  link_half() : signal{}, in_owner{} {}

  [[nodiscard]] pid peer() const {
    return pid_access::make(reinterpret_cast<std::uint64_t>(type), peer_id);
  }
  void set_peer(pid p) {
    type = reinterpret_cast<const message_type*>(pid_access::hint(p));
    peer_id = pid_access::id(p);
  }
  [[nodiscard]] bool active() const { return (flags & is_active) != 0; }
  void set_active(bool on) {
    flags = static_cast<std::uint16_t>(on ? flags | is_active : flags & ~is_active);
  }
  /// The other side asked for this link when the owner was dead already.
  [[nodiscard]] bool too_late() const { return (flags & came_too_late) != 0; }
  void set_too_late() { flags |= came_too_late; }

  static constexpr std::uint16_t is_active = 1;
  static constexpr std::uint16_t is_second = 2;  // of the two halves
  static constexpr std::uint16_t came_too_late = 4;
};

struct link_pair {
  link_half of_maker;
  link_half of_other;

  link_half& other(const link_half& half) { return &half == &of_maker ? of_other : of_maker; }
  [[nodiscard]] static link_pair& of(link_half& half);
};

using link_list = list<link_half, &link_half::in_owner>;

/// A record between `maker` and `other`, in no list yet, both halves inactive.
link_pair* make_link(pid maker, pid other);
/// I2.
void let_go(link_pair& pair) noexcept;

}  // namespace kin::detail
