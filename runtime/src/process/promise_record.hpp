// SPDX-License-Identifier: Apache-2.0
// A request that was put aside, in memory: held by the promise, wherever that goes, and by the
// process that got the request, which answers with its exit reason when it dies first.
#pragma once

#include <kin/pid.hpp>
#include <kin/request.hpp>

#include "base/list.hpp"
#include "process/signal.hpp"
#include "process/two_holders.hpp"

namespace kin::detail {

class promise_record : public signal {  // the signal tells the owner that it was kept elsewhere
 public:
  list_hook<promise_record> in_owner;
  request_head head;
  pid owner;
  bool stays = false;  // with its owner: nobody else can answer
  two_holders holders;
};

using promise_list = list<promise_record, &promise_record::in_owner>;

promise_record* make_promise(const request_head& head, pid owner);
void let_go(promise_record& record) noexcept;

}  // namespace kin::detail
