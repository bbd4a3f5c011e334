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

namespace detail {
ref start_monitor(pid other, monitor_options options, std::unique_ptr<down_maker> maker) {
  control_block& p = calling_process("kin::monitor");
  const std::uint64_t number = ref_access::number(make_ref());
  if (options.alias) p.make_rare().aliases.emplace(number, *options.alias);
  if (maker != nullptr) p.make_rare().down_makers.emplace(number, std::move(maker));
  start_monitor(p, other, number);
  return ref_access::make(number, options.alias ? pid_access::hint(p.name()) : 0);
}
}  // namespace detail

ref monitor(pid other) { return detail::start_monitor(other, {}, nullptr); }
ref monitor(pid other, monitor_options options) {
  return detail::start_monitor(other, options, nullptr);
}

bool demonitor(ref monitor, demonitor_options options) {
  detail::control_block& p = detail::calling_process("kin::demonitor");
  const std::uint64_t number = detail::ref_access::number(monitor);
  if (detail::stop_monitor(p, number)) return true;
  if (options.flush) {
    detail::drain(p);
    detail::flush_down(p, number);
  }
  return false;
}

}  // namespace kin
