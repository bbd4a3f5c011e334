// SPDX-License-Identifier: Apache-2.0
// Aliases: references that can be sent to, and switched off. What comes by an alias that is off is
// dropped when it arrives, so that a late answer never lies in the mailbox.
#pragma once

#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>

#include <cstdint>
#include <utility>

namespace KIN_PUBLIC kin {

/// What switches an alias off, besides `unalias`.
enum class alias_until : std::uint8_t {
  unaliased,    ///< nothing else
  demonitored,  ///< of a monitor: its end, by demonitor or by its kin::down
  replied,      ///< the first message that comes by it; of a monitor: that ends the monitor too
};

namespace detail {
/// Gives the signal away.
void post_to_alias(ref alias, signal* s);
}  // namespace detail

/// A reference by which this process can be reached until it is switched off.
/// Context  a process.   See  erlang:alias/1.
[[nodiscard]] ref alias(alias_until until = alias_until::unaliased);
/// True if it was an alias of this process and on. See  erlang:unalias/1.
bool unalias(ref alias);

/// To the process whose alias it is, in order with what is sent to its pid. Dropped if the alias is
/// off, or is none. Thread  any.   Cost  a node more than by pid.
template <class T>
void send(ref alias, T value) {
  static_assert(sendable<T>,
                "kin: this type cannot be a message: it is a pointer, a view or cannot be moved");
  if constexpr (sendable<T>) detail::post_to_alias(alias, detail::box(std::move(value)));
}

}  // namespace kin
