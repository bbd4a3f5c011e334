// SPDX-License-Identifier: Apache-2.0
// What the shell hears of buckets, as a subscriber of the events. Context: one process.
#pragma once

#include <kin/kin.hpp>

#include "store/events.hpp"

#include <string>

namespace kv {

class feed {
 public:
  /// Subscribes, unless it has or there is no event manager.   Waits.
  void subscribe();
  /// The news that have come since the last time, a line each.
  std::string told();

 private:
  void hear(const created& event);
  void hear(const ended& event);

  kin::pid manager_;  // subscribed to; another one knows nobody
  std::string text_;
};

}  // namespace kv
