// first error: a child's arguments are used again at each restart, so they must be copyable
#include <kin/kin.hpp>

#include <memory>

struct reader : kin::gen_server {
  explicit reader(std::unique_ptr<int>) {}
};
auto f() { return kin::child<reader>(std::make_unique<int>(1)); }
