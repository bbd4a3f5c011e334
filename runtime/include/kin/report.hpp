// SPDX-License-Identifier: Apache-2.0
// What kin has to say about processes that ended badly, and who hears it.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/info.hpp>
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
  std::string client = {};  ///< of a call it was handling: who waits, and where, or that it is dead
  std::string state = {};   ///< as its fields print, or its format_status
  std::vector<std::string> log = {};  ///< the last events, where sys keeps them
  std::vector<kin::pid> links = {};   ///< those whose exit signal is under way, at most 20
  std::size_t mailbox_length = 0;     ///< messages that it had not taken
  bool traps_exits = false;           ///< whether exit signals were messages to it
  /// Living processes linked to it, or to one of these, that trap no exits: those it takes with it.
  /// Nearest first, at most 15.
  std::vector<process_info> neighbours = {};
};

/// How much it matters. print_report leaves out `info`.
enum class severity : unsigned char { info, notice, warning, error };

/// A line of a report: what it is about, and that, printed already.
struct report_field {
  std::string key = {};    ///< such as `pid`
  std::string value = {};  ///< as text
  friend bool operator==(const report_field&, const report_field&) = default;
};

/// How a report is laid out.
struct report_layout {
  bool single_line = false;     ///< else several, as people read them
  std::size_t depth = 0;        ///< what is in more brackets than that is `...`; 0: no limit
  std::size_t chars_limit = 0;  ///< of all values together, about; 0: no limit
};

/// One report, ready to be read: several lines, no line end at the end.
struct report {
  kin::severity severity = severity::error;  ///< how much it matters
  std::string_view title = {};               ///< as OTP's: "CRASH REPORT", "SUPERVISOR REPORT"
  std::string text = {};                     ///< what people read
  std::string label = {};                    ///< which of OTP's it is: "proc_lib crash"
  std::string_view domain = {};              ///< "otp", "otp.sasl"; empty: the program's own
  std::vector<report_field> fields = {};     ///< what `text` was made of; empty: it is all there is
  /// What makes a text of the fields; null: `text` stands for itself.
  std::string (*lay_out)(const report& r, const report_layout& layout) = nullptr;
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
[[nodiscard]] report report_of(const crash_report& crash);
/// Its text.
[[nodiscard]] std::string to_text(const crash_report& crash);
/// The report with its text in another layout: of its fields, or of its text, on one line if wanted
/// and cut to the limit.
[[nodiscard]] std::string to_text(const report& r, const report_layout& layout);
/// With `text` made by `lay_out`, which is all there is to add.
[[nodiscard]] report laid_out(report r);

/// A printed value, cut: what is in more than `depth` brackets, what is beyond `most` bytes. 0: no
/// limit.
[[nodiscard]] std::string shortened(std::string_view value, std::size_t depth, std::size_t most);
/// The same with its line ends, and the spaces around them, as `, `.
[[nodiscard]] std::string on_one_line(std::string_view text);
/// The fields with values that share the limit of characters: what one leaves, others may have.
[[nodiscard]] std::vector<report_field> shortened(std::vector<report_field> fields,
                                                  const report_layout& layout);

}  // namespace kin
