// first error: the server has no handle_cast that takes this message
#include <kin/kin.hpp>

struct get {};
struct add {
  int by = 0;
};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
  void handle_cast(add) {}
};
inline constexpr kin::name<counter> visits{"visits"};
void f() { kin::cast(visits, get{}); }
