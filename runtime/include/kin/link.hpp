// SPDX-License-Identifier: Apache-2.0
// Links and monitors: who hears of whose end.
#pragma once

#include <kin/alias.hpp>
#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/message.hpp>
#include <kin/pid.hpp>
#include <kin/registry.hpp>

#include <iosfwd>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace KIN_PUBLIC kin {

/// The message that a monitor sends once: OTP's {'DOWN', Ref, process, Pid, Reason}.
struct down {
  kin::ref ref = {};        ///< what `monitor` returned
  kin::pid pid = {};        ///< who ended
  exit_reason reason = {};  ///< why; noproc: there was nobody
  friend bool operator==(const down&, const down&) = default;
};
std::ostream& operator<<(std::ostream& out, const down& d);

/// An exit signal, as a message to a process that traps exits: OTP's {'EXIT', From, Reason}.
struct exited {
  kin::pid from = {};       ///< who ended, or sent the signal
  exit_reason reason = {};  ///< why; noproc: there was nobody to link to
  friend bool operator==(const exited&, const exited&) = default;
};
std::ostream& operator<<(std::ostream& out, const exited& e);

/// Ties this process and `other` together: when one ends, the other gets an exit signal. At most
/// one link a pair.
///
/// Throws   kin::error with noproc if `other` is dead and this process does not trap exits; if it
///          does, kin::exited with noproc arrives.
/// Context  a process.   Cost  one allocation, one signal.   See  erlang:link/1.
void link(pid other);

/// Once this has returned, the link has no more effect here. A kin::exited that is in the mailbox
/// already stays there.
///
/// Context  a process.   Cost  one signal, if there is a link.   See  erlang:unlink/1.
void unlink(pid other);

/// Asks for one kin::down when `other` ends; at once, with noproc, if it has ended. Any number per
/// pair.
///
/// Context  a process.   Cost  one allocation, one signal.   See  erlang:monitor/2.
[[nodiscard]] ref monitor(pid other);
/// Whoever holds the name, or the key of a registry, now; later owners do not count. `down.pid` is
/// the pid found, or none with noproc.
template <address To>
requires(!std::is_convertible_v<To, pid>) [[nodiscard]] ref monitor(const To& holder) {
  return monitor(whereis(holder).value_or(pid{}));
}

/// What a monitor can have beside.
struct monitor_options {
  /// The reference is an alias of this process too, until then.
  std::optional<alias_until> alias = {};
};
/// As monitor. See  erlang:monitor/3.
[[nodiscard]] ref monitor(pid other, monitor_options options);

/// What a monitor with a tag sends instead of kin::down.
template <class Tag>
struct tagged_down : down {
  /// Made by the monitor.
  tagged_down(Tag t, down&& told) : down(std::move(told)), tag(std::move(t)) {}
  Tag tag;  ///< what the monitor was given
};
namespace detail {
/// Makes the message from the down.
class down_maker {
 public:
  down_maker() = default;
  down_maker(const down_maker&) = delete;
  down_maker& operator=(const down_maker&) = delete;
  virtual ~down_maker() = default;
  virtual signal* make(down&& told) = 0;
};
template <class Tag>
std::unique_ptr<down_maker> tagging(Tag tag) {
  struct maker final : down_maker {
    explicit maker(Tag t) : kept(std::move(t)) {}
    signal* make(down&& told) override {
      return box(tagged_down<Tag>(std::move(kept), std::move(told)));
    }
    Tag kept;
  };
  return std::make_unique<maker>(std::move(tag));
}
ref start_monitor(pid other, monitor_options options, std::unique_ptr<down_maker> maker);
}  // namespace detail
/// As monitor, but what comes is `tagged_down<Tag>`, so that it can be told from others by its type
/// or its tag. See  erlang:monitor/3, {tag, Term}.
template <class Tag>
requires(sendable<Tag> && !std::is_same_v<Tag, monitor_options>) [[nodiscard]] ref
    monitor(pid other, Tag tag, monitor_options options = {}) {
  return detail::start_monitor(other, options, detail::tagging(std::move(tag)));
}

/// How a monitor is given up.
struct demonitor_options {
  bool flush = false;  ///< also takes the kin::down, tagged or not, out of the mailbox
};
/// No kin::down of that monitor arrives from now on; one may be in the mailbox. True if the monitor
/// was active, and so there is none. A reference that is no monitor of this process does nothing.
///
/// Context  a process.   See  erlang:demonitor/2.
bool demonitor(ref monitor, demonitor_options options = {});

}  // namespace kin
