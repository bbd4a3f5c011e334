// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/process/signal.hpp: a signal whose fields are checked for races.
#pragma once

#include "model/checker.hpp"

#include <cstdint>

namespace kin::detail {

enum class signal_kind : std::uint8_t { message, exit };
inline bool is_mail(signal_kind k) { return k == signal_kind::message; }

struct alignas(16) signal {
  model::plain<signal*> next;
  model::plain<signal_kind> kind;
  model::plain<std::uint64_t> value;
};

struct record_signal {
  void* record = nullptr;
};

}  // namespace kin::detail
