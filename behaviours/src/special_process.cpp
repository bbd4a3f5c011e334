// SPDX-License-Identifier: Apache-2.0
#include <kin/link.hpp>
#include <kin/special_process.hpp>

#include "system_state.hpp"

#include <utility>

namespace kin::detail {
namespace {

bool is_system_request(const signal& s) {
  const request_type* request = as_request(s);
  return request != nullptr && request->is_system;
}
bool is_to_end(const signal& s) { return same_type(*s.type->info, typeid(terminate_request)); }

}  // namespace

bool special_host::serve(receiver& mailbox, signal& candidate) {
  if (is_to_end(candidate)) {
    const message order = mailbox.take();
    exit(order.get_if<terminate_request>()->why);
  }
  if (!is_system_request(candidate)) return false;
  apply(mailbox.take());
  while (system_access(*this).is_suspended()) stay_suspended();
  return true;
}

void special_host::apply(message m) {
  if (!refused(*this, m.node())) {
    as_request(m.node())->apply(*this, m.node());
  }
}

// Until the next message that is served all the same.
void special_host::stay_suspended() {
  receiver mailbox(nullptr, 0, true, infinity, {});
  while (signal* candidate = mailbox.next()) {
    if (is_to_end(*candidate)) {
      const message order = mailbox.take();
      exit(order.get_if<terminate_request>()->why);
    }
    if (is_system_request(*candidate)) return apply(mailbox.take());
    const bool is_exit = same_type(*candidate->type->info, typeid(exited));
    if (is_exit && static_cast<exited*>(value_of(*candidate))->from == parent()) {
      const message last = mailbox.take();
      exit(last.get_if<exited>()->reason);
    }
  }
}

}  // namespace kin::detail
