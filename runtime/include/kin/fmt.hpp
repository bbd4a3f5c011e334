// SPDX-License-Identifier: Apache-2.0
// Printing with {fmt}, 9 or later: what a stream shows of kin's types, `fmt::format` does. Opt-in:
// no other header of kin knows fmt, and nothing of it is linked for who does not include this one.
//
//   fmt::print("{} ended: {}\n", down.pid, down.reason);
//   fmt::print("{:>40}\n", kin::printed(order));             any value, as kin's reports print it
//   template <> struct fmt::formatter<order> : kin::formatter {};       ... or that type for good
//
// A format is one of text: fill, alignment, width, precision. There is no formatter of all
// aggregates: it would be in the way of those that a program has already.
#pragma once

#include <kin/export.hpp>
#include <kin/print.hpp>

#include <fmt/format.h>

#include <string_view>

namespace KIN_PUBLIC kin {

/// What kin::to_string writes, as a formatter: to derive one of a program's own types from.
///
/// Cost  a string in between.
class formatter {
 public:
  /// Called by fmt.
  template <class Context>
  constexpr auto parse(Context& context) {
    return text_.parse(context);
  }
  /// The same.
  template <class T, class Context>
  auto format(const T& value, Context& context) const {
    return text_.format(to_string(value), context);
  }

 private:
  fmt::formatter<std::string_view> text_;  // not a base: fmt would put what it writes in quotes
};

/// A value to print; made by `printed`, gone at the end of the full expression.
template <class T>
struct printed_value {
  const T& value;  ///< somebody else's
  friend std::ostream& operator<<(std::ostream& out, const printed_value& p) {
    kin::print(out, p.value);
    return out;
  }
};
/// Any value, for an argument of fmt or a stream: `fmt::format("{}", kin::printed(order))` writes
/// what kin::to_string does.
template <class T>
[[nodiscard]] printed_value<T> printed(const T& value) {
  return {value};
}

namespace detail {
/// The compiler knows best where a type is from: `... [with T = kin::pid; ...`, `... [T = kin::pid]`.
template <class T>
consteval bool is_of_kin() {
  return std::string_view(static_cast<const char*>(__PRETTY_FUNCTION__)).find("T = kin::") !=
         std::string_view::npos;
}
}  // namespace detail

}  // namespace kin

namespace fmt {
/// Each type of namespace kin prints as on a stream: pids, references, exit reasons, messages,
/// names, kin::down ...
template <class T>
requires(kin::detail::is_of_kin<T>()) struct formatter<T> : kin::formatter {
};
}  // namespace fmt
