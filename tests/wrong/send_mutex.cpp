// first error: this type cannot be a message: it is a pointer, a view or cannot be moved
#include <kin/kin.hpp>

#include <mutex>

void f(kin::pid to) { kin::send(to, std::mutex{}); }
