// first error: next_state to what is no state of this machine
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  transition handle_event(closed& /*now*/, push p) { return kin::next_state(p); }
};
void f() { kin::cast(kin::start<door>(), push{}); }
