// first error: kin: a task is awaited once: await(std::move(task))
#include <kin/kin.hpp>
#include <kin/task.hpp>

int main() {
  auto t = kin::async([] { return 1; });
  return kin::await(t);
}
