// SPDX-License-Identifier: Apache-2.0
// send: the one thing that processes do to each other's mailboxes.
#pragma once

#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/registry.hpp>
#include <kin/result.hpp>
#include <kin/time.hpp>

#include <string>
#include <utility>

namespace KIN_PUBLIC kin {

namespace detail {
/// Give the signal away.
void post_message(pid to, signal* s);
result<void> try_post_message(pid to, signal* s, duration limit);
[[noreturn]] void name_not_registered(const name_text& name);
[[noreturn]] void nobody_at_key(const std::string& key);

/// Of an address that may lead to nobody, in `send`: an error that names it.
struct nobody {
  template <class Server>
  [[noreturn]] static void at(const name<Server>& n) {
    name_not_registered(n.untyped());
  }
  template <class Registry>
  [[noreturn]] static void at(const via<Registry>& v) {
    nobody_at_key(to_string(v.key()));
  }
};
template <class To>
pid receiver_at(const To& to) {
  const auto target = whereis(to);
  if constexpr (requires { nobody::at(to); }) {
    if (!target) nobody::at(to);
  }
  return *target;
}
}  // namespace detail

/// Puts `value` into the mailbox of `to`. Signals from one process to another arrive
/// in the order they were sent, whatever their kinds. To a dead process: dropped.
///
/// Throws  kin::error with badarg when `to` is a name or key that nobody holds, with mailbox_full when a
///         bounded mailbox is full and does not drop; whatever moving `value` throws.
/// Thread  any; to a name, a process or a thread inside machine::enter. Waits only for room in a
///         mailbox that was bounded with when_full::block; a thread that runs no process does not
///         wait for that either, but gets mailbox_full.
/// Cost    one node from a pool, operator new above 488 bytes; one CAS.
/// See     erlang:send/2.
template <class To, class T>
void send(const To& to, T value) {
  static_assert(sendable<T>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (detail::check_address<To>() && sendable<T>) {
    const pid target = detail::receiver_at(to);
    detail::post_message(target, detail::box(std::move(value)));
  }
}

/// As send, but tells whether a bounded mailbox let it in within `limit`: mailbox_full if not. What
/// is for the dead, or is dropped as its mailbox wants it, counts as sent. A thread that runs no
/// process blocks for up to `limit`.
/// Throws  kin::error with badarg when `to` is a name or key that nobody holds.
template <class To, class T>
[[nodiscard]] result<void> try_send(const To& to, T value, duration limit = {}) {
  static_assert(sendable<T>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (detail::check_address<To>() && sendable<T>) {
    const pid target = detail::receiver_at(to);
    return detail::try_post_message(target, detail::box(std::move(value)), limit);
  } else {
    return {};
  }
}

}  // namespace kin
