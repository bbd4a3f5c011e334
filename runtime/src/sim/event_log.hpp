// SPDX-License-Identifier: Apache-2.0
// The last things that happened in a simulation. Kept as numbers, printed only for who asks.
#pragma once

#include "base/clock.hpp"
#include "process/signal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <typeinfo>

namespace kin::detail {

struct event {
  std::uint64_t step = 0;
  nanotime time = 0;
  std::uint64_t to = 0;    // ids of processes
  std::uint64_t from = 0;  // of an arrival
  bool is_turn = true;
  bool is_fault = false;                    // killed by the simulation
  signal_kind kind = signal_kind::message;  // of an arrival
  const std::type_info* type = nullptr;     // of what runs, or of the message
};

class event_log {
 public:
  void add(const event& e) { events_[count_++ % events_.size()] = e; }
  /// A line an event, oldest first.
  [[nodiscard]] std::string text() const;

 private:
  std::array<event, 64> events_{};
  std::size_t count_ = 0;
};

/// The name of a signal of that kind, as people who know OTP say it.
[[nodiscard]] const char* word_for(signal_kind kind);
/// In seconds, to the microsecond.
[[nodiscard]] std::string seconds(nanotime time);

}  // namespace kin::detail
