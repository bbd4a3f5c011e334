// SPDX-License-Identifier: Apache-2.0
// How the reasons of applications print.
#include <kin/application_error.hpp>

#include <ostream>
#include <utility>

namespace kin::app {

std::ostream& operator<<(std::ostream& out, const already_loaded& r) {
  return out << "{already_loaded, " << r.name << '}';
}
std::ostream& operator<<(std::ostream& out, const not_loaded& r) {
  return out << "{not_loaded, " << r.name << '}';
}
std::ostream& operator<<(std::ostream& out, const already_started& r) {
  return out << "{already_started, " << r.name << '}';
}
std::ostream& operator<<(std::ostream& out, const not_started& r) {
  return out << "{not_started, " << r.name << '}';
}
std::ostream& operator<<(std::ostream& out, const not_running& r) {
  return out << "{not_running, " << r.name << '}';
}
std::ostream& operator<<(std::ostream& out, const is_running& r) {
  return out << "{running, " << r.name << '}';
}
std::ostream& operator<<(std::ostream& out, const no_such_application& r) {
  return out << "{no such application, " << r.name << '}';
}
std::ostream& operator<<(std::ostream& out, const circular& r) {
  out << "{circular, [";
  const char* between = "";
  for (const std::string& name : r.names) out << std::exchange(between, ", ") << name;
  return out << "]}";
}
std::ostream& operator<<(std::ostream& out, const bad_application& r) {
  return out << "{bad_application, " << r.name << ": " << r.text << '}';
}
std::ostream& operator<<(std::ostream& out, const bad_file& r) {
  out << r.path << ':';
  if (r.line != 0) out << r.line << ':' << r.column << ':';
  return out << ' ' << r.text;
}
std::ostream& operator<<(std::ostream& out, const raised& r) {
  return out << "{'EXIT', " << r.reason << '}';
}
std::ostream& operator<<(std::ostream& out, const callback_failed& r) {
  return out << '{' << r.reason << ", {" << r.name << ", " << r.callback << "}}";
}
std::ostream& operator<<(std::ostream& out, const bad_return& r) {
  return out << "{bad_return, {{" << r.name << ", " << r.callback << "}, " << r.value << "}}";
}
std::ostream& operator<<(std::ostream& out, const failed_to_start& r) {
  return out << '{' << r.name << ", " << r.reason << '}';
}
std::ostream& operator<<(std::ostream& out, const application_terminated& r) {
  return out << "{application_terminated, " << r.name << ", " << r.reason << '}';
}
std::ostream& operator<<(std::ostream& out, const application_start_failure& r) {
  return out << "{application_start_failure, " << r.name << ", " << r.reason << '}';
}

}  // namespace kin::app
