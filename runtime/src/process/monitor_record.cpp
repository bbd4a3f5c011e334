// SPDX-License-Identifier: Apache-2.0
#include "process/monitor_record.hpp"

#include "base/pool.hpp"

#include <new>

namespace kin::detail {

monitor_record* make_monitor(pid watcher, pid watched, std::uint64_t reference) {
  const auto size_class = class_for(sizeof(monitor_record));
  auto* record = new (take_memory(sizeof(monitor_record), size_class)) monitor_record{};
  record->kind = signal_kind::monitor_fired;
  record->size_class = size_class;
  record->watcher = watcher;
  record->watched = watched;
  record->reference = reference;
  return record;
}

void let_go(monitor_record& record) noexcept {
  if (!record.holders.let_go()) return;
  const auto size_class = record.size_class;
  record.~monitor_record();
  give_memory(&record, size_class);
}

}  // namespace kin::detail
