// first error: a guard is asked with the message of its clause, and answers true or false
#include <kin/kin.hpp>

struct ping {};
void f() {
  kin::receive(kin::when([](int n) { return n > 1; }, [](ping) {}));
}
