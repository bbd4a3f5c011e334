// first error: handle_info takes nothing and returns kin::clauses{...}
#include <kin/kin.hpp>

struct tick {};
struct counter : kin::gen_server {
  void handle_info(tick) {}
};
void f() { kin::start<counter>(); }
