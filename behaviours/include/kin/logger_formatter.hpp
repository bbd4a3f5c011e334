// SPDX-License-Identifier: Apache-2.0
// How an event becomes text: OTP's logger_formatter, with its options.
//
//   logger::formatter one_line;                                      // 2026-11-22T10:12:07.123456+00:00 error: no eggs
//   logger::formatter with_pid({.pattern = {logger::key("time"), " ", logger::key("pid"), " ",
//                                           logger::key("msg"), "\n"}});
#pragma once

#include <kin/export.hpp>
#include <kin/logger_event.hpp>

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {
namespace logger {

/// A piece of a pattern: text, or what one of key and when makes.
struct piece {
  /// What it is.
  enum class kind : std::uint8_t { text, key, when };
  kind what = kind::text;           ///< what it is
  std::string word = {};            ///< the text, or the key
  std::vector<piece> present = {};  ///< of when
  std::vector<piece> absent = {};   ///< of when

  /// Nothing.
  piece() = default;
  /// Text that stands for itself.
  piece(const char* text) : word(text) {}  // NOLINT(google-explicit-constructor)
  /// The same.
  piece(std::string text) : word(std::move(text)) {}  // NOLINT(google-explicit-constructor)
};
/// What the event has under that key, or nothing: time, level, msg, pid, gl, registered_name, domain,
/// title, file, line, mfa (the function), header (of the old style), or one of metadata::more. Those
/// named `a.b`, `a.c` are found by their name, or all at once by `a`.
[[nodiscard]] piece key(std::string name);
/// The first if the event has something under that key, else the second.
[[nodiscard]] piece when(std::string name, std::vector<piece> present,
                         std::vector<piece> absent = {});

/// How a formatter formats; every field may be left out.
struct formatter_options {
  bool single_line = true;  ///< line ends, and the spaces around them, become `, `
  /// `=ERROR REPORT==== 22-Nov-2026::10:12:07.123456 ===` and the message below it.
  bool legacy_header = false;
  /// The title of a notice in that header is `INFO REPORT`, as it was once; else `NOTICE REPORT`.
  bool notice_is_info = true;
  /// The order of things; empty: time, level and message, or that header and the message.
  std::vector<piece> pattern = {};
  std::optional<std::size_t> depth = {};        ///< what is in more brackets than that is `...`
  std::optional<std::size_t> chars_limit = {};  ///< of the whole, about: the message is cut to fit
  std::optional<std::size_t> max_size = {};     ///< of the whole, never more: the end is cut off
  char time_designator = 'T';                   ///< between day and time
  std::string time_offset =
      {};  ///< `Z`, `+02:00`; empty: local time, and UTC where it is simulated
  report_callback report_text = {};  ///< of every report, whatever it has itself
};

/// An option that cannot be: OTP's invalid_formatter_config.
struct invalid_formatter {
  std::string option = {};  ///< its name
  std::string value = {};   ///< as it was given
  friend bool operator==(const invalid_formatter&, const invalid_formatter&) = default;
};
std::ostream& operator<<(std::ostream& out, const invalid_formatter& f);

/// Makes text of an event; by default, as formatter_options says. Or any function that does.
class formatter {
 public:
  /// One line an event.
  formatter() = default;
  /// Throws  kin::error with invalid_formatter.
  explicit formatter(formatter_options options);
  /// A program's own. One that throws is shown in the text that it should have made.
  template <class F>
  requires(std::invocable<const F&, const event&>)
      formatter(F f)  // NOLINT(google-explicit-constructor): a lambda is one
      : own_(std::move(f)) {}

  /// The text, with its line end.   Throws  kin::error with badarg for an event of level none, all.
  [[nodiscard]] std::string format(const event& e) const;
  /// As it was made; of a program's own, the defaults.
  [[nodiscard]] const formatter_options& options() const { return options_; }

 private:
  formatter_options options_;
  std::function<std::string(const event&)> own_;
};

/// Nothing if the options can be; else which cannot.
[[nodiscard]] std::optional<invalid_formatter> check(const formatter_options& options);
/// What an event says, without anything beside.
[[nodiscard]] std::string message_of(const event& e, const report_layout& layout,
                                     const report_callback& instead = {});

}  // namespace logger
}  // namespace kin
