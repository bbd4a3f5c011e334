// SPDX-License-Identifier: Apache-2.0
// A monitor in memory: one record that watcher and watched share. It is itself the DOWN signal, so
// that dying allocates nothing. The rules of link_pair.hpp hold here too, but that only the watched
// side pushes. While `active` the watcher holds it; the watched holds it while it is in its list,
// and then in the push.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>

#include "base/list.hpp"
#include "process/signal.hpp"
#include "process/two_holders.hpp"

#include <cstdint>

namespace kin::detail {

struct monitor_record : signal {
  list_hook<monitor_record> in_watcher;
  list_hook<monitor_record> in_watched;
  pid watcher;
  pid watched;
  std::uint64_t reference = 0;
  const reason_rep* why = nullptr;  // set by the watched when it dies, one count
  bool active = true;               // the watcher's: DOWN is wanted
  bool too_late = false;            // the watched's: it was dead already when it was asked
  two_holders holders;
};

using watching_list = list<monitor_record, &monitor_record::in_watcher>;
using watchers_list = list<monitor_record, &monitor_record::in_watched>;

monitor_record* make_monitor(pid watcher, pid watched, std::uint64_t reference);
void let_go(monitor_record& record) noexcept;

}  // namespace kin::detail
