// first error: the states reply with different types to the same request
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  int handle_call(closed& /*now*/, push /*q*/) { return 1; }
  bool handle_call(open& /*now*/, push /*q*/) { return true; }
};
int f() { return kin::call(kin::start<door>(), push{}); }
