// SPDX-License-Identifier: Apache-2.0
#include <kin/receive.hpp>
#include <kin/send_request.hpp>

#include <algorithm>

namespace kin {

time_limit::time_limit(duration d) : left_(d) {
  if (d.count() < 0) throw error(timeout_value, "the time to wait for a response is negative");
}
time_limit::time_limit(clock::time_point at)
    : left_(std::max(duration(0), duration(at - clock::now()))) {}

namespace detail {

std::optional<response> take_response(const request_filter& wanted, duration limit) {
  return kin::receive(when([&](const response& r) { return wanted(response_access::number(r)); },
                           [](response r) { return std::optional(std::move(r)); }),
                      after(limit, [] { return std::optional<response>(); }));
}

void throw_known_request() { throw error(badarg, "this request is in the collection already"); }

}  // namespace detail
}  // namespace kin
