// SPDX-License-Identifier: Apache-2.0
// A value of an application's environment: what a configuration file can say, and a program too.
//
//   kin::setting_table env{{"port", 8080}, {"hosts", kin::settings{"a", "b"}}};
//   env.find("port")->second.as<int>();                                        // 8080
#pragma once

#include <kin/export.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
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

class setting;
/// A list of settings.
using settings = std::vector<setting>;
/// Settings by name.
using setting_table = std::map<std::string, setting, std::less<>>;

namespace detail {
template <class T>
inline constexpr bool is_setting_list = false;
template <class T>
inline constexpr bool is_setting_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_setting_map = false;
template <class T, class Less>
inline constexpr bool is_setting_map<std::map<std::string, T, Less>> = true;
}  // namespace detail

/// A truth, a whole number, a number, text, a list, or a table; by default an empty list.
class setting {
 public:
  /// An empty list.
  setting() = default;
  /// A truth, a whole number or a number; whole numbers above 2^63 - 1 wrap.
  template <class T>
  requires std::is_arithmetic_v<T> setting(T value) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_same_v<T, bool>) {
      held_ = value;
    } else if constexpr (std::is_integral_v<T>) {
      held_ = static_cast<std::int64_t>(value);
    } else {
      held_ = static_cast<double>(value);
    }
  }
  /// Text.
  setting(const char* text) : held_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  /// Text.
  setting(std::string text) : held_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  /// Text.
  setting(std::string_view text)  // NOLINT(google-explicit-constructor)
      : held_(std::string(text)) {}
  /// A list.
  setting(settings list) : held_(std::move(list)) {}  // NOLINT(google-explicit-constructor)
  /// A table.
  setting(setting_table table) : held_(std::move(table)) {}  // NOLINT(google-explicit-constructor)

  /// The value as a T: `bool`, a whole number that it fits into, `double` or `float` (also of a
  /// whole number), `std::string`, `std::vector` of these, `std::map<std::string, _>` of these, or
  /// `setting`. Nothing if it is of another kind, or does not fit.
  template <class T>
  [[nodiscard]] std::optional<T> as() const;

  /// Null if it is none.
  [[nodiscard]] const settings* list() const { return std::get_if<settings>(&held_); }
  /// Null if it is none.
  [[nodiscard]] const setting_table* table() const { return std::get_if<setting_table>(&held_); }

  friend bool operator==(const setting& a, const setting& b) { return a.held_ == b.held_; }
  /// As TOML writes it: `8080`, `"text"`, `[1, 2]`, `{host = "a"}`.
  friend std::ostream& operator<<(std::ostream& out, const setting& s) { return s.print(out); }

 private:
  std::ostream& print(std::ostream& out) const;

  std::variant<settings, bool, std::int64_t, double, std::string, setting_table> held_;
};

/// What a setting can be asked as.
template <class T>
inline constexpr bool is_setting_type =
    std::is_same_v<T, setting> || std::is_same_v<T, std::string> || std::is_arithmetic_v<T>;
template <class T>
inline constexpr bool is_setting_type<std::vector<T>> = is_setting_type<T>;
template <class T, class Less>
inline constexpr bool is_setting_type<std::map<std::string, T, Less>> = is_setting_type<T>;

template <class T>
std::optional<T> setting::as() const {
  static_assert(is_setting_type<T>,
                "kin: a setting is a bool, a number, a std::string, a std::vector or a "
                "std::map<std::string, ...> of these, or a kin::setting");
  if constexpr (std::is_same_v<T, setting>) {
    return *this;
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) {
    const T* value = std::get_if<T>(&held_);
    return value == nullptr ? std::nullopt : std::optional<T>(*value);
  } else if constexpr (std::is_integral_v<T>) {
    const auto* value = std::get_if<std::int64_t>(&held_);
    if (value == nullptr || !std::in_range<T>(*value)) return std::nullopt;
    return static_cast<T>(*value);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (const auto* whole = std::get_if<std::int64_t>(&held_)) return static_cast<T>(*whole);
    const auto* value = std::get_if<double>(&held_);
    return value == nullptr ? std::nullopt : std::optional<T>(static_cast<T>(*value));
  } else if constexpr (detail::is_setting_list<T>) {
    const settings* all = list();
    if (all == nullptr) return std::nullopt;
    T values;
    for (const setting& one : *all) {
      auto value = one.template as<typename T::value_type>();
      if (!value) return std::nullopt;
      values.push_back(*std::move(value));
    }
    return values;
  } else if constexpr (detail::is_setting_map<T>) {
    const setting_table* all = table();
    if (all == nullptr) return std::nullopt;
    T values;
    for (const auto& [key, one] : *all) {
      auto value = one.template as<typename T::mapped_type>();
      if (!value) return std::nullopt;
      values.emplace(key, *std::move(value));
    }
    return values;
  } else {
    return std::nullopt;
  }
}

}  // namespace kin
