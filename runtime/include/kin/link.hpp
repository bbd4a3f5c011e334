// SPDX-License-Identifier: Apache-2.0
// Links and monitors: who hears of whose end.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/pid.hpp>
#include <kin/registry.hpp>

#include <iosfwd>
#include <optional>

namespace kin {

/// The message that a monitor sends once: OTP's {'DOWN', Ref, process, Pid, Reason}.
struct down {
  kin::ref ref = {};
  kin::pid pid = {};
  exit_reason reason = {};
  friend bool operator==(const down&, const down&) = default;
};
std::ostream& operator<<(std::ostream& out, const down& d);

/// An exit signal, as a message to a process that traps exits: OTP's {'EXIT', From, Reason}.
struct exited {
  kin::pid from = {};
  exit_reason reason = {};
  friend bool operator==(const exited&, const exited&) = default;
};
std::ostream& operator<<(std::ostream& out, const exited& e);

/// Ties this process and `other` together: when one ends, the other gets an exit signal. At most
/// one link a pair.
///
/// Throws   kin::error with noproc if `other` is dead and this process does not trap exits; if it
/// does, kin::exited
///          with noproc arrives.
/// Context  a process.   Cost  one allocation, one signal.   See  erlang:link/1.
void link(pid other);

/// Once this has returned, the link has no more effect here. A kin::exited that is in the mailbox
/// already stays there. Context  a process.   See  erlang:unlink/1.
void unlink(pid other);

/// Asks for one kin::down when `other` ends; at once, with noproc, if it has ended. Any number per
/// pair. Context  a process.   Cost  one allocation, one signal.   See  erlang:monitor/2.
[[nodiscard]] ref monitor(pid other);
/// Whoever holds the name now; later owners do not count. `down.pid` is the pid found, or none with
/// noproc.
template <class Server>
[[nodiscard]] ref monitor(const name<Server>& holder) {
  return monitor(whereis(holder).value_or(pid{}));
}

struct demonitor_options {
  bool flush = false;  ///< also takes the kin::down out of the mailbox
};
/// No kin::down of that monitor arrives from now on; one may be in the mailbox. True if the monitor
/// was active, and so there is none. A reference that is no monitor of this process does nothing.
/// Context  a process.   See  erlang:demonitor/2.
bool demonitor(ref monitor, demonitor_options options = {});

}  // namespace kin
