// first error: kin: a task is a function without arguments: capture what it needs
#include <kin/kin.hpp>
#include <kin/task.hpp>

int main() {
  auto t = kin::async([](int n) { return n; });
}
