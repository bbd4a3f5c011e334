// first error: a server derives from kin::gen_server
#include <kin/kin.hpp>

struct counter {};
void f() { kin::start<counter>(); }
