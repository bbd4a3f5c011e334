// SPDX-License-Identifier: Apache-2.0
// What travels. Everything one process does to another is a signal; a message is a signal that owns
// one value.
//
// A value is boxed where its type is known and unboxed where it is known again; in between it is a
// node: a header of 24 bytes and the value behind it, in one piece from the pool of its size. The
// header points to a constant a type, whose typeid is the identity of the type: compared by address
// first and by name then, because the address differs between shared objects with hidden
// visibility.
#pragma once

#include <kin/export.hpp>
#include <kin/pid.hpp>
#include <kin/print.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {

enum class signal_kind : std::uint8_t;  // the runtime's own (process/signal.hpp)

/// All that templates know of a type of message; one constant a type.
struct message_type {
  const std::type_info* info;
  void (*destroy)(void* value) noexcept;
  void (*print)(std::ostream& out, const void* value);
  std::uint32_t offset;  // of the value from the start of the signal
};

inline bool same_type(const std::type_info& a, const std::type_info& b) {
  return &a == &b || a == b;
}

/// The header of a signal. Whoever holds it owns it; in an inbox it is the inbox's.
struct signal {
  signal* next;      // in an inbox or a queue
  std::uint32_t to;  // low half of the receiver's id: told apart from a later user of its block
  signal_kind kind;
  std::uint8_t size_class;  // the pool it came from and goes back to
  std::uint16_t flags;
  const message_type* type;  // of the value, if it has one
};
inline constexpr std::size_t signal_bytes = sizeof(signal);
static_assert(signal_bytes == 24);

inline void* value_of(signal& s, const message_type& type) {
  return reinterpret_cast<std::byte*>(&s) + type.offset;
}
inline void* value_of(signal& s) { return value_of(s, *s.type); }

/// A node of at least `bytes`, header set but for `next` and `to`. Cost: a few ns up to 512 bytes,
/// operator new above.
signal* new_signal(std::size_t bytes, std::size_t alignment, const message_type* type);
/// The value is destroyed already, or was never made.
void free_signal(signal* s) noexcept;
/// Destroys the value too, if there is one; an unanswered request is answered `dropped`.
void destroy_signal(signal* s) noexcept;

constexpr std::size_t aligned(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

template <class T>
void destroy_value(void* value) noexcept {
  static_cast<T*>(value)->~T();
}
template <class T>
void print_value(std::ostream& out, const void* value) {
  kin::print(out, *static_cast<const T*>(value));
}
template <class T>
inline constexpr message_type type_of{
    &typeid(T), &destroy_value<T>, &print_value<T>,
    static_cast<std::uint32_t>(aligned(signal_bytes, alignof(T)))};

/// Puts `value` behind a new header.
template <class T>
signal* box(T&& value) {
  static_assert(alignof(T) <= 64, "kin: a message can be aligned to 64 bytes at most");
  constexpr const message_type& type = type_of<T>;
  signal* s = new_signal(type.offset + sizeof(T), alignof(T), &type);
  if constexpr (std::is_nothrow_move_constructible_v<T>) {
    new (value_of(*s, type)) T(std::forward<T>(value));
  } else {
    try {
      new (value_of(*s, type)) T(std::forward<T>(value));
    } catch (...) {
      free_signal(s);
      throw;
    }
  }
  return s;
}

template <class>
inline constexpr bool is_view = false;
template <class C, class Traits>
inline constexpr bool is_view<std::basic_string_view<C, Traits>> = true;
template <class T, std::size_t Extent>
inline constexpr bool is_view<std::span<T, Extent>> = true;
template <class T>
inline constexpr bool is_view<std::reference_wrapper<T>> = true;

}  // namespace detail

/// What may travel: an object that owns all it means and can be moved. No pointer, no view: they
/// would outlive what they point to. (A pointer inside an aggregate is not seen, and is the
/// program's own affair.)
template <class T>
concept sendable =
    std::is_object_v<T> && std::is_move_constructible_v<T> && !std::is_pointer_v<T> &&
    !std::is_array_v<T> && !detail::is_view<T>;

/// One owned value of any sendable type; move-only. What a clause `[](kin::message m)` gets.
///
/// Thread  any, one at a time.   Cost  making one: a node from the pool of its size.
class message {
 public:
  message() = default;
  message(message&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  message& operator=(message&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  message(const message&) = delete;
  message& operator=(const message&) = delete;
  ~message() {
    if (held_ != nullptr) detail::destroy_signal(held_);
  }

  /// The maker has a name, so that no constructor is asked of every type whether it can become a
  /// message.
  template <class T>
  [[nodiscard]] static message of(T value) {
    static_assert(sendable<T>,
                  "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
    return message(detail::box(std::move(value)));
  }

  /// It holds nothing: made so, or moved from.
  [[nodiscard]] bool empty() const { return held_ == nullptr; }
  /// The value if it is exactly a T; null if it is something else or was moved away.
  template <class T>
  [[nodiscard]] T* get_if() const {
    if (held_ == nullptr || !detail::same_type(*held_->type->info, typeid(T))) return nullptr;
    return static_cast<T*>(detail::value_of(*held_));
  }
  /// Of an empty message: typeid(void).
  [[nodiscard]] const std::type_info& type() const {
    return held_ == nullptr ? typeid(void) : *held_->type->info;
  }

  friend std::ostream& operator<<(std::ostream& out, const message& m) { return m.print(out); }

  /// For behaviours: the node itself.
  explicit message(detail::signal* adopted) : held_(adopted) {}
  [[nodiscard]] detail::signal* release() { return std::exchange(held_, nullptr); }
  [[nodiscard]] detail::signal& node() const { return *held_; }

 private:
  std::ostream& print(std::ostream& out) const;

  detail::signal* held_ = nullptr;
};

namespace detail {
// A message that is sent is sent as what it holds, not wrapped once more.
inline signal* box(message&& m) { return m.release(); }
}  // namespace detail

}  // namespace kin
