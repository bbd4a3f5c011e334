// first error: cast needs a typed name or handle; a bare pid does not know its server
#include <kin/kin.hpp>

struct get {};
struct add {
  int by = 0;
};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
  void handle_cast(add) {}
};
void f(kin::pid p) { kin::cast(p, add{1}); }
