// SPDX-License-Identifier: Apache-2.0
// The last things that happened in a simulation. Kept as numbers, printed only for who asks.
#pragma once

#include "base/clock.hpp"
#include "process/signal.hpp"
#include "sim/schedule.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <typeinfo>
#include <vector>

namespace kin::detail {

struct event {
  choice_kind what = choice_kind::next;  // comes, or fails
  bool is_told = false;                  // it was not plain, and a schedule said so
  bool is_turn = true;                   // else an arrival
  std::uint64_t step = 0;
  nanotime time = 0;
  std::uint64_t to = 0;                     // ids of processes
  std::uint64_t from = 0;                   // of a signal
  std::uint64_t amount = 0;                 // of what is late, in µs; messages of a cut turn
  signal_kind kind = signal_kind::message;  // of a signal
  const std::type_info* type = nullptr;     // of what runs, or of the message
  const std::string* place = nullptr;       // of an allocation; outlives the log
};

class event_log {
 public:
  void add(const event& e) {
    events_[count_++ % events_.size()] = e;
    if (e.is_told && told_.size() < events_.size()) told_.push_back(e);
  }
  /// The last of them: a line an event, oldest first.
  [[nodiscard]] std::string text() const;
  /// The first of those that a schedule said: the same.
  [[nodiscard]] std::string told_text() const;

 private:
  std::array<event, 64> events_{};
  std::size_t count_ = 0;
  std::vector<event> told_;
};

/// The name of a signal of that kind, as people who know OTP say it.
[[nodiscard]] const char* word_for(signal_kind kind);
/// In seconds, to the microsecond.
[[nodiscard]] std::string seconds(nanotime time);

}  // namespace kin::detail
