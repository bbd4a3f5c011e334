// first error: init takes nothing, and returns nothing or a transition
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  bool init() { return true; }
};
void f() { kin::start<door>(); }
