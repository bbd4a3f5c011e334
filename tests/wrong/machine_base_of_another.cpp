// first error: the first argument of gen_statem is the machine's own class
#include <kin/gen_statem.hpp>

struct closed {};
struct open {};
struct push {};
struct other {};
struct door : kin::gen_statem<other, closed, open> {};
void f() { kin::start<door>(); }
