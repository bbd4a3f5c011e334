// SPDX-License-Identifier: Apache-2.0
// What kin has to say about processes that ended badly, and who hears it.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/pid.hpp>
#include <kin/time.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace KIN_PUBLIC kin {

/// Why and how a process ended that did not end well. Texts are printed already: the process is
/// gone when they are read.
struct crash_report {
  kin::pid pid = {};                        ///< who ended
  std::string registered_name = {};         ///< empty: none
  std::string subject = {};                 ///< the server's class, or the function it ran
  std::vector<std::string> ancestors = {};  ///< who started it, who that one: names, or pids
  exit_reason reason = {};                  ///< why
  std::string exception_type = {};          ///< of an uncaught C++ exception; empty: it was none
  std::string last_message = {};            ///< what it was handling; empty: nothing
  std::string state = {};                   ///< as its fields print, or its format_status
  std::vector<kin::pid> links = {};         ///< those whose exit signal is under way, at most 20
  std::size_t mailbox_length = 0;           ///< messages that it had not taken
  bool traps_exits = false;                 ///< whether exit signals were messages to it
};

/// How much it matters. print_report leaves out `info`.
enum class severity : unsigned char { info, notice, warning, error };

/// One report, ready to be read: several lines, no line end at the end.
struct report {
  kin::severity severity = severity::error;  ///< how much it matters
  std::string_view title = {};               ///< as OTP's: "CRASH REPORT", "SUPERVISOR REPORT"
  std::string text = {};                     ///< what people read
};

/// Takes reports; called on whatever thread a process ended on, one at a time. Must not wait in
/// kin, nor throw.
using report_sink = std::function<void(const report&)>;

/// The default: `=CRASH REPORT==== 22-Nov-2026::10:12:07.123456 ===` and the text, on standard
/// error. Below `notice`: nothing.
void print_report(const report& r);

/// Gives a report to the sink of the machine that runs the caller; outside, to print_report. Any
/// thread.
void emit(const report& r);
/// As OTP lays it out.
[[nodiscard]] std::string to_text(const crash_report& crash);

}  // namespace kin
