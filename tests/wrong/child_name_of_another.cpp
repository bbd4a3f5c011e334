// first error: this is the name of another server
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
struct other : kin::gen_server {};
auto f() { return kin::child<other>({.name = visits}); }
