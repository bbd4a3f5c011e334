// SPDX-License-Identifier: Apache-2.0
// What this floor does with a promise beside keeping it.
#pragma once

#include <kin/request.hpp>

#include "process/promise_record.hpp"

#include <utility>

namespace kin::detail {

class start_access {
 public:
  static void give(promise& to, promise_record* record) { to.record_ = record; }
  static promise_record* record(const promise& of) { return of.record_; }
  static request_head take_back(promise& from) noexcept {
    if (from.in_hand_ != nullptr) return std::exchange(*from.in_hand_, {from.in_hand_->caller, 0});
    if (from.record_ == nullptr) return {};
    const request_head owed = from.record_->head;
    from.settle();
    return owed;
  }
};

}  // namespace kin::detail
