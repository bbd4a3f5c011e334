// first error: handle_cast returns nothing, or what comes next: kin::stop(why), kin::timeout{...}
#include <kin/kin.hpp>

struct add {};
struct counter : kin::gen_server {
  int handle_cast(add) { return 1; }
};
void f(kin::server<counter> c) { kin::cast(c, add{}); }
