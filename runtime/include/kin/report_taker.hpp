// SPDX-License-Identifier: Apache-2.0
// The door for a logger: what takes the reports of a machine in place of its sink, and may hand on
// to that what it likes.
#pragma once

#include <kin/export.hpp>
#include <kin/report.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace KIN_PUBLIC kin {
namespace detail {

class machine_core;

/// Lives as long as its machine.
class report_taker {
 public:
  report_taker() = default;
  report_taker(const report_taker&) = delete;
  report_taker& operator=(const report_taker&) = delete;
  virtual ~report_taker() = default;
  /// Any thread, several at a time; in a process that may be ending.
  virtual void take(const report& r) noexcept = 0;
};

/// Where reports go that nobody takes: the sink of a machine; outside all, print_report. Any thread.
class report_outlet {
 public:
  explicit report_outlet(machine_core* machine) : machine_(machine) {}
  /// One at a time.
  void tell(const report& r) const;
  /// Whether that is print_report.
  [[nodiscard]] bool prints() const;
  /// Whether it is that of a machine.
  [[nodiscard]] bool is_machines() const { return machine_ != nullptr; }

 private:
  machine_core* machine_;  // null: outside
};

/// Who takes the reports of the machine that runs the caller, or that its thread has entered;
/// elsewhere, of all threads that are outside. Made by `make` if there is nobody yet; then it stays.
report_taker& taker_of_reports(std::unique_ptr<report_taker> (*make)(report_outlet outlet));

/// In a process that may wait now: it does not end, serves no signals, and has not promised
/// otherwise.
[[nodiscard]] bool may_wait_now() noexcept;
/// That of the process which runs the caller; empty: it has none. In a process.
[[nodiscard]] std::string own_registered_name();
/// Whether the caller is simulated: then nothing of the host may be seen.
[[nodiscard]] bool is_simulated() noexcept;
/// What time it is; 1970 and on, by the virtual clock, where the caller is simulated.
[[nodiscard]] std::chrono::system_clock::time_point time_of_day() noexcept;

}  // namespace detail
}  // namespace kin
