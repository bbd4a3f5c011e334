// first error: drops_expired is a static constexpr bool
#include <kin/kin.hpp>

struct counter : kin::gen_server {
  bool drops_expired = true;
};
void f() { kin::start<counter>(); }
