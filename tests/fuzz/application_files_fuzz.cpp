// SPDX-License-Identifier: Apache-2.0
// Files in TOML. Whatever they hold, what is read is a value or a
// fault with a place; and what was read prints as text that reads the same again.
#include <kin/application.hpp>

#include "fuzz/claim.hpp"

#include <sstream>
#include <string>
#include <string_view>

namespace {

constexpr const char* path = "/nowhere/fuzz.toml";

std::string printed(const kin::app::config& all) {
  std::ostringstream text;
  for (const auto& [name, values] : all) text << name << ' ' << kin::setting(values) << '\n';
  return std::move(text).str();
}

void check_fault(const kin::exit_reason& why) {
  const auto* fault = why.get_if<kin::app::bad_file>();
  CLAIM(fault != nullptr && !fault->text.empty() && !fault->path.empty());
}

void check_config(std::string_view text) {
  const auto all = kin::app::parse_config(text, path);
  if (!all) return check_fault(all.error());
  // As one value: names of applications may be any text.
  kin::setting_table whole;
  for (const auto& [name, values] : *all) whole.emplace(name, values);
  std::ostringstream again;
  again << "[all]\nv = " << kin::setting(whole);
  const auto once_more = kin::app::parse_config(again.str(), path);
  if (!once_more) {  // one level deeper than it was
    CLAIM(kin::to_string(once_more.error()).find("exceeded") != std::string::npos);
    return;
  }
  kin::app::config back;
  const kin::setting_table* read = once_more->at("all").at("v").table();
  CLAIM(read != nullptr);
  for (const auto& [name, values] : *read) back.emplace(name, *values.table());
  CLAIM(printed(back) == printed(*all));
}

void check_application(std::string_view text) {
  const auto read = kin::app::parse_application(text, path);
  if (!read) return check_fault(read.error());
  CLAIM(!read->name.empty() && read->max_time > kin::duration::zero() && !read->start);
  for (const auto& phase : read->start_phases) CLAIM(!phase.name.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("include") == std::string_view::npos) check_config(text);  // no other files
  check_application(text);
  return 0;
}
