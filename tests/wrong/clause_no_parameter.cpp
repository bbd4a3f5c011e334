// first error: a clause has one parameter, the message
#include <kin/kin.hpp>

void f() {
  kin::receive([] {});
}
