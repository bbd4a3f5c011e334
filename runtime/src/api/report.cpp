// SPDX-License-Identifier: Apache-2.0
#include <kin/report.hpp>

#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <utility>

namespace kin {
namespace {

std::string time_stamp() {
  timespec at{};
  clock_gettime(CLOCK_REALTIME, &at);
  tm local{};
  localtime_r(&at.tv_sec, &local);
  char text[40];  // NOLINT(modernize-avoid-c-arrays): strftime's
  const std::size_t length = std::strftime(text, sizeof(text), "%d-%b-%Y::%H:%M:%S", &local);
  std::string micros = std::to_string(at.tv_nsec / 1000);
  micros.insert(0, 6 - micros.size(), '0');
  return std::string(text, length) + '.' + micros;
}

template <class T>
void line(std::ostream& out, const char* key, const T& value) {
  out << "    " << key << ": " << value << '\n';
}

template <class Items>
void list(std::ostream& out, const char* key, const Items& items) {
  out << "    " << key << ": [";
  const char* between = "";
  for (const auto& item : items) out << std::exchange(between, ", ") << item;
  out << "]\n";
}

}  // namespace

void print_report(const report& r) {
  if (r.severity < severity::notice) return;
  const std::string text =
      "=" + std::string(r.title) + "==== " + time_stamp() + " ===\n" + r.text + "\n\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void emit(const report& r) {
  const detail::worker* w = detail::here();
  w == nullptr ? print_report(r) : w->machine.tell(r);
}

std::string to_text(const crash_report& crash) {
  std::ostringstream out;
  out << "  crasher:\n";
  line(out, "initial call", crash.subject);
  line(out, "pid", crash.pid);
  if (crash.registered_name.empty()) {
    line(out, "registered_name", "[]");
  } else {
    line(out, "registered_name", crash.registered_name);
  }
  if (crash.exception_type.empty()) {
    line(out, "exception exit", crash.reason);
  } else {
    line(out, "exception error", crash.reason);
  }
  list(out, "ancestors", crash.ancestors);
  if (!crash.last_message.empty()) line(out, "last message", crash.last_message);
  if (!crash.state.empty()) line(out, "state", crash.state);
  list(out, "links", crash.links);
  line(out, "message_queue_len", crash.mailbox_length);
  out << "    trap_exit: " << (crash.traps_exits ? "true" : "false");
  return std::move(out).str();
}

}  // namespace kin
