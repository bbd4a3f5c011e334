// SPDX-License-Identifier: Apache-2.0
#include "scheduler/events_text.hpp"

#include "base/clock.hpp"
#include "base/plain_text.hpp"
#include "scheduler/machine_core.hpp"

#include <dlfcn.h>

namespace kin::detail {
namespace {

using event = flight_recorder::event;

// Only the low half was kept. `now` is later, by less than an hour.
std::uint64_t whole_time(std::uint32_t low, std::uint64_t now) noexcept {
  return now - static_cast<std::uint32_t>(static_cast<std::uint32_t>(now) - low);
}

class event_lines {
 public:
  event_lines(plain_text& out, const machine_core& machine) noexcept
      : out_(out),
        number_(machine.place.first_number() >> pid_access::machine_shift),
        now_(static_cast<std::uint64_t>(system_now()) / 1000) {}

  void write(const event& e) noexcept {
    switch (e.what) {
      case deed::none:
        return;
      case deed::starts:
        of_process(e.who).add(" starts as ");
        break;
      case deed::handles:
        of_process(e.who).add(" handles ");
        break;
      case deed::goes_on:
        of_process(e.who).add(" goes on where it waited");
        break;
      case deed::ends:
        of_process(e.who).add(" ends");
        break;
      case deed::wakes:
        out_.add("    and wakes ");
        name(e.who);
        break;
      case deed::blocks:
        out_.add("    ");
        name(e.who).add(" goes to kin::blocking");
        break;
      case deed::timer:
        out_.add("  a timer fires for ");
        name(e.who);
        break;
      case deed::steals:
        out_.add("  takes ").add(std::uint64_t{e.who}).add(" from another worker");
        break;
      case deed::is_given:
        out_.add("  is given processes by another worker");
        break;
      case deed::sleeps:
        out_.add("  sleeps: nothing to do");
        break;
      case deed::gets_up:
        out_.add("  gets up");
        break;
      case deed::clock:
        out_.add("  -- ").add_seconds(now_ - whole_time(e.who, now_)).add(" s ago");
        break;
    }
    if (e.type != nullptr) is_loaded(e.type) ? out_.add_name(e.type->name()) : out_.add("?");
    out_.add("\n");
  }

 private:
  plain_text& name(std::uint32_t who) noexcept {
    return out_.add("<").add(number_).add(".").add(std::uint64_t{who}).add(".0>");
  }
  plain_text& of_process(std::uint32_t who) noexcept {
    out_.add("  ");
    return name(who);
  }

  plain_text& out_;
  std::uint64_t number_;
  std::uint64_t now_;
};

}  // namespace

bool is_loaded(const void* address) noexcept {
  dl_find_object found{};
  return _dl_find_object(const_cast<void*>(address), &found) == 0;
}

void write_events(plain_text& out, const machine_core& machine) noexcept {
  event_lines lines(out, machine);
  for (unsigned i = 0; i < machine.worker_count(); ++i) {
    out.add("worker ").add(std::uint64_t{i}).add("\n");
    machine.worker_at(i)->recorder.for_each([&](const event& e) { lines.write(e); });
  }
}

}  // namespace kin::detail
