// first error: what kin::blocking runs takes nothing, or a std::stop_token
#include <kin/kin.hpp>

void f() {
  kin::blocking([](int) {});
}
