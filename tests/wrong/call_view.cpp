// first error: this request cannot be a message: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <string_view>

struct get {};
struct add {
  int by = 0;
};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
  void handle_cast(add) {}
};
inline constexpr kin::name<counter> visits{"visits"};
void f() { kin::call(visits, std::string_view("get")); }
