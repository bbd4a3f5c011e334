// SPDX-License-Identifier: Apache-2.0
#include "new_project.hpp"

#include "template.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <string>

namespace kin_tool {
namespace {

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const auto letter_or_digit = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name.front()) && std::ranges::all_of(name, letter_or_digit);
}

/// Names that a CMake target cannot have, and kin's own.
bool is_taken(std::string_view name) {
  constexpr std::array<std::string_view, 7> taken = {"all",     "clean", "help", "install",
                                                     "package", "kin",   "test"};
  return std::ranges::find(taken, name) != taken.end();
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write '" + path.string() + "'");
}

}  // namespace

void new_project(const std::filesystem::path& parent, std::string_view name) {
  const std::string quoted = "'" + std::string(name) + "'";
  if (!is_identifier(name)) {
    throw std::runtime_error(quoted +
                             " is no name for a program: letters, digits and _, no digit first");
  }
  if (is_taken(name)) throw std::runtime_error(quoted + " is a name that CMake or kin needs");
  const std::filesystem::path folder = parent / name;
  if (std::filesystem::exists(std::filesystem::symlink_status(folder))) {
    throw std::runtime_error(quoted + " is there already");
  }
  for (const template_file& file : project_template()) {
    std::string text(file.text);
    replace_all(text, "@project@", name);
    replace_all(text, "@kin_version@", KIN_VERSION);
    write(folder / file.path, text);
  }
}

}  // namespace kin_tool
