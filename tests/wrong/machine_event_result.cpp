// first error: handle_event returns nothing, or where to go
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  bool handle_event(closed& /*now*/, push /*e*/) { return true; }
};
void f() { kin::cast(kin::start<door>(), push{}); }
