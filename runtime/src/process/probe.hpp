// SPDX-License-Identifier: Apache-2.0
// How a circle of calls is found: by probes, signals that go from one who waits in a call to the one
// it waits for (edge chasing, after Chandy, Misra and Haas). docs/calls.md argues.
//
//   I1  A probe goes out when a process that waits in a call gets a request: only then can a circle
//       have closed.
//   I2  Who gets a probe passes it on if it waits in a call itself, and owes the process that the
//       probe came from an answer that nobody else can give: the request is in its mailbox or in its
//       hands. Else the probe ends there.
//   I3  A probe that meets a process twice has found a circle, and goes around it once more. If
//       nothing has changed since, all of it was true at the moment in between.
//   I4  Of the requests in a circle some came while their receivers waited already, the same ones to
//       each probe. The process whose request was the last of these is told, and its call fails.
#pragma once

#include <kin/call_cycle.hpp>
#include <kin/pid.hpp>

#include "process/control_block.hpp"
#include "process/signal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kin::detail {

/// A flag of a request: its sender serves others, or has something in its mailbox.
inline constexpr std::uint16_t from_server = 8;  // 4 is the ledger's

/// Who waits in a call, as a probe has met it.
struct waiting_member {
  call_cycle::member who;
  std::uint64_t call = 0;     // the number of its call
  bool came_late = false;     // its request, when the next one waited already
  std::uint32_t came_at = 0;  // at that time
};
struct probe {
  enum class stage : std::uint8_t { seeks, confirms, tells };
  stage at = stage::seeks;
  std::size_t next = 0;  // of the path, when it confirms
  std::vector<waiting_member> path;
};
struct probe_signal : signal {
  std::unique_ptr<probe> what;
};

/// Owner, before a call: whether others may wait for it now. False only if nobody does.
inline bool serves(const control_block& p) {
  return p.is(flag_handles) || p.queue_first != nullptr || !p.owed.empty();
}

/// Owner, which waits in a call. A request has come.
void note_late_request(control_block& p, signal& request);
/// Owner. Asks whether the call it waits in has become part of a circle.
void seek_circle(control_block& p) noexcept;
/// Owner.
void take_probe(control_block& p, probe_signal& s) noexcept;
void discard_probe(probe_signal& s) noexcept;

}  // namespace kin::detail
