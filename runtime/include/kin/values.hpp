// SPDX-License-Identifier: Apache-2.0
// Values that a process keeps by name: Erlang's process dictionary. For what has to reach deep into
// code that cannot pass it on; state belongs into variables. All in a process.
#pragma once

#include <kin/export.hpp>
#include <kin/message.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

namespace detail {
/// Gives back what was there before.
message put_value(std::string_view key, message value);
/// Null: none, or of another type.
message* find_value(std::string_view key);
message take_value(std::string_view key);

template <class T>
std::optional<T> moved_out(message m) {
  T* value = m.get_if<T>();
  return value == nullptr ? std::nullopt : std::optional<T>(std::move(*value));
}
}  // namespace detail

/// Keeps `value` under `key`. Returns what was there before, if it was a T. See  erlang:put/2.
template <class T>
std::optional<T> put(std::string_view key, T value) {
  static_assert(sendable<T>,
                "kin: this type cannot be kept: it is a pointer, a view or cannot be moved");
  if constexpr (sendable<T>) {
    return detail::moved_out<T>(detail::put_value(key, message::of(std::move(value))));
  } else {
    return std::nullopt;
  }
}
/// What is kept under `key`, to look at or to change; null if nothing is, or it is no T. Holds
/// until the next put or erase of that key. See  erlang:get/1.
template <class T>
[[nodiscard]] T* get(std::string_view key) {
  message* kept = detail::find_value(key);
  return kept == nullptr ? nullptr : kept->get_if<T>();
}
/// Takes it out. Nothing if there was none, or it was no T; it is gone all the same. See
/// erlang:erase/1.
template <class T>
std::optional<T> erase(std::string_view key) {
  return detail::moved_out<T>(detail::take_value(key));
}
/// All keys, in order. See  erlang:get_keys/0.
[[nodiscard]] std::vector<std::string> keys();

}  // namespace kin
