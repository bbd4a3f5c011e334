// SPDX-License-Identifier: Apache-2.0
#include "api/stopping.hpp"

#include "process/mailbox.hpp"
#include "scheduler/machine_core.hpp"

namespace kin::detail {
namespace {

void signal_exit(pid to, const exit_reason& why) {
  auto* s = make_signal<exit_signal_node>(signal_kind::exit);
  s->why = why;
  if (!post(to, s)) refuse(s, noproc);
}

}  // namespace

void stop_roots(machine_core& core) {
  for (const pid root : core.roots()) signal_exit(root, shutdown);
}

void stop_orphans(machine_core& core) {
  for (const pid p : core.living()) {
    signal* s = make_signal<signal>(signal_kind::stop);
    if (!post(p, s)) free_signal(s);
  }
}

void kill_all(machine_core& core) {
  for (const pid p : core.living()) signal_exit(p, kill);
}

}  // namespace kin::detail
