// SPDX-License-Identifier: Apache-2.0
// The reason of a call that could never be answered: whoever was to answer it waits itself, in the
// end for the caller. See docs/calls.md.
#pragma once

#include <kin/export.hpp>
#include <kin/pid.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace KIN_PUBLIC kin {

/// A call has closed a circle of processes, each of which waits for the answer of the next, the last
/// one for that of the first. It fails at once with this, in one of them, the one whose request came
/// last; the others go on. As the reason of a call_failed, or the error of a result:
///
///   if (const auto* circle = failed.reason().get_if<kin::call_cycle>()) ...
///
/// The request that was sent is handled all the same when its turn comes, as after a time-out.
struct call_cycle {
  /// One of those that wait.
  struct member {
    kin::pid pid = {};         ///< who
    std::string name = {};     ///< registered; empty: none
    std::string server = {};   ///< its class, or the function it runs
    std::string request = {};  ///< the type it calls the next one with; empty: it starts the next
    friend bool operator==(const member&, const member&) = default;
  };
  std::vector<member> members = {};  ///< from the one whose call has failed
  friend bool operator==(const call_cycle&, const call_cycle&) = default;
};
/// As `call_cycle: <0.5.0> shop calls <0.6.0> bank with balance, which calls <0.5.0> shop with
/// price`.
std::ostream& operator<<(std::ostream& out, const call_cycle& c);

}  // namespace kin
