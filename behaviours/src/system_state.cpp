// SPDX-License-Identifier: Apache-2.0
#include "system_state.hpp"

#include <kin/behaviour.hpp>
#include <kin/gen_server.hpp>
#include <kin/info.hpp>
#include <kin/process.hpp>

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <sstream>

namespace kin {
namespace sys {

std::ostream& operator<<(std::ostream& out, const event& e) {
  switch (e.what) {
    case event::kind::call:
      return out << "got call " << e.text << " from " << e.who;
    case event::kind::cast:
      return out << "got cast " << e.text;
    case event::kind::info:
      return out << "got " << e.text;
    case event::kind::reply:
      return out << "sent " << e.text << " to " << e.who << ", new state " << e.state;
    case event::kind::state:
      return out << "new state " << e.state;
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const callback_failed& f) {
  return out << "{callback_failed, " << f.why << '}';
}

}  // namespace sys

namespace detail {

std::string own_name() {
  const auto about = info(self());
  return about->registered_name.empty() ? to_string(self()) : about->registered_name;
}

namespace {

// Whether it wants to see more. A kill that comes meanwhile goes its way.
bool shown(const sys::debug_function& see, const sys::event& e) {
  try {
    return see(e);
  } catch (...) {
    if (!caught_exit()) throw;
    return false;
  }
}

}  // namespace

std::unique_ptr<system_state> system_state::of(const starting& how) {
  const debug_options& debug = how.debug;
  if (how.hibernate_after == infinity && !debug.trace && debug.log == 0 && !debug.statistics &&
      debug.log_to_file.empty()) {
    return nullptr;
  }
  auto made = std::make_unique<system_state>();
  made->hibernate_after = how.hibernate_after;
  made->traces = debug.trace;
  made->keeps = debug.log;
  if (debug.statistics) made->count_from_now(0);
  if (!debug.log_to_file.empty()) made->file.open(debug.log_to_file, std::ios::app);
  return made;
}

void system_state::count_from_now(std::uint32_t expired_before) {
  if (counted) return;
  counted = {
      .start = clock::now(), .reductions = info(self())->reductions, .expired = expired_before};
}

void system_state::no_debug() {
  traces = false;
  keeps = 0;
  kept.clear();
  if (file.is_open()) file.close();
  counted.reset();
  installed.clear();
}

void system_state::see(sys::event e, const std::function<std::string()>& print_state) {
  using enum sys::event::kind;
  if (counted) {
    if (e.what == reply) ++counted->messages_out;
    if (e.what == call || e.what == cast || e.what == info) ++counted->messages_in;
  }
  const bool is_read = traces || keeps != 0 || file.is_open() || !installed.empty();
  if (!is_read) return;
  if (e.what == reply || e.what == state) e.state = print_state();
  if (traces || file.is_open()) {
    std::ostringstream line;
    line << "*DBG* " << own_name() << ' ' << e << '\n';
    if (traces) std::fputs(line.str().c_str(), stdout);
    if (file.is_open()) file << line.str() << std::flush;
  }
  std::erase_if(installed, [&](const auto& one) { return !shown(one.second, e); });
  if (keeps != 0) {
    kept.push_back(std::move(e));
    while (kept.size() > keeps) kept.pop_front();
  }
}

}  // namespace detail
}  // namespace kin
