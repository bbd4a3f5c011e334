// first error: terminate takes a const kin::exit_reason&
#include <kin/kin.hpp>

struct counter : kin::gen_server {
  void terminate() {}
};
void f() { kin::start<counter>(); }
