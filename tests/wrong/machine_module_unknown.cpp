// first error: a callback module stands among the machine's callback_modules
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct repair {};
struct door : kin::gen_statem<door, closed, open> {
  transition handle_event(closed& /*now*/, push /*e*/) { return kin::push_callback_module<repair>; }
};
void f() { kin::cast(kin::start<door>(), push{}); }
