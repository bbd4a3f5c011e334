// first error: an event that cannot be copied is taken by reference
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct letter {
  std::unique_ptr<int> text;
};
struct door : kin::gen_statem<door, closed, open> {
  void handle_event(closed& /*now*/, letter /*e*/) {}
};
void f() { kin::cast(kin::start<door>(), letter{}); }
