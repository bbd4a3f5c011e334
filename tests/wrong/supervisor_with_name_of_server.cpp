// first error: this is not the name of a supervisor
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
kin::supervisor f() { return {{.name = visits}}; }
