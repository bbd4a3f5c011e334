// SPDX-License-Identifier: Apache-2.0
// send: the one thing that processes do to each other's mailboxes.
#pragma once

#include <kin/message.hpp>
#include <kin/registry.hpp>

#include <utility>

namespace kin {

namespace detail {
/// Gives the signal away. False if nobody is there: it is destroyed.
bool post_message(pid to, signal* s);
[[noreturn]] void name_not_registered(const name_text& name);
}  // namespace detail

/// Puts `value` into the mailbox of `to`. Never waits. Signals from one process to another arrive
/// in the order they were sent, whatever their kinds. To a dead process: dropped.
///
/// Throws  kin::error with badarg when `to` is a name that nobody holds; whatever moving `value`
/// throws. Thread  any.   Cost  one node, one CAS; a value of up to 40 bytes allocates nothing
/// more.   See  erlang:send/2.
template <address To, class T>
void send(const To& to, T value) {
  static_assert(sendable<T>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (sendable<T>) {
    auto target = whereis(to);
    if constexpr (requires { to.untyped(); }) {
      if (!target) detail::name_not_registered(to.untyped());
    }
    detail::post_message(*target, detail::box(std::move(value)));
  }
}

}  // namespace kin
