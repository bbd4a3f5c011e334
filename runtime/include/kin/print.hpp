// SPDX-License-Identifier: Apache-2.0
// Printing of any value, for reports: text in quotes, a stream operator where there is one; else a
// time with its unit, an enum by number, what is in a range, a tuple, an optional, a result or a
// variant, an aggregate field by field (Boost.PFR); else the name of the type. Never a compile
// error, never a throw on purpose.
#pragma once

#include <kin/export.hpp>

#include <boost/pfr/core.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <ostream>
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

/// Would stream as the bool that a function pointer converts to: one, or a lambda without captures.
template <class T>
concept function_like = requires(const T& value) {
  requires std::is_function_v<std::remove_pointer_t<decltype(+value)>>;
};

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

/// std::pair, std::tuple.
template <class T>
concept tuple_like = requires {
  std::tuple_size<T>::value;
};
template <class T>
void print_tuple(std::ostream& out, const T& tuple) {
  const auto print_all = [&]<std::size_t... I>(std::index_sequence<I...> /*elements*/) {
    using std::get;
    ((out << (I == 0 ? "" : ", "), print(out, get<I>(tuple))), ...);
  };
  out << '{';
  print_all(std::make_index_sequence<std::tuple_size_v<T>>{});
  out << '}';
}

/// std::optional, and what has the names of std::expected.
template <class T>
concept optional_like = requires(const T& value) {
  { value.has_value() } -> std::same_as<bool>;
};
template <class T>
void print_optional(std::ostream& out, const T& value) {
  if (value.has_value()) {
    if constexpr (requires { *value; }) {
      print(out, *value);
    } else {
      out << "ok";
    }
  } else if constexpr (requires { value.error(); }) {
    out << "{error, ";
    print(out, value.error());
    out << '}';
  } else {
    out << "none";
  }
}

template <class T>
concept variant_like = requires(const T& value) {
  value.valueless_by_exception();
};
template <class T>
void print_variant(std::ostream& out, const T& variant) {
  if (variant.valueless_by_exception()) {
    out << "none";
  } else {
    visit([&out](const auto& value) { print(out, value); }, variant);  // found beside T
  }
}

template <class>
inline constexpr bool is_duration = false;
template <class Count, class Unit>
inline constexpr bool is_duration<std::chrono::duration<Count, Unit>> = true;
/// In the largest unit that it is a whole number of.
void print_duration(std::ostream& out, std::chrono::nanoseconds time);

}  // namespace detail

/// Prints `value` as well as its type allows. See the top of this file.
template <class T>
void print(std::ostream& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_same_v<T, unsigned char> || std::is_same_v<T, signed char>) {
    out << +value;  // a small number, not a letter
  } else if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
    value == nullptr ? out << "null" : out << '"' << value << '"';
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out << '"' << std::string_view(value) << '"';
  } else if constexpr (detail::is_duration<T>) {
    detail::print_duration(out, std::chrono::duration_cast<std::chrono::nanoseconds>(value));
  } else if constexpr (detail::function_like<T>) {
    out << type_name(typeid(T));
  } else if constexpr (streamable<T>) {
    out << value;
  } else if constexpr (std::is_enum_v<T>) {
    out << type_name(typeid(T)) << '(' << +static_cast<std::underlying_type_t<T>>(value) << ')';
  } else if constexpr (detail::range_like<T>) {
    detail::print_range(out, value);
  } else if constexpr (detail::tuple_like<T>) {
    detail::print_tuple(out, value);
  } else if constexpr (detail::optional_like<T>) {
    detail::print_optional(out, value);
  } else if constexpr (detail::variant_like<T>) {
    detail::print_variant(out, value);
  } else if constexpr (std::is_empty_v<T>) {
    out << type_name(typeid(T));
  } else if constexpr (detail::has_plain_fields<T>()) {
    detail::print_fields(out, value);
  } else {
    out << type_name(typeid(T));
  }
}

namespace detail {
/// What a function writes. Compiled, as <sstream> is much to read for all who include this.
[[nodiscard]] std::string written_by(void (*write)(std::ostream& out, const void* of),
                                     const void* of);
}  // namespace detail

/// What `print` writes, as a string.
template <class T>
[[nodiscard]] std::string to_string(const T& value) {
  const auto write = [&value](std::ostream& out) { print(out, value); };
  return detail::written_by(
      [](std::ostream& out, const void* of) { (*static_cast<decltype(write)*>(of))(out); }, &write);
}

}  // namespace kin
