// first error: what is behind a bridge has a terminate(const kin::exit_reason&)
#include <kin/supervisor_bridge.hpp>

struct old_part {
  kin::pid start();
  void terminate();
};
auto b = kin::bridge<old_part>();
