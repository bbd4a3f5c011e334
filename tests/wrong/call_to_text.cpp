// first error: this leads to no process
#include <kin/kin.hpp>

struct get {};
struct add {
  int by = 0;
};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
  void handle_cast(add) {}
};
int f() { return kin::call("visits", get{}); }
