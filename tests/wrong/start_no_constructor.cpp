// first error: the server has no constructor that takes these arguments
#include <kin/kin.hpp>

#include <string>

struct get {};
struct add {
  int by = 0;
};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
  void handle_cast(add) {}
};
void f() { kin::start<counter>(std::string("three")); }
