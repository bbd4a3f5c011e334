// SPDX-License-Identifier: Apache-2.0
// The door to processes of other nodes: whatever is posted to one of them goes through here.
//
// A pid's hint is the address of a block, which is a multiple of 128; an odd hint is that of the
// router by which its node is reached. Nothing on this side asks further: links, monitors, calls
// and exits are signals, and what becomes of a signal that is not delivered is decided where it was
// posted.
#pragma once

#include <kin/pid.hpp>

#include "process/signal.hpp"

#include <cstdint>

namespace kin::detail {

/// The way to one node. Immortal, as pids are never too old to be used.
class remote_router {
 public:
  remote_router() = default;
  remote_router(const remote_router&) = delete;
  remote_router& operator=(const remote_router&) = delete;

  /// As `post`: takes `s`, or gives false, and it stays the caller's. Any thread.
  [[nodiscard]] virtual bool send(pid to, signal* s) noexcept = 0;

  [[nodiscard]] std::uint64_t hint() const { return reinterpret_cast<std::uint64_t>(this) | odd; }
  static bool is_remote(std::uint64_t hint) { return (hint & odd) != 0; }
  static remote_router& of(std::uint64_t hint) {
    return *reinterpret_cast<remote_router*>(hint & ~odd);
  }

 protected:
  ~remote_router() = default;

 private:
  static constexpr std::uint64_t odd = 1;
};

}  // namespace kin::detail
