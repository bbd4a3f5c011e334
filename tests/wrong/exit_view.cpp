// first error: this type cannot be a reason: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <string_view>

void f() { kin::exit(std::string_view("text")); }
