// first error: no state of this machine has a handle_event for this event
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct door : kin::gen_statem<door, closed, open> {
  transition handle_event(closed& /*now*/, push /*e*/) {
    return kin::state_timeout{std::chrono::seconds(1)};
  }
};
void f() { kin::cast(kin::start<door>(), push{}); }
