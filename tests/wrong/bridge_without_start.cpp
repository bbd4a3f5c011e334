// first error: what is behind a bridge has a start() that returns a kin::pid
#include <kin/supervisor_bridge.hpp>

struct old_part {
  void terminate(const kin::exit_reason&) {}
};
auto b = kin::bridge<old_part>();
