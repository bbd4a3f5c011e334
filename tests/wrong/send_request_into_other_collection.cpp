// SPDX-License-Identifier: Apache-2.0
// first error: this collection is for requests with another type of reply
#include <kin/kin.hpp>
#include <kin/send_request.hpp>

#include <string>

struct price_of {
  std::string article;
};
struct shop : kin::gen_server {
  int handle_call(const price_of&) { return 100; }
};
void f(kin::server<shop> shop, kin::request_ids<std::string, int>& open) {
  kin::send_request(shop, price_of{"tea"}, 1, open);
}
