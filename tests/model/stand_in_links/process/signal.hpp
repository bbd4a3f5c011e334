// SPDX-License-Identifier: Apache-2.0
// Stands in for runtime/src/process/signal.hpp: those that links send. A world has so many, made before
// it runs; each thread takes from its own.
#pragma once

#include "model/checker.hpp"

#include <array>
#include <cstdint>

namespace kin::detail {

enum class signal_kind : std::uint8_t { link, unlink, link_broken };
inline bool is_mail(signal_kind /*k*/) { return false; }

struct alignas(16) signal {
  model::plain<signal*> next;
  model::plain<signal_kind> kind;
};

struct record_signal : signal {
  void* record = nullptr;
  bool made = false;  // each serves once: the last one to use it may be another thread
  model::plain<int> freed{0};
};

struct signal_store {
  static constexpr unsigned most = 6;
  std::array<std::array<record_signal, most>, 2> all;
  static inline signal_store* present = nullptr;
};

template <class Node>
Node* make_signal(signal_kind kind) {
  for (record_signal& s : signal_store::present->all[model::this_thread()]) {
    if (s.made) continue;
    s.made = true;
    s.kind = kind;
    return &s;
  }
  model::fail("too few signals in this world");
  return nullptr;
}
inline void free_signal(record_signal* s) {
  model::expect(s->freed == 0, "a signal is freed twice");
  s->freed = 1;
}

}  // namespace kin::detail
