// SPDX-License-Identifier: Apache-2.0
#include <kin/gen.hpp>

#include <string>

namespace kin::detail {

reply call(std::optional<pid> to, signal* request, duration limit) {
  if (!to) {
    destroy_signal(request);
    return reply(exit_reason(noproc));
  }
  return exchange(*to, request, limit);
}

void throw_call_failed(const exit_reason& why, const request_type& request) {
  throw call_failed(why,
                    "call of " + type_name(*request.server) + " with " + type_name(*request.info));
}

}  // namespace kin::detail
