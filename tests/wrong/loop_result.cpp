// first error: a clause of kin::loop returns nothing, or what comes next: kin::stop(why), kin::timeout{...}
#include <kin/kin.hpp>

void f() {
  kin::spawn([] { return kin::loop([](int n) { return n; }); });
}
