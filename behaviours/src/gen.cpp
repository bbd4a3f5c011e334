// SPDX-License-Identifier: Apache-2.0
#include <kin/gen.hpp>

#include <string>
#include <utility>

namespace kin::detail {

reply call(std::optional<pid> to, signal* request, duration limit) {
  if (!to) {
    destroy_signal(request);
    return reply(exit_reason(noproc));
  }
  return exchange(*to, request, limit);
}

bool server_host::drops(request_head& head) {
  if (head.number == 0 || !has_given_up(head)) return false;
  answer_failure(std::exchange(head, {head.caller, 0}), timed_out);
  ++expired_;
  return true;
}

bool refused(const server_host& host, signal& request) {
  const std::type_info& wanted = *static_cast<const request_type*>(request.type)->server;
  if (same_type(wanted, host.server_type()) || same_type(wanted, typeid(any_server))) return false;
  request_head& head = head_of(request);
  const exit_reason why("the server is a " + type_name(host.server_type()) + ", not a " +
                        type_name(wanted));
  if (head.number != 0) answer_failure(std::exchange(head, {head.caller, 0}), why);
  return true;
}

void throw_call_failed(const exit_reason& why, const request_type& request) {
  throw call_failed(why,
                    "call of " + type_name(*request.server) + " with " + type_name(*request.info));
}

}  // namespace kin::detail
