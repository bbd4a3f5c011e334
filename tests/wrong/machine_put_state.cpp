// first error: this is no state of the machine
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {};
void f(door& d) { d.put_state(push{}); }
