// first error: a start function returns the pid of who it has started
#include <kin/kin.hpp>

kin::child_spec spec{.id = "a", .start = [] { return 7; }};
