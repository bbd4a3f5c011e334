// first error: this type cannot be kept: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <string_view>

void f() { kin::put("key", std::string_view("text")); }
