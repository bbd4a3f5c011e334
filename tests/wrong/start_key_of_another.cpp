// first error: this is a key of a registry for another server
#include <kin/kin.hpp>

struct get {};
struct add {
  int by = 0;
};
struct counter : kin::gen_server {
  int handle_call(get) { return 1; }
  void handle_cast(add) {}
};
struct other : kin::gen_server {};
inline kin::registry<int, counter> counters;
void f() { kin::start<other>({.name = counters[3]}); }
