// first error: this needs a supervisor: its typed name or handle, or a pid
#include <kin/kin.hpp>

struct get {};
struct add {
  int by = 0;
};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
  void handle_cast(add) {}
};
void f(kin::server<counter> c) { kin::start_child(c, 3); }
