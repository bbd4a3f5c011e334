// SPDX-License-Identifier: Apache-2.0
// How specs, options and errors of supervisors print.
#include <kin/child_spec.hpp>
#include <kin/supervisor.hpp>
#include <kin/supervisor_error.hpp>

#include <chrono>
#include <ostream>

namespace kin {
namespace detail {

constinit const atom_rep already_present_rep{"already_present"};
constinit const atom_rep not_found_rep{"not_found"};
constinit const atom_rep running_rep{"running"};
constinit const atom_rep restarting_rep{"restarting"};
constinit const atom_rep gave_up_rep{"reached_max_restart_intensity"};
constinit const atom_rep badcall_rep{"badcall"};
constinit const atom_rep max_children_rep{"max_children"};

}  // namespace detail

std::ostream& operator<<(std::ostream& out, restart r) {
  switch (r) {
    case permanent:
      return out << "permanent";
    case transient:
      return out << "transient";
    case temporary:
      return out << "temporary";
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, child_type t) {
  return out << (t == child_type::supervisor ? "supervisor" : "worker");
}

std::ostream& operator<<(std::ostream& out, const shutdown_limit& s) {
  if (s.brutal) return out << "brutal_kill";
  if (s.limit == infinity) return out << "infinity";
  return out << std::chrono::duration_cast<std::chrono::milliseconds>(s.limit).count();
}

std::ostream& operator<<(std::ostream& out, strategy s) {
  switch (s) {
    case one_for_one:
      return out << "one_for_one";
    case one_for_all:
      return out << "one_for_all";
    case rest_for_one:
      return out << "rest_for_one";
    case simple_one_for_one:
      return out << "simple_one_for_one";
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, auto_shutdown a) {
  switch (a) {
    case auto_shutdown::never:
      return out << "never";
    case any_significant:
      return out << "any_significant";
    case all_significant:
      return out << "all_significant";
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const failed_to_start_child& f) {
  return out << "{failed_to_start_child, " << f.id << ", " << f.reason << '}';
}

std::ostream& operator<<(std::ostream& out, const degraded_child& d) {
  return out << "{degraded, " << d.id << ", " << d.restarts << ", " << d.why << '}';
}

std::ostream& operator<<(std::ostream& out, bad_spec::fault f) {
  using enum bad_spec::fault;
  switch (f) {
    case missing_id:
      return out << "missing_id";
    case missing_start:
      return out << "missing_start";
    case invalid_restart_type:
      return out << "invalid_restart_type";
    case invalid_child_type:
      return out << "invalid_child_type";
    case invalid_shutdown:
      return out << "invalid_shutdown";
    case invalid_backoff:
      return out << "invalid_backoff";
    case invalid_strategy:
      return out << "invalid_strategy";
    case invalid_period:
      return out << "invalid_period";
    case invalid_auto_shutdown:
      return out << "invalid_auto_shutdown";
    case duplicate_child_name:
      return out << "duplicate_child_name";
    case bad_combination:
      return out << "bad_combination";
    case bad_start_spec:
      return out << "bad_start_spec";
  }
  return out;
}

std::ostream& operator<<(std::ostream& out, const bad_spec& b) {
  using enum bad_spec::fault;
  const bool own =
      b.what == invalid_strategy || b.what == invalid_period || b.what == invalid_auto_shutdown;
  return out << (own ? "{supervisor_data, " : "{start_spec, ") << b.what << ": " << b.text << '}';
}

}  // namespace kin
