// SPDX-License-Identifier: Apache-2.0
#include "scheduler/handout.hpp"

#include "scheduler/worker.hpp"

namespace kin::detail {

bool handout::withdraw(worker& asker) {
  worker* expected = &asker;
  // relaxed: one of this and `give` takes the asker out, and nothing is read on the strength of it.
  return !asker_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed);
}

control_block* handout::take(worker& asker) {
  while (!answered()) yield_core();  // the giver has perhaps lost its core
  const std::uint32_t count = answer_.load(std::memory_order_relaxed);  // as `answered` saw it
  answer_.store(none_yet, std::memory_order_relaxed);
  for (std::uint32_t i = 1; i < count; ++i) {
    control_block& p = *items_[i];
    asker.queue.push_back(p, p.at());
  }
  if (count == 0) return nullptr;
  return items_[0];
}

void handout::give(worker& giver) {
  // A lone one is what this worker runs next. (One that asks may pass here itself, firing timers.)
  worker* asker = asker_.load(std::memory_order_relaxed);
  const std::size_t more = giver.queue.size() + (giver.queue.has_slot() ? 1 : 0);
  if (asker == nullptr || asker == &giver || (more < 2 && !giver.queue.urgent())) return;
  // acquire: pairs with `ask`; I1, `items_` is free.
  if (!asker_.compare_exchange_strong(asker, nullptr, std::memory_order_acquire)) return;
  std::uint32_t count = 0;
  giver.queue.give(most, [&](control_block& p) { items_[count++] = &p; });
  answer_.store(count, std::memory_order_release);  // pairs with `answered`
}

}  // namespace kin::detail
