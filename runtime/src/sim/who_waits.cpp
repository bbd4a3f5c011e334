// SPDX-License-Identifier: Apache-2.0
#include "sim/who_waits.hpp"

#include <kin/print.hpp>
#include <kin/request.hpp>

#include "base/symbols.hpp"
#include "context/backtrace.hpp"
#include "process/control_block.hpp"
#include "process/introspection.hpp"
#include "process/name_table.hpp"
#include "scheduler/machine_core.hpp"
#include "sim/event_log.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <vector>

namespace kin::detail {
namespace {

using wait_graph = std::map<pid, pid>;  // who waits for a reply, and of whom

std::string title(const control_block& p) {
  std::ostringstream out;
  out << p.name();
  if (p.extra != nullptr && p.extra->name != nullptr) out << ' ' << p.extra->name->text;
  if (p.body != nullptr) out << " (" << type_name(p.body->subject()) << ')';
  return std::move(out).str();
}

// Nobody keeps whom a caller waits for: the one who has its request does.
void note_callers(const control_block& p, wait_graph& waits) {
  const auto note = [&](const signal* s) {
    if (s == nullptr || s->kind != signal_kind::request) return;
    const request_head& head = head_of(*const_cast<signal*>(s));
    if (head.number != 0) waits[head.caller] = p.name();
  };
  note(p.in_hand);
  for (const signal* s = p.queue_first; s != nullptr; s = s->next) note(s);
  for (auto* owed = p.owed.first(); owed != nullptr; owed = promise_list::next(*owed))
    waits[owed->head.caller] = p.name();
}

std::string types_of(const wait& w) {
  std::string text;
  for (std::uint32_t i = 0; i < w.type_count; ++i)
    text += (i == 0 ? "" : i + 1 == w.type_count ? " or " : ", ") + type_name(*w.types[i]);
  if (w.any_type) text += text.empty() ? "any message" : ", or any message";
  return text;
}

std::string wait_of(const control_block& p, const wait_graph& waits) {
  if (p.is(flag_suspended)) return "is suspended";
  if (p.stopped_on == nullptr) return "handles what comes";
  const wait& w = *p.waiting;
  switch (w.kind) {
    case wait_kind::message:
      return "waits for " + types_of(w);
    case wait_kind::reply: {
      const auto callee = waits.find(p.name());
      return callee == waits.end() ? "waits for an answer"
                                   : "waits for the reply of " + to_string(callee->second);
    }
    case wait_kind::time:
      return "sleeps";
    case wait_kind::blocking:
      return "waits for kin::blocking";
    case wait_kind::turn:
      return "has given way";
  }
  return {};
}

// Where in the program, if it waits in the middle of a function.
void tell_where(std::ostream& out, const control_block& p) {
  if (p.stopped_on == nullptr) return;
  std::array<const void*, 32> frames{};
  const std::size_t count = backtrace_of(*p.stopped_on, frames);
  const auto all = places_of(std::span(frames).first(count));
  const place* there = users_place(all);
  if (there == nullptr) return;
  out << "      waits at " << there->where() << " in " << function_of(p) << ", since "
      << seconds(p.waiting->since) << '\n';
}

std::size_t mailbox_length(const control_block& p) {
  std::size_t count = 0;
  for (const signal* s = p.queue_first; s != nullptr; s = s->next) ++count;
  return count;
}

void draw_circle(std::ostream& out, pid first, const wait_graph& waits) {
  out << "  a circle: " << first;
  pid at = first;
  do {
    at = waits.at(at);
    out << " waits for " << at;
  } while (at != first);
  out << '\n';
}

// Each circle once, from its first process on.
void draw_circles(std::ostream& out, const wait_graph& waits) {
  std::set<pid> done;
  for (const auto& [start, callee] : waits) {
    std::set<pid> path;
    pid at = start;
    while (waits.contains(at) && !done.contains(at) && path.insert(at).second) at = waits.at(at);
    if (path.contains(at)) draw_circle(out, at, waits);
    done.insert(path.begin(), path.end());
  }
}

}  // namespace

std::string who_waits(machine_core& core) {
  std::vector<pid> all = core.living();
  std::sort(all.begin(), all.end());
  wait_graph waits;
  for (const pid p : all) note_callers(block_of(p), waits);
  std::ostringstream out;
  for (const pid p : all) {
    const control_block& block = block_of(p);
    out << "  " << title(block) << ' ' << wait_of(block, waits);
    if (const std::size_t length = mailbox_length(block); length != 0)
      out << "; " << length << " in its mailbox";
    out << '\n';
    tell_where(out, block);
  }
  draw_circles(out, waits);
  return std::move(out).str();
}

}  // namespace kin::detail
