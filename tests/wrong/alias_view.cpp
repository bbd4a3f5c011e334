// first error: this type cannot be a message: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <string_view>

void f(kin::ref alias) { kin::send(alias, std::string_view("text")); }
