// SPDX-License-Identifier: Apache-2.0
// What applications, and who controls them, say when they refuse or end: reasons, printed as OTP
// prints them. All are values inside a kin::exit_reason.
#pragma once

#include <kin/exit_reason.hpp>
#include <kin/export.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace KIN_PUBLIC kin {
namespace app {

/// An application with that name is loaded.
struct already_loaded {
  std::string name = {};  ///< of the application
  friend bool operator==(const already_loaded&, const already_loaded&) = default;
};
std::ostream& operator<<(std::ostream& out, const already_loaded& r);

/// No application with that name is loaded.
struct not_loaded {
  std::string name = {};  ///< of the application
  friend bool operator==(const not_loaded&, const not_loaded&) = default;
};
std::ostream& operator<<(std::ostream& out, const not_loaded& r);

/// It runs already.
struct already_started {
  std::string name = {};  ///< of the application
  friend bool operator==(const already_started&, const already_started&) = default;
};
std::ostream& operator<<(std::ostream& out, const already_started& r);

/// It has not been started: what was to be stopped, or what another application needs.
struct not_started {
  std::string name = {};  ///< of the application
  friend bool operator==(const not_started&, const not_started&) = default;
};
std::ostream& operator<<(std::ostream& out, const not_started& r);

/// Another application needs it; it was started, and has ended since.
struct not_running {
  std::string name = {};  ///< of the application
  friend bool operator==(const not_running&, const not_running&) = default;
};
std::ostream& operator<<(std::ostream& out, const not_running& r);

/// It runs, and so cannot be unloaded.
struct is_running {
  std::string name = {};  ///< of the application
  friend bool operator==(const is_running&, const is_running&) = default;
};
std::ostream& operator<<(std::ostream& out, const is_running& r);

/// The controller has never been shown an application with that name.
struct no_such_application {
  std::string name = {};  ///< of the application
  friend bool operator==(const no_such_application&, const no_such_application&) = default;
};
std::ostream& operator<<(std::ostream& out, const no_such_application& r);

/// Applications that need, or include, each other.
struct circular {
  std::vector<std::string> names = {};  ///< each needs the next, the last one the first
  friend bool operator==(const circular&, const circular&) = default;
};
std::ostream& operator<<(std::ostream& out, const circular& r);

/// An application that cannot be: what is wrong, for people.
struct bad_application {
  std::string name = {};  ///< of the application
  std::string text = {};  ///< what is wrong
  friend bool operator==(const bad_application&, const bad_application&) = default;
};
std::ostream& operator<<(std::ostream& out, const bad_application& r);

/// A file that cannot be read, or does not say what it should.
struct bad_file {
  std::string path = {};  ///< as it was given
  unsigned line = 0;      ///< from 1 on; 0: the file as a whole
  unsigned column = 0;    ///< from 1 on
  std::string text = {};  ///< what is wrong
  friend bool operator==(const bad_file&, const bad_file&) = default;
};
/// `shop.toml:3:5: what is wrong`.
std::ostream& operator<<(std::ostream& out, const bad_file& r);

/// In callback_failed: the callback threw, or called kin::exit, with this reason.
struct raised {
  exit_reason reason = {};  ///< prints {'EXIT', reason}
  friend bool operator==(const raised&, const raised&) = default;
};
std::ostream& operator<<(std::ostream& out, const raised& r);

/// One callback of an application did not do what it is there for.
struct callback_failed {
  std::string name = {};      ///< of the application
  std::string callback = {};  ///< start, start_phase(NAME), config_change
  /// What it returned as its failure; `raised{normal}` if it called kin::exit(normal).
  exit_reason reason = {};
  friend bool operator==(const callback_failed&, const callback_failed&) = default;
};
std::ostream& operator<<(std::ostream& out, const callback_failed& r);

/// One callback of an application returned what is no answer, or raised anything but normal.
struct bad_return {
  std::string name = {};      ///< of the application
  std::string callback = {};  ///< start, start_phase(NAME), config_change
  exit_reason value = {};     ///< `raised{...}`, or in words what it returned
  friend bool operator==(const bad_return&, const bad_return&) = default;
};
std::ostream& operator<<(std::ostream& out, const bad_return& r);

/// Of several that should have started, this one did not.
struct failed_to_start {
  std::string name = {};    ///< of the application
  exit_reason reason = {};  ///< why
  friend bool operator==(const failed_to_start&, const failed_to_start&) = default;
};
std::ostream& operator<<(std::ostream& out, const failed_to_start& r);

/// Why the controller ends: an application without which there is no point in going on has ended.
struct application_terminated {
  std::string name = {};    ///< of the application
  exit_reason reason = {};  ///< why it ended
  friend bool operator==(const application_terminated&, const application_terminated&) = default;
};
std::ostream& operator<<(std::ostream& out, const application_terminated& r);

/// Why the controller ends: such an application did not start.
struct application_start_failure {
  std::string name = {};    ///< of the application
  exit_reason reason = {};  ///< why
  friend bool operator==(const application_start_failure&,
                         const application_start_failure&) = default;
};
std::ostream& operator<<(std::ostream& out, const application_start_failure& r);

}  // namespace app
}  // namespace kin
