// first error: a clause is a lambda, [](ping p) { ... }
#include <kin/kin.hpp>

void f() { kin::receive(3); }
