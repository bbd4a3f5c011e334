// SPDX-License-Identifier: Apache-2.0
// A process goes over to a large stack and comes back: no wait, nobody else is told. Its own stack
// stays as it is meanwhile, whatever worker the process is on when it comes back.
#include <kin/exit_reason.hpp>
#include <kin/with_stack.hpp>

#include "api/calling_process.hpp"

#include <new>
#include <string>

namespace kin::detail {
namespace {

// The process goes on there. Gives what it left, or what it comes back from.
stack& go_over(stack& there) noexcept {
  worker& w = this_worker();
  stack& mine = *w.on;
  w.on = &there;
  return switch_stack(mine, there);
}

void run_calls(stack& came_from) noexcept {
  for (stack* home = &came_from;;) {
    this_worker().call->run();
    home = &go_over(*home);  // and stays here until the next call
  }
}

stack& stack_of(std::size_t bytes) {
  try {
    return this_worker().machine.large.take(bytes, &run_calls);
  } catch (const std::bad_alloc&) {
    throw error(system_limit,
                "with_stack: no memory for a stack of " + std::to_string(bytes) + " bytes");
  }
}

}  // namespace

void run_on_stack(std::size_t bytes, job& j) {
  static_cast<void>(calling_process("kin::with_stack"));
  stack& large = stack_of(bytes);
  this_worker().call = &j;
  go_over(large);
  this_worker().machine.large.give(large);
}

}  // namespace kin::detail
