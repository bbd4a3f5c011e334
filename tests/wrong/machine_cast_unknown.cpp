// first error: no state of this machine has a handle_event that takes this message
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {};
void f() { kin::cast(kin::start<door>(), push{}); }
