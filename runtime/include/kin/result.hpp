// SPDX-License-Identifier: Apache-2.0
// A value, or the reason there is none: what every `try_` call returns. The names are
// std::expected's.
#pragma once

#include <kin/exit_reason.hpp>

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace kin {

/// A `T`, or an exit_reason. `*r` and `r->` need `has_value()`; `value()` throws the reason as
/// kin::call_failed.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;
  using error_type = exit_reason;

  result(T value)
      : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  result(exit_reason why)
      : held_(std::in_place_index<1>, std::move(why)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & noexcept { return *std::get_if<0>(&held_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&held_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }
  T* operator->() noexcept { return std::get_if<0>(&held_); }
  const T* operator->() const noexcept { return std::get_if<0>(&held_); }
  T& value() & {
    require_value();
    return **this;
  }
  T&& value() && {
    require_value();
    return *std::move(*this);
  }
  /// Only when there is no value.
  [[nodiscard]] const exit_reason& error() const noexcept { return *std::get_if<1>(&held_); }

  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }
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
  result(exit_reason why) : why_(std::move(why)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool has_value() const noexcept { return !why_; }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const exit_reason& error() const noexcept { return *why_; }
  void value() const {
    if (why_) throw call_failed(*why_);
  }

 private:
  std::optional<exit_reason> why_;
};

}  // namespace kin
