// SPDX-License-Identifier: Apache-2.0
#include <kin/link.hpp>

#include "api/calling_process.hpp"
#include "process/links.hpp"
#include "process/mailbox.hpp"
#include "process/monitors.hpp"

namespace kin {

void link(pid other) {
  detail::control_block& p = detail::calling_process("kin::link");
  if (detail::make_link_to(p, other)) return;
  if (!p.is(detail::flag_traps))
    throw error(noproc, "link: " + to_string(other) + " is no living process");
  detail::signal* told = detail::box(exited{other, noproc});
  if (!detail::post(p.name(), told)) detail::destroy_signal(told);
}

void unlink(pid other) {
  detail::control_block& p = detail::calling_process("kin::unlink");
  detail::unlink_from(p, other);
}

ref monitor(pid other) {
  detail::control_block& p = detail::calling_process("kin::monitor");
  const ref made = make_ref();
  detail::start_monitor(p, other, detail::ref_access::number(made));
  return made;
}

bool demonitor(ref monitor, demonitor_options options) {
  detail::control_block& p = detail::calling_process("kin::demonitor");
  if (detail::stop_monitor(p, detail::ref_access::number(monitor))) return true;
  if (!options.flush) return false;
  detail::drain(p);
  detail::signal* before = nullptr;
  for (detail::signal* s = p.queue_first; s != nullptr; before = s, s = s->next) {
    if (!detail::same_type(*s->type->info, typeid(down))) continue;
    if (static_cast<down*>(detail::value_of(*s))->ref != monitor) continue;
    detail::unqueue(p, s, before);
    detail::destroy_signal(s);
    break;
  }
  return false;
}

}  // namespace kin
