// SPDX-License-Identifier: Apache-2.0
// A value, or the reason there is none: what every `try_` call returns. The names are
// std::expected's.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace KIN_PUBLIC kin {

/// A `T`, or an exit_reason. `*r` and `r->` need `has_value()`; `value()` throws the reason as
/// kin::call_failed.
template <class T>
class [[nodiscard]] result {
 public:
  /// As std::expected's.
  using value_type = T;
  /// As std::expected's.
  using error_type = exit_reason;

  /// Success.
  result(T value)
      : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  /// Failure.
  result(exit_reason why)
      : held_(std::in_place_index<1>, std::move(why)) {}  // NOLINT(google-explicit-constructor)

  /// Whether it is a value.
  [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
  /// Whether it is a value.
  explicit operator bool() const noexcept { return has_value(); }

  /// Only when there is one: not checked.
  T& operator*() & noexcept { return *std::get_if<0>(&held_); }
  /// The same.
  const T& operator*() const& noexcept { return *std::get_if<0>(&held_); }
  /// The same.
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }
  /// Only when there is one: not checked.
  T* operator->() noexcept { return std::get_if<0>(&held_); }
  /// The same.
  const T* operator->() const noexcept { return std::get_if<0>(&held_); }
  /// Throws  kin::call_failed with the reason if there is none.
  T& value() & {
    require_value();
    return **this;
  }
  /// The same.
  T&& value() && {
    require_value();
    return *std::move(*this);
  }
  /// Only when there is no value.
  [[nodiscard]] const exit_reason& error() const noexcept { return *std::get_if<1>(&held_); }

  /// The value, or `other`.
  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }
  /// The same.
  template <class U>
  [[nodiscard]] T value_or(U&& other) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
  }
  /// `then(value)`, which returns another result; the reason is passed on.
  template <class F>
  auto and_then(F&& then) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return error();
    return std::forward<F>(then)(*std::move(*this));
  }

 private:
  void require_value() const {
    if (!has_value()) throw call_failed(error());
  }
  std::variant<T, exit_reason> held_;
};

/// Success, or the reason there was none.
template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  /// Failure.
  result(exit_reason why) : why_(std::move(why)) {}  // NOLINT(google-explicit-constructor)
  /// Whether it went well.
  [[nodiscard]] bool has_value() const noexcept { return !why_; }
  /// Whether it went well.
  explicit operator bool() const noexcept { return has_value(); }
  /// Only when it did not.
  [[nodiscard]] const exit_reason& error() const noexcept { return *why_; }
  /// Throws  kin::call_failed with the reason if it did not.
  void value() const {
    if (why_) throw call_failed(*why_);
  }

 private:
  std::optional<exit_reason> why_;
};

}  // namespace kin
