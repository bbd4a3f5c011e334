// first error: what after(...) runs takes no argument
#include <kin/kin.hpp>

void f() {
  kin::receive([](int) {}, kin::after(kin::duration(1), [](int) {}));
}
