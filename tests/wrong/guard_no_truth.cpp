// first error: a guard is asked with the message of its clause, and answers true or false
#include <kin/kin.hpp>

#include <string>

void f() {
  kin::receive(kin::when([](int) { return std::string(); }, [](int) {}));
}
