// first error: after the state come actions
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  transition handle_event(closed& /*now*/, push /*e*/) { return kin::next_state(open{}, 5); }
};
void f() { kin::cast(kin::start<door>(), push{}); }
