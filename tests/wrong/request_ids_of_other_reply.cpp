// SPDX-License-Identifier: Apache-2.0
// first error: this collection is for requests with another type of reply
#include <kin/send_request.hpp>

#include <string>

void f(kin::request_ids<std::string, int>& open, const kin::request_id<int>& price) {
  open.add(price, 1);
}
