// first error: after(...) comes last, and once
#include <kin/kin.hpp>

void f() {
  kin::receive(kin::after(kin::duration(1), [] {}), [](int) {});
}
