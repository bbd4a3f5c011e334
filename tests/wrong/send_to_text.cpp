// first error: this leads to no process
#include <kin/kin.hpp>

void f() { kin::send("visits", 1); }
