// SPDX-License-Identifier: Apache-2.0
// Process groups: who is in which, and messages when that changes.
//
//   kin::pg::start_link();                                   the scope `pg`; any number of others
//   kin::pg::join("printers", kin::self());
//   for (kin::pid p : kin::pg::get_members("printers")) kin::send(p, page{1});
//   auto [ref, members] = kin::pg::monitor("printers");      then pg::joined, pg::left
//
// A scope is a server, and its groups are there while it lives. A process is in a group as often as
// it has joined, until it leaves or ends.
#pragma once

#include <kin/export.hpp>
#include <kin/gen_server.hpp>
#include <kin/link.hpp>
#include <kin/receive.hpp>
#include <kin/request.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace KIN_PUBLIC kin {

namespace detail {
extern const atom_rep not_joined_rep;
[[noreturn]] void pg_does_not_know(const message& m);
}  // namespace detail

namespace pg {

/// None of the processes was in the group.
inline constexpr atom not_joined{detail::not_joined_rep};

/// To who monitors a group or a scope: OTP's {Ref, join, Group, Pids}.
template <class Group>
struct joined {
  kin::ref ref = {};           ///< of the monitor
  Group group = {};            ///< which
  std::vector<kin::pid> pids;  ///< who, as often as they have joined
};
/// To who monitors a group or a scope: OTP's {Ref, leave, Group, Pids}. One for each time that a
/// process was in the group which has ended.
template <class Group>
struct left {
  kin::ref ref = {};           ///< of the monitor
  Group group = {};            ///< which
  std::vector<kin::pid> pids;  ///< who
};
/// What monitor gives.
struct monitored_group {
  kin::ref ref = {};              ///< of what comes from now on
  std::vector<kin::pid> members;  ///< who is in it now
};
/// What monitor_scope gives.
template <class Group>
struct monitored_scope {
  kin::ref ref = {};                                        ///< of what comes from now on
  std::unordered_map<Group, std::vector<kin::pid>> groups;  ///< who is in which now
};

/// One process, or many.
class pids {
 public:
  /// One.
  pids(kin::pid one) : all_{one} {}  // NOLINT(google-explicit-constructor)
  /// One.
  template <class Server>
  pids(const server<Server>& one) : all_{one.pid} {}  // NOLINT(google-explicit-constructor)
  /// Many.
  pids(std::vector<kin::pid> all) : all_(std::move(all)) {}  // NOLINT(google-explicit-constructor)
  /// Many.
  pids(std::initializer_list<kin::pid> all) : all_(all) {}
  /// In their order.
  [[nodiscard]] std::vector<kin::pid> take() && { return std::move(all_); }

 private:
  std::vector<kin::pid> all_;
};

/// The server of the groups of one scope. What it is not asked for by the functions below ends it,
/// with badarg.   See  pg.
template <class Group = std::string>
class scope : public gen_server {
  static_assert(std::is_invocable_r_v<std::size_t, const std::hash<Group>&, const Group&>,
                "kin: the names of groups need a std::hash");
  static_assert(std::copy_constructible<Group> && sendable<Group>,
                "kin: the names of groups are copied, and sent: no pointer, no view");

 public:
  /// What groups are called by.
  using group_type = Group;

  /// What kin::pg::join sends.
  struct join_request {
    Group group;                 ///< which
    std::vector<kin::pid> pids;  ///< who
  };
  /// What kin::pg::leave sends.
  struct leave_request {
    Group group;                 ///< which
    std::vector<kin::pid> pids;  ///< who
  };
  /// What kin::pg::get_members sends.
  struct members_request {
    Group group;  ///< which
  };
  struct groups_request {};
  /// What kin::pg::monitor sends.
  struct monitor_request {
    Group group;  ///< which
  };
  struct monitor_scope_request {};
  /// What kin::pg::demonitor sends.
  struct demonitor_request {
    kin::ref ref;  ///< what monitor gave
  };

  /// Who joins is watched.
  void handle_call(join_request r) {
    auto& group = groups_[r.group];
    group.insert(group.begin(), r.pids.begin(), r.pids.end());
    for (const kin::pid p : r.pids) {
      auto& of_it = members_[p];
      if (!of_it.watch) {
        of_it.watch = kin::monitor(p);
        watched_.emplace(of_it.watch, p);
      }
      of_it.groups.push_back(r.group);
    }
    tell<joined<Group>>(r.group, r.pids);
  }
  /// False: none of them was in it.
  bool handle_call(leave_request r) {
    bool changed = false;
    for (const kin::pid p : r.pids) {
      if (take_out(r.group, p)) changed = true;
    }
    if (changed) tell<left<Group>>(r.group, r.pids);
    return changed;
  }
  /// As often as each has joined.
  std::vector<kin::pid> handle_call(members_request r) const { return members_of(r.group); }
  /// Those with members.
  std::vector<Group> handle_call(groups_request /*r*/) const {
    std::vector<Group> all;
    all.reserve(groups_.size());
    for (const auto& [group, members] : groups_) all.push_back(group);
    return all;
  }
  /// The members now; changes are told from now on.
  monitored_group handle_call(monitor_request r, kin::pid caller) {
    auto members = members_of(r.group);
    return {add_listener(caller, std::move(r.group)), std::move(members)};
  }
  /// The same of all groups.
  monitored_scope<Group> handle_call(monitor_scope_request /*r*/, kin::pid caller) {
    return {add_listener(caller, std::nullopt), groups_};
  }
  /// False: there was no such reference.
  bool handle_call(demonitor_request r) {
    const bool was_there = listeners_.erase(r.ref) != 0;
    if (was_there) kin::demonitor(r.ref, {.flush = true});
    return was_there;
  }
  /// Ends of members and of listeners.
  auto handle_info() {
    return clauses{[this](const down& d) { ended(d); },
                   [](const message& m) { detail::pg_does_not_know(m); }};
  }
  /// What reports print.
  [[nodiscard]] std::size_t format_status() const { return groups_.size(); }

 private:
  struct member {
    kin::ref watch;
    std::vector<Group> groups;  // once for each time that it has joined
  };
  struct listener {
    kin::pid pid;
    std::optional<Group> group;  // none: all
  };

  [[nodiscard]] std::vector<kin::pid> members_of(const Group& group) const {
    const auto at = groups_.find(group);
    return at == groups_.end() ? std::vector<kin::pid>() : at->second;
  }
  // Once; a group without members goes.
  bool take_out_of_group(const Group& group, kin::pid p) {
    const auto at = groups_.find(group);
    if (at == groups_.end()) return false;
    const auto place = std::find(at->second.begin(), at->second.end(), p);
    if (place == at->second.end()) return false;
    at->second.erase(place);
    if (at->second.empty()) groups_.erase(at);
    return true;
  }
  bool take_out(const Group& group, kin::pid p) {
    if (!take_out_of_group(group, p)) return false;
    const auto at = members_.find(p);
    auto& of_it = at->second.groups;
    of_it.erase(std::find(of_it.begin(), of_it.end(), group));
    if (of_it.empty()) {
      kin::demonitor(at->second.watch, {.flush = true});
      watched_.erase(at->second.watch);
      members_.erase(at);
    }
    return true;
  }
  void ended(const down& d) {
    if (listeners_.erase(d.ref) != 0) return;
    const auto at = watched_.find(d.ref);
    if (at == watched_.end()) return;
    const kin::pid p = at->second;
    watched_.erase(at);
    const auto gone = members_.extract(p);
    for (const Group& group : gone.mapped().groups) {
      take_out_of_group(group, p);
      tell<left<Group>>(group, {p});
    }
  }
  // The reference is that of a monitor, so that it goes with who asked for it.
  kin::ref add_listener(kin::pid caller, std::optional<Group> group) {
    const kin::ref r = kin::monitor(caller);
    listeners_.emplace(r, listener{caller, std::move(group)});
    return r;
  }
  template <class Event>
  void tell(const Group& group, const std::vector<kin::pid>& pids) const {
    for (const auto& [ref, to] : listeners_) {
      if (!to.group || *to.group == group)
        kin::detail::post_past_bound(to.pid, kin::detail::box(Event{ref, group, pids}));
    }
  }

  std::unordered_map<Group, std::vector<kin::pid>> groups_;  // newest first
  std::unordered_map<kin::pid, member> members_;
  std::unordered_map<kin::ref, kin::pid> watched_;
  std::map<kin::ref, listener> listeners_;  // in the order in which they came
};

/// The scope that is meant where none is named.
inline constexpr kin::name<scope<>> default_scope{"pg"};

}  // namespace pg

namespace detail {
template <class To>
struct scope_of : std::type_identity<void> {};
template <class To>
requires requires { typename server_behind<To>::type::group_type; }
struct scope_of<To> : std::type_identity<typename server_behind<To>::type> {};
/// A typed name or handle of a scope.
template <class To>
concept pg_scope = address<To> && !std::is_void_v<typename scope_of<To>::type>;
template <class To>
using pg_group = typename scope_of<To>::type::group_type;

template <class To, class Request>
auto ask_scope(const To& to, Request request) {
  return try_call(to, std::move(request), infinity);
}
}  // namespace detail

namespace pg {

// Of all that follow, what takes no scope means default_scope; what has a twin with try_ throws
// call_failed where that returns the reason: noproc, if the scope does not run. They wait for the
// scope. Thread  any that may call; monitors are for processes.

/// Starts a scope, linked to the caller.   See  pg:start_link/1.
template <class Group>
server<scope<Group>> start_link(const kin::name<scope<Group>>& name) {
  return kin::start_link<scope<Group>>(start_options<scope<Group>>{.name = name});
}
/// The same of default_scope.   See  pg:start_link/0.
inline server<scope<>> start_link() { return pg::start_link(default_scope); }
/// Starts a scope.   See  pg:start/1.
template <class Group>
server<scope<Group>> start(const kin::name<scope<Group>>& name) {
  return kin::start<scope<Group>>(start_options<scope<Group>>{.name = name});
}

/// Puts processes into a group, which is there from then on. One that has ended is taken out again
/// at once.   See  pg:join/3.
template <detail::pg_scope To>
result<void> try_join(const To& to, const detail::pg_group<To>& group, pids who) {
  using S = typename detail::scope_of<To>::type;
  return detail::ask_scope(to, typename S::join_request{group, std::move(who).take()});
}
/// As try_join, but a failure is thrown.
template <detail::pg_scope To>
void join(const To& to, const detail::pg_group<To>& group, pids who) {
  detail::value_or_throw(pg::try_join(to, group, std::move(who)), "pg::join");
}
/// The same in default_scope.   See  pg:join/2.
inline void join(const std::string& group, pids who) {
  pg::join(default_scope, group, std::move(who));
}

/// Takes processes out of a group, each as often as it is named. A group without members goes.
///
/// Returns  not_joined if none of them was in it.   See  pg:leave/3.
template <detail::pg_scope To>
result<void> try_leave(const To& to, const detail::pg_group<To>& group, pids who) {
  using S = typename detail::scope_of<To>::type;
  const auto left = detail::ask_scope(to, typename S::leave_request{group, std::move(who).take()});
  if (!left) return left.error();
  return *left ? result<void>() : result<void>(not_joined);
}
/// As try_leave, but a failure is thrown.
template <detail::pg_scope To>
void leave(const To& to, const detail::pg_group<To>& group, pids who) {
  detail::value_or_throw(pg::try_leave(to, group, std::move(who)), "pg::leave");
}
/// The same in default_scope.   See  pg:leave/2.
inline void leave(const std::string& group, pids who) {
  pg::leave(default_scope, group, std::move(who));
}

/// Who is in the group, newest first, as often as it has joined. Nobody where there is no such
/// group, or no such scope.   See  pg:get_members/2.
template <detail::pg_scope To>
[[nodiscard]] std::vector<pid> get_members(const To& to, const detail::pg_group<To>& group) {
  using S = typename detail::scope_of<To>::type;
  return detail::ask_scope(to, typename S::members_request{group}).value_or(std::vector<pid>());
}
/// The same in default_scope.   See  pg:get_members/1.
[[nodiscard]] inline std::vector<pid> get_members(const std::string& group) {
  return pg::get_members(default_scope, group);
}
/// Those of this node.   See  pg:get_local_members/2.
template <detail::pg_scope To>
[[nodiscard]] std::vector<pid> get_local_members(const To& to, const detail::pg_group<To>& group) {
  return pg::get_members(to, group);
}
/// The same in default_scope.   See  pg:get_local_members/1.
[[nodiscard]] inline std::vector<pid> get_local_members(const std::string& group) {
  return pg::get_members(default_scope, group);
}

/// All groups, in no order; none where there is no such scope.   See  pg:which_groups/1.
template <detail::pg_scope To>
[[nodiscard]] auto which_groups(const To& to) {
  using S = typename detail::scope_of<To>::type;
  return detail::ask_scope(to, typename S::groups_request{})
      .value_or(std::vector<detail::pg_group<To>>());
}
/// The same of default_scope.   See  pg:which_groups/0.
[[nodiscard]] inline std::vector<std::string> which_groups() {
  return pg::which_groups(default_scope);
}
/// Those with members of this node.   See  pg:which_local_groups/1.
template <detail::pg_scope To>
[[nodiscard]] auto which_local_groups(const To& to) {
  return pg::which_groups(to);
}
/// The same of default_scope.   See  pg:which_local_groups/0.
[[nodiscard]] inline std::vector<std::string> which_local_groups() { return pg::which_groups(); }

/// Who is in a group; each change from then on comes as pg::joined or pg::left.
/// Context  a process.   See  pg:monitor/2.
template <detail::pg_scope To>
[[nodiscard]] result<monitored_group> try_monitor(const To& to, const detail::pg_group<To>& group) {
  using S = typename detail::scope_of<To>::type;
  return detail::ask_scope(to, typename S::monitor_request{group});
}
/// As try_monitor, but a failure is thrown.
template <detail::pg_scope To>
[[nodiscard]] monitored_group monitor(const To& to, const detail::pg_group<To>& group) {
  return detail::value_or_throw(pg::try_monitor(to, group), "pg::monitor");
}
/// The same in default_scope.   See  pg:monitor/1.
[[nodiscard]] inline monitored_group monitor(const std::string& group) {
  return pg::monitor(default_scope, group);
}
/// The same for all groups of the scope.   Context  a process.   See  pg:monitor_scope/1.
template <detail::pg_scope To>
[[nodiscard]] result<monitored_scope<detail::pg_group<To>>> try_monitor_scope(const To& to) {
  using S = typename detail::scope_of<To>::type;
  return detail::ask_scope(to, typename S::monitor_scope_request{});
}
/// As try_monitor_scope, but a failure is thrown.
template <detail::pg_scope To>
[[nodiscard]] monitored_scope<detail::pg_group<To>> monitor_scope(const To& to) {
  return detail::value_or_throw(pg::try_monitor_scope(to), "pg::monitor_scope");
}
/// The same of default_scope.   See  pg:monitor_scope/0.
[[nodiscard]] inline monitored_scope<std::string> monitor_scope() {
  return pg::monitor_scope(default_scope);
}
/// No more of that monitor comes, and what has come is taken out of the mailbox. False if it is no
/// monitor of that scope.   Context  the process that monitors.   See  pg:demonitor/2.
template <detail::pg_scope To>
result<bool> try_demonitor(const To& to, ref monitor) {
  using S = typename detail::scope_of<To>::type;
  using group = detail::pg_group<To>;
  auto was_there = detail::ask_scope(to, typename S::demonitor_request{monitor});
  if (!was_there || !*was_there) return was_there;
  while (kin::receive(
      kin::when(&joined<group>::ref, monitor, [](const joined<group>& /*j*/) { return true; }),
      kin::when(&left<group>::ref, monitor, [](const left<group>& /*l*/) { return true; }),
      kin::after({}, [] { return false; }))) {
  }
  return true;
}
/// As try_demonitor, but a failure is thrown.
template <detail::pg_scope To>
bool demonitor(const To& to, ref monitor) {
  return detail::value_or_throw(pg::try_demonitor(to, monitor), "pg::demonitor");
}
/// The same of default_scope.   See  pg:demonitor/1.
inline bool demonitor(ref monitor) { return pg::demonitor(default_scope, monitor); }

}  // namespace pg
}  // namespace kin
