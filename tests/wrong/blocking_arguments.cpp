// first error: what runs in blocking is called without arguments: capture what it needs
#include <kin/kin.hpp>

void f() {
  kin::blocking([](int) {});
}
