// SPDX-License-Identifier: Apache-2.0
// What is logged: a text, a text with values, or a report of named fields; how bad it is; and what
// is known about it beside.
#pragma once

#include <kin/export.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>
#include <kin/report.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace KIN_PUBLIC kin {
namespace logger {

/// How bad it is, worst first, as syslog has them. `none` and `all` are limits, of no event.
enum class level : std::uint8_t {
  none,       ///< as a limit: nothing passes
  emergency,  ///< the system is unusable
  alert,      ///< somebody must act at once
  critical,   ///< a part is lost
  error,      ///< something has failed
  warning,    ///< something may fail
  notice,     ///< normal, and worth a look; the limit at first
  info,       ///< normal
  debug,      ///< for who looks for a fault
  all         ///< as a limit: everything passes
};
/// As `error`.
std::ostream& operator<<(std::ostream& out, level l);
/// From its name, as a configuration has it.
[[nodiscard]] std::optional<level> parse_level(std::string_view name);

/// Where in the program something is logged.
struct place {
  const char* file = "";      ///< as the compiler was given it
  unsigned line = 0;          ///< in that file; 0: not known
  const char* function = "";  ///< its name alone
  /// The caller's: the defaults are right.
  static constexpr place here(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE(),
                              const char* function = __builtin_FUNCTION()) {
    return {file, line, function};
  }
};

/// A value as a log shows it: text without quotes, all else as kin::print.
template <class T>
[[nodiscard]] std::string shown(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string(std::string_view(value));
  } else {
    return kin::to_string(value);
  }
}

/// A text with places `{}`, and what comes there, printed. `{{` and `}}` are braces.
struct formatted {
  std::string format = {};             ///< the text
  std::vector<std::string> args = {};  ///< a value a place
};

/// A field as a program writes it: `{"free", 3}`.
struct field : report_field {
  /// Prints the value now.
  template <class T>
  field(std::string name, const T& what) : report_field{std::move(name), shown(what)} {}
};

class report;
/// What makes a text of a report: a function of it, or of it and of the limits that it is to keep.
class report_callback {
 public:
  /// None: a line a field.
  report_callback() = default;
  /// Of one or two arguments.
  template <class F>
  requires(std::invocable<const F&, const report&> ||
           std::invocable<const F&, const report&, const report_layout&>)
      report_callback(F f) {  // NOLINT(google-explicit-constructor): a lambda is one
    if constexpr (std::invocable<const F&, const report&, const report_layout&>) {
      keeps_limits_ = true;
      f_ = std::move(f);
    } else {
      f_ = [f = std::move(f)](const report& r, const report_layout& /*limits*/) { return f(r); };
    }
  }
  /// Whether there is one.
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(f_); }
  /// Whether it was told the limits; else its text is cut after it.
  [[nodiscard]] bool keeps_limits() const { return keeps_limits_; }
  /// The text.
  [[nodiscard]] std::string operator()(const report& r, const report_layout& layout) const {
    return f_(r, layout);
  }

 private:
  std::function<std::string(const report&, const report_layout&)> f_;
  bool keeps_limits_ = false;
};

/// Named fields: `logger::report{{"disk", "/"}, {"free", 3}}`. What a program can look for, and a
/// filter can tell apart, where a text would have to be read.
class report {
 public:
  /// No field.
  report() = default;
  /// The place is the caller's.
  report(std::initializer_list<field> all, place made_at = place::here())
      : fields(all.begin(), all.end()), where(made_at) {}

  std::vector<report_field> fields = {};  ///< in the order in which they are shown
  std::string label = {};                 ///< which report it is, of those that kin makes
  report_callback text = {};              ///< what makes a text of it; none: a line a field
  logger::place where = {};               ///< where it was made

  /// The value of a field; null: there is none.
  [[nodiscard]] const std::string* find(std::string_view key) const;
};

/// What is known of an event beside what it says. What is empty is not known.
struct metadata {
  std::chrono::system_clock::time_point time =
      {};                            ///< virtual, from 1970 on, where it is simulated
  kin::pid pid = {};                 ///< who logs
  kin::pid gl = {};                  ///< its group leader
  std::string registered_name = {};  ///< its name
  std::string domain = {};   ///< which part of the program: `shop`, `shop.cart`; kin's own is `otp`
  std::string title = {};    ///< of the header in the old style; empty: its level
  logger::place where = {};  ///< in the program
  report_callback report_text = {};                           ///< of a report that has none itself
  std::map<std::string, std::string, std::less<>> more = {};  ///< whatever a program wants to add
};
/// What `from` knows, in the place of what `to` knows.
void merge(metadata& to, const metadata& from);

/// One thing that is logged.
struct event {
  logger::level level = level::notice;                         ///< how bad it is
  std::variant<std::string, formatted, logger::report> msg{};  ///< what it says
  metadata meta = {};                                          ///< what is known beside
};

}  // namespace logger
}  // namespace kin
