// SPDX-License-Identifier: Apache-2.0
// first error: the server has no handle_call that takes this request
#include <kin/kin.hpp>
#include <kin/send_request.hpp>

struct increment {
  int by;
};
struct incremnt {
  int by;
};
struct counter : kin::gen_server {
  int handle_call(increment) { return 1; }
};
auto f(kin::server<counter> visits) { return kin::send_request(visits, incremnt{1}); }
