// SPDX-License-Identifier: Apache-2.0
#include <kin/logger_event.hpp>

#include <algorithm>
#include <array>
#include <ostream>

namespace kin::logger {
namespace {

constexpr std::array<std::string_view, 10> names{
    "none", "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "all"};

}  // namespace

std::ostream& operator<<(std::ostream& out, level l) {
  return out << names.at(static_cast<std::size_t>(l));
}

std::optional<level> parse_level(std::string_view name) {
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<level>(found - names.begin());
}

const std::string* report::find(std::string_view key) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const report_field& f) { return f.key == key; });
  return found == fields.end() ? nullptr : &found->value;
}

void merge(metadata& to, const metadata& from) {
  const auto put = [](auto& old, const auto& fresh) {
    if (fresh != std::decay_t<decltype(fresh)>{}) old = fresh;
  };
  put(to.time, from.time);
  put(to.pid, from.pid);
  put(to.gl, from.gl);
  put(to.registered_name, from.registered_name);
  put(to.domain, from.domain);
  put(to.title, from.title);
  if (from.where.line != 0) to.where = from.where;
  if (from.report_text) to.report_text = from.report_text;
  for (const auto& [key, value] : from.more) to.more[key] = value;
}

}  // namespace kin::logger
