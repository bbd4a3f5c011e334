// first error: no state of this machine has a handle_call that takes this request
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {};
void f() { kin::call(kin::start<door>(), push{}); }
