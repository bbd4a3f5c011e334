// first error: this type cannot be a message: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <functional>
#include <string>

void f(kin::pid to, std::string& text) { kin::send(to, std::ref(text)); }
