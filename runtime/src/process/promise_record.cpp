// SPDX-License-Identifier: Apache-2.0
#include "process/promise_record.hpp"

#include "base/pool.hpp"

#include <new>

namespace kin::detail {

promise_record* make_promise(const request_head& head, pid owner) {
  const auto size_class = class_for(sizeof(promise_record));
  auto* record = new (take_memory(sizeof(promise_record), size_class)) promise_record{};
  record->kind = signal_kind::promise_kept;
  record->size_class = size_class;
  record->head = head;
  record->owner = owner;
  return record;
}

void let_go(promise_record& record) noexcept {
  if (!record.holders.let_go()) return;
  const auto size_class = record.size_class;
  record.~promise_record();
  give_memory(&record, size_class);
}

}  // namespace kin::detail
