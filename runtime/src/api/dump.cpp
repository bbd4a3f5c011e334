// SPDX-License-Identifier: Apache-2.0
#include <kin/dump.hpp>
#include <kin/info.hpp>
#include <kin/print.hpp>

#include "api/calling_process.hpp"
#include "base/plain_text.hpp"
#include "scheduler/events_text.hpp"

#include <algorithm>
#include <ostream>
#include <vector>

namespace kin {
namespace {

void write(std::ostream& out, const process_info& p) {
  out << "  " << p.pid;
  if (!p.registered_name.empty()) out << " registered as " << p.registered_name;
  if (!p.subject.empty()) out << ", " << p.subject;
  out << ": " << p.status;
  if (!p.current_function.empty()) out << " in " << p.current_function;
  if (p.message_queue_len != 0) out << "; " << p.message_queue_len << " in its mailbox";
  out << '\n';
  for (const std::string& line : p.stack) out << "      " << line << '\n';
}

void write_processes(std::ostream& out, detail::machine_core& machine,
                     const dump_options& options) {
  std::vector<pid> all = machine.living();
  std::sort(all.begin(), all.end());
  const detail::nanotime until = detail::add(detail::time_here(), options.limit);
  for (const pid one : all) {
    const duration left(std::max<detail::nanotime>(until - detail::time_here(), 0));
    if (const auto about = info(one, {.stack = options.stacks, .limit = left})) write(out, *about);
  }
}

}  // namespace

void dump(std::ostream& out, const dump_options& options) {
  detail::machine_core& machine = detail::ambient_machine("kin::dump");
  out << "processes:\n";
  write_processes(out, machine, options);
  if (!options.events) return;
  std::string text;
  {
    detail::plain_text events(text);
    detail::write_events(events, machine);
  }
  out << "events, oldest first:\n" << text;
}

}  // namespace kin
