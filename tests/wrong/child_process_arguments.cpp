// first error: a process body is called without arguments: capture what it needs
#include <kin/kin.hpp>

auto f() {
  return kin::child_process([](int) {});
}
