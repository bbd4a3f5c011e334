// SPDX-License-Identifier: Apache-2.0
// Printing of any value, for reports: a stream operator where there is one; else text, enum, pair,
// range or aggregate, field by field (Boost.PFR); else the name of the type. Never a compile error,
// never a throw on purpose.
#pragma once

#include <kin/export.hpp>

#include <boost/pfr/core.hpp>

#include <cstddef>
#include <exception>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

/// The name of a type as a person writes it: `shop::increment`, not `N4shop9incrementE`.
[[nodiscard]] std::string type_name(const std::type_info& type);

/// It has a stream operator, of its own or by a conversion.
template <class T>
concept streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

template <class T>
void print(std::ostream& out, const T& value);

namespace detail {

template <class T>
concept range_like = requires(const T& value) {
  value.begin() != value.end();
  *value.begin();
};

struct anything {
  template <class T>
  operator T() const;  // never defined: only asked about
};
template <std::size_t>
using anything_at = anything;

/// An aggregate's field `Before` is a C array when two values in nested braces fit there, but then
/// take the place of fields that follow: Boost.PFR counts the elements of such an array as fields
/// of their own, wrongly.
template <class T, std::size_t... Before, std::size_t... After>
constexpr bool array_after(std::index_sequence<Before...> /*before*/,
                           std::index_sequence<After...> /*after*/) {
  return requires { T{anything_at<Before>{}..., {anything{}, anything{}}}; }
  &&!requires { T{anything_at<Before>{}..., {anything{}, anything{}}, anything_at<After>{}...}; };
}
template <class T, std::size_t Fields, std::size_t... I>
constexpr bool any_array(std::index_sequence<I...> /*fields*/) {
  return (
      array_after<T>(std::make_index_sequence<I>{}, std::make_index_sequence<Fields - I - 1>{}) ||
      ...);
}
template <class T>
struct any_base_of {
  template <class Base>
  requires(std::is_base_of_v<Base, T> && !std::is_same_v<Base, T>) operator Base()
      const;  // never defined
};
/// Whether Boost.PFR can take T apart: no base class (a hard error inside PFR), no C array (counted
/// wrong).
template <class T>
constexpr bool has_plain_fields() {
  if constexpr (!std::is_aggregate_v<T> || std::is_array_v<T> || std::is_union_v<T> ||
                std::is_polymorphic_v<T>) {
    return false;
  } else if constexpr (requires { T{any_base_of<T>{}}; }) {
    return false;
  } else {
    constexpr auto fields = boost::pfr::tuple_size_v<T>;
    return !any_array<T, fields>(std::make_index_sequence<fields>{});
  }
}

template <class T>
void print_fields(std::ostream& out, const T& value) {
  out << type_name(typeid(T)) << '{';
  bool first = true;
  boost::pfr::for_each_field(value, [&](const auto& field) {
    if (!std::exchange(first, false)) out << ", ";
    print(out, field);
  });
  out << '}';
}

template <class T>
void print_range(std::ostream& out, const T& range) {
  out << '[';
  bool first = true;
  for (const auto& item : range) {
    if (!std::exchange(first, false)) out << ", ";
    print(out, item);
  }
  out << ']';
}

template <class>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

}  // namespace detail

/// Prints `value` as well as its type allows. See the top of this file.
template <class T>
void print(std::ostream& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out << '"' << std::string_view(value) << '"';
  } else if constexpr (streamable<T>) {
    out << value;
  } else if constexpr (std::is_enum_v<T>) {
    out << type_name(typeid(T)) << '(' << +static_cast<std::underlying_type_t<T>>(value) << ')';
  } else if constexpr (detail::range_like<T>) {
    detail::print_range(out, value);
  } else if constexpr (detail::is_pair<T>) {
    out << '{';
    print(out, value.first);
    out << ", ";
    print(out, value.second);
    out << '}';
  } else if constexpr (std::is_empty_v<T>) {
    out << type_name(typeid(T));
  } else if constexpr (detail::has_plain_fields<T>()) {
    detail::print_fields(out, value);
  } else {
    out << type_name(typeid(T));
  }
}

/// What `print` writes, as a string.
template <class T>
[[nodiscard]] std::string to_string(const T& value) {
  std::ostringstream out;
  print(out, value);
  return std::move(out).str();
}

}  // namespace kin
