// SPDX-License-Identifier: Apache-2.0
// What becomes of buckets, told to all who want to know. The registry does not know them: it tells
// an event manager, in which each subscriber has a handler that forwards events as messages. The
// handler monitors its subscriber, and leaves when that has ended.
#pragma once

#include <kin/gen_event.hpp>
#include <kin/kin.hpp>

#include <string>

namespace kv {

struct created {
  std::string bucket;
  friend bool operator==(const created&, const created&) = default;
};
struct ended {
  std::string bucket;
  kin::exit_reason why;
  friend bool operator==(const ended&, const ended&) = default;
};

using events = kin::gen_event<created, ended>;
inline constexpr kin::name<events> news{"kv_events"};

/// From now on `who` gets a message for each event, as long as this manager lives.
///
/// Error  noproc: there is no manager.   Waits.   Context  a process.
kin::result<void> subscribe(kin::pid who);

}  // namespace kv
