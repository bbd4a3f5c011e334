// first error: a clause takes its message by value, const& or &&: it is moved out of the mailbox
#include <kin/kin.hpp>

#include <string>

void f() {
  kin::receive([](std::string& text) { text.clear(); });
}
