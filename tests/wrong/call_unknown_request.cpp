// SPDX-License-Identifier: Apache-2.0
// first error: the server has no handle_call that takes this request
#include <kin/kin.hpp>

struct increment {
  int by;
};
struct incremnt {
  int by;
};
struct counter : kin::gen_server {
  int handle_call(increment) { return 1; }
};
inline constexpr kin::name<counter> visits{"visits"};
int f() { return kin::call(visits, incremnt{1}); }
