// first error: handle_enter stays in the state that is entered
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  entry handle_enter(closed& /*now*/) { return kin::next_state(open{}); }
};
void f() { kin::start<door>(); }
