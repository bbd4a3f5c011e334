// SPDX-License-Identifier: Apache-2.0
#include <kin/test/probe.hpp>

#include "test/end_checks.hpp"

#include <sstream>

namespace kin::detail {

pid start_probe() {
  const pid p = spawn([] {
    for (;;) {
      kin::receive([](const probe_task& task) { task.work->run(); },
                   [](probe_end told) { kin::exit(std::move(told.why)); });
    }
  });
  note_probe(p);
  return p;
}

void probe_has_ended(const down& told) {
  std::ostringstream why;
  why << "the probe " << told.pid << " has ended: " << told.reason;
  kin::exit(std::move(why).str());
}

}  // namespace kin::detail
