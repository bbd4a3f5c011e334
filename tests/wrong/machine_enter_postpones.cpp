// first error: handle_enter sets timeouts and hibernates, no more
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  entry handle_enter(closed& /*now*/) { return kin::postpone; }
};
void f() { kin::start<door>(); }
