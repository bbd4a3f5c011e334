// first error: a supervisor's children are kin::child(...), kin::child_process(...), supervisors
#include <kin/kin.hpp>

struct counter : kin::gen_server {};
kin::supervisor f() { return {{}, counter{}}; }
