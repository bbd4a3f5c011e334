// first error: a clause for what is never a message: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <string_view>

void f() {
  kin::receive([](std::string_view) {});
}
