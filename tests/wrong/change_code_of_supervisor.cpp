// first error: the function takes a kin::supervisor, and returns the new one
#include <kin/kin.hpp>
#include <kin/sys.hpp>

void f(kin::server<kin::supervisor> tree) {
  kin::sys::change_code(tree, [](int) { return 7; });
}
