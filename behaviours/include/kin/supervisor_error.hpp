// SPDX-License-Identifier: Apache-2.0
// What supervisors say when they refuse: reasons, printed as OTP prints them.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>
#include <kin/info.hpp>  // first: after kin::running, -Wshadow would mind process_status::running

#include <iosfwd>
#include <string>

namespace KIN_PUBLIC kin {

namespace detail {
extern const atom_rep already_present_rep;
extern const atom_rep not_found_rep;
extern const atom_rep running_rep;
extern const atom_rep restarting_rep;
extern const atom_rep gave_up_rep;
extern const atom_rep badcall_rep;
extern const atom_rep max_children_rep;
}  // namespace detail

/// A child with that id is there, and does not run.
inline constexpr atom already_present{detail::already_present_rep};
inline constexpr atom not_found{detail::not_found_rep};  ///< there is no such child
inline constexpr atom running{detail::running_rep};      ///< the child runs
/// Its restart has failed and is tried again.
inline constexpr atom restarting{detail::restarting_rep};
/// More restarts than `intensity` within `period`; prints `reached_max_restart_intensity`.
inline constexpr atom gave_up{detail::gave_up_rep};
/// A supervisor of this kind cannot do that: a bridge has no children, a dynamic_supervisor keeps none
/// that do not run.
inline constexpr atom badcall{detail::badcall_rep};
/// The supervisor has as many children as it may have.
inline constexpr atom max_children{detail::max_children_rep};

/// Inside shutdown(...): the start of a tree failed, because this child did not start.
struct failed_to_start_child {
  std::string id = {};      ///< of the child
  exit_reason reason = {};  ///< what its start failed with
  friend bool operator==(const failed_to_start_child&, const failed_to_start_child&) = default;
};
std::ostream& operator<<(std::ostream& out, const failed_to_start_child& f);

/// A supervisor, or a child, that cannot be: what is wrong, and a sentence that says so.
struct bad_spec {
  /// OTP's words for it.
  enum class fault : unsigned char {
    missing_id,
    missing_start,
    invalid_restart_type,   ///< no value of kin::restart
    invalid_child_type,     ///< no value of kin::child_type
    invalid_shutdown,       ///< a negative time
    invalid_backoff,        ///< a negative time, a factor below one, or jitter not within 0 and 1
    invalid_strategy,       ///< no value of kin::strategy, or one that this supervisor cannot have
    invalid_period,         ///< nothing, or less
    invalid_auto_shutdown,  ///< no value of kin::auto_shutdown
    duplicate_child_name,   ///< two children with one id
    bad_combination,        ///< significant, and permanent; or significant without auto_shutdown
    bad_start_spec,         ///< not one template; a misplaced template; other arguments than its
  };
  fault what = {};        ///< the kind of mistake
  std::string text = {};  ///< for people
  friend bool operator==(const bad_spec&, const bad_spec&) = default;
};
std::ostream& operator<<(std::ostream& out, bad_spec::fault f);
/// `{start_spec, duplicate_child_name: two children have the id "cache"}`; what is wrong with the
/// supervisor's own options is `{supervisor_data, invalid_period: ...}`.
std::ostream& operator<<(std::ostream& out, const bad_spec& b);

}  // namespace kin
