// SPDX-License-Identifier: Apache-2.0
#include <kin/report.hpp>
#include <kin/report_taker.hpp>

#include "api/calling_process.hpp"
#include "process/name_table.hpp"
#include "process/scheduling.hpp"
#include "scheduler/machine_core.hpp"
#include "scheduler/worker.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <utility>

namespace kin {
namespace {

std::string time_stamp() {
  using std::chrono::duration_cast;
  const auto since = detail::time_of_day().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t at = seconds.count();
  tm broken{};
  detail::is_simulated() ? gmtime_r(&at, &broken) : localtime_r(&at, &broken);
  char text[40];  // NOLINT(modernize-avoid-c-arrays): strftime's
  std::size_t length = std::strftime(text, sizeof(text), "%e-%b-%Y::%H:%M:%S", &broken);
  std::string micros =
      std::to_string(duration_cast<std::chrono::microseconds>(since - seconds).count());
  micros.insert(0, 6 - micros.size(), '0');
  const std::string_view day(text, length);
  return std::string(day.substr(day.front() == ' ' ? 1 : 0)) + '.' + micros;
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

namespace detail {
namespace {

struct outside_taker {
  std::atomic<report_taker*> is{nullptr};
  std::mutex making;
};
outside_taker& outside() {
  static auto* const immortal = new outside_taker;
  return *immortal;
}

}  // namespace

void report_outlet::tell(const report& r) const {
  machine_ == nullptr ? print_report(r) : machine_->tell_sink(r);
}

bool report_outlet::prints() const {
  if (machine_ == nullptr) return true;
  const auto* sink = machine_->options.reports.target<void (*)(const report&)>();
  return sink != nullptr && *sink == &print_report;
}

report_taker& taker_of_reports(std::unique_ptr<report_taker> (*make)(report_outlet outlet)) {
  machine_core* machine = machine_here();
  std::atomic<report_taker*>& slot = machine == nullptr ? outside().is : machine->taker;
  // acquire: pairs with the release below, for what it points to.
  if (report_taker* there = slot.load(std::memory_order_acquire)) [[likely]]
    return *there;
  const std::lock_guard hold(machine == nullptr ? outside().making : machine->taker_lock);
  if (report_taker* there = slot.load(std::memory_order_relaxed)) return *there;
  report_taker* made = make(report_outlet(machine)).release();
  slot.store(made, std::memory_order_release);
  return *made;
}

bool may_wait_now() noexcept {
  const worker* w = here();
  if (w == nullptr || w->current == nullptr) return false;
  const control_block& p = *w->current;
  constexpr std::uint32_t no_waits =
      flag_doomed | flag_exiting | flag_draining | flag_no_wait | flag_thread;
  return (p.flags & no_waits) == 0 && w->exceptions->uncaught == 0;
}

std::string own_registered_name() {
  const control_block& p = calling_process("kin::own_registered_name");
  return p.extra == nullptr || p.extra->name == nullptr ? std::string() : p.extra->name->text;
}

bool is_simulated() noexcept {
  const worker* w = here();
  return w != nullptr && w->machine.driven_by != nullptr;
}

std::chrono::system_clock::time_point time_of_day() noexcept {
  using std::chrono::system_clock;
  if (!is_simulated()) return system_clock::now();
  return system_clock::time_point(
      std::chrono::duration_cast<system_clock::duration>(duration(time_here())));
}

}  // namespace detail
}  // namespace kin
