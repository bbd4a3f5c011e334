// first error: noreply_t
#include <kin/kin.hpp>

struct get {};
struct counter : kin::gen_server {
  int handle_call(get, kin::from<int>) { return kin::noreply; }
};
