// first error: init takes nothing, and returns nothing or what comes next: kin::ignore(), kin::stop(why)
#include <kin/kin.hpp>

struct counter : kin::gen_server {
  bool init() { return true; }
};
void f() { kin::start<counter>(); }
