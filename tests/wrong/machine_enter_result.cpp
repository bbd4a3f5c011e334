// first error: handle_enter returns nothing, or an entry
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  transition handle_enter(closed& /*now*/) { return kin::keep_state; }
};
void f() { kin::start<door>(); }
