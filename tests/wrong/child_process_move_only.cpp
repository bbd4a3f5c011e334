// first error: a child's body is run again at each restart, so it must be copyable
#include <kin/kin.hpp>

#include <memory>

auto f() {
  return kin::child_process([held = std::make_unique<int>(1)] {});
}
