// first error: a process body is called without arguments: capture what it needs
#include <kin/kin.hpp>

void work(int);
void f() { kin::spawn(work, 3); }
