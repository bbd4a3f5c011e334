// SPDX-License-Identifier: Apache-2.0
// The one file that knows TOML.
#include "application_files.hpp"

#include <kin/process.hpp>
#include <kin/with_stack.hpp>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 64  // so that a stack can be large enough
#include <toml++/toml.h>

namespace kin {
namespace {

using app::bad_file;

// What is thrown while a file is read, and caught where its name is known.
struct wrong {
  toml::source_position at;
  std::string text;
};

[[noreturn]] void refuse(const toml::node& n, std::string text) {
  throw wrong{n.source().begin, std::move(text)};
}

// The parser goes down as deep as values are nested, in large frames.
template <class F>
auto on_large_stack(F f) {
  constexpr std::size_t bytes = 4U << 20U;
  return in_process() ? with_stack(bytes, std::move(f)) : f();
}

toml::table parse_toml(std::string_view text, const std::string& path) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& e) {
    throw wrong{e.source().begin, std::string(e.description())};
  }
}

setting setting_of(const toml::node& n);
setting_table table_of(const toml::table& t) {
  setting_table made;
  for (const auto& [key, value] : t) made.emplace(key.str(), setting_of(value));
  return made;
}
setting setting_of(const toml::node& n) {
  if (const auto* table = n.as_table()) return table_of(*table);
  if (const auto* array = n.as_array()) {
    settings list;
    for (const toml::node& one : *array) list.push_back(setting_of(one));
    return list;
  }
  if (const auto* text = n.as_string()) return text->get();
  if (const auto* whole = n.as_integer()) return whole->get();
  if (const auto* number = n.as_floating_point()) return number->get();
  if (const auto* truth = n.as_boolean()) return truth->get();
  std::ostringstream when;
  if (const auto* date = n.as_date()) when << date->get();
  if (const auto* time = n.as_time()) when << time->get();
  if (const auto* moment = n.as_date_time()) when << moment->get();
  return std::move(when).str();
}

std::string text_of(const toml::node& n, std::string_view key) {
  if (const auto* text = n.as_string()) return text->get();
  refuse(n, std::string(key) + " is text");
}
std::vector<std::string> texts_of(const toml::node& n, std::string_view key) {
  const auto* array = n.as_array();
  if (array == nullptr) refuse(n, std::string(key) + " is a list of names");
  std::vector<std::string> all;
  for (const toml::node& one : *array) {
    if (one.as_string() == nullptr) refuse(one, std::string(key) + " is a list of names");
    all.push_back(one.as_string()->get());
  }
  return all;
}

template <class T, class F>
result<T> reading(const std::string& path, F read) {
  try {
    return on_large_stack(std::move(read));
  } catch (const wrong& w) {
    return exit_reason(bad_file{path, w.at.line, w.at.column, w.text});
  }
}

result<std::string> contents_of(const std::string& path) {
  std::error_code failed;
  const bool is_folder = std::filesystem::is_directory(path, failed);
  std::ifstream in(path, std::ios::binary);
  const int number = errno;
  if (is_folder) return exit_reason(bad_file{path, 0, 0, "is a folder"});
  if (!in)
    return exit_reason(bad_file{path, 0, 0, std::generic_category().message(number)});
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return exit_reason(bad_file{path, 0, 0, "cannot be read"});
  return text;
}

void put_above(app::config& below, const app::config& all) {
  for (const auto& [name, values] : all) {
    for (const auto& [key, value] : values) below[name].insert_or_assign(key, value);
  }
}

// A configuration, and what it wants included.
struct one_file {
  app::config said;
  std::vector<std::string> included;
};

one_file config_of(const toml::table& all) {
  one_file file;
  for (const auto& [key, value] : all) {
    const std::string name(key.str());
    if (const auto* table = value.as_table()) {
      file.said.emplace(name, table_of(*table));
    } else if (name == "include") {
      file.included = texts_of(value, name);
    } else {
      refuse(value, name + " is neither an application's table nor include");
    }
  }
  return file;
}

result<app::config> read_one(const std::string& path, std::set<std::string>& open);

// `open` are those that are being read: one that includes itself would have no end.
result<app::config> config_in(std::string_view text, const std::string& path,
                              std::set<std::string>& open) {
  const auto file =
      reading<one_file>(path, [&] { return config_of(parse_toml(text, path)); });
  if (!file) return file.error();
  app::config all;
  for (const std::string& other : file->included) {
    auto below = read_one((std::filesystem::path(path).parent_path() / other).string(), open);
    if (!below) return below;
    put_above(all, *below);
  }
  put_above(all, file->said);
  return all;
}

result<app::config> read_one(const std::string& path, std::set<std::string>& open) {
  const auto text = contents_of(path);
  if (!text) return text.error();
  std::error_code failed;
  const std::string which_one = std::filesystem::weakly_canonical(path, failed).string();
  if (!open.insert(which_one).second)
    return exit_reason(bad_file{path, 0, 0, "includes itself"});
  auto all = config_in(*text, path, open);
  open.erase(which_one);
  return all;
}

std::vector<app::which> names_of(const toml::node& n, std::string_view key) {
  std::vector<app::which> all;
  for (std::string& name : texts_of(n, key)) all.emplace_back(std::move(name));
  return all;
}

duration seconds_of(const toml::node& n) {
  const auto seconds = n.value<double>();
  constexpr double most = 1e9;  // some thirty years
  if (!seconds || !(*seconds > 0) || *seconds > most)
    refuse(n, "max_time is a number of seconds, above 0");
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(*seconds));
}

std::vector<app::phase> phases_of(const toml::node& n) {
  const auto* array = n.as_array();
  if (array == nullptr) refuse(n, "start_phases is a list");
  std::vector<app::phase> all;
  for (const toml::node& one : *array) {
    app::phase p;
    if (const auto* name = one.as_string()) {
      p.name = name->get();
    } else if (const auto* table = one.as_table()) {
      for (const auto& [key, value] : *table) {
        if (key.str() == "name") {
          p.name = text_of(value, "the name of a phase");
        } else if (key.str() == "arguments") {
          p.arguments = setting_of(value);
        } else {
          refuse(value, "a phase has a name and arguments, no " + std::string(key.str()));
        }
      }
    }
    if (p.name.empty()) refuse(one, "a phase is its name, or {name = \"...\", arguments = ...}");
    all.push_back(std::move(p));
  }
  return all;
}

void put_into(application& a, const std::string& key, const toml::node& value) {
  const std::map<std::string_view, std::string application::*> texts{
      {"name", &application::name},
      {"description", &application::description},
      {"id", &application::id},
      {"vsn", &application::vsn}};
  const std::map<std::string_view, std::vector<app::which> application::*> names{
      {"applications", &application::applications},
      {"optional_applications", &application::optional_applications},
      {"included_applications", &application::included_applications}};
  if (const auto text = texts.find(key); text != texts.end()) {
    a.*text->second = text_of(value, key);
  } else if (const auto list = names.find(key); list != names.end()) {
    a.*list->second = names_of(value, key);
  } else if (key == "registered") {
    a.registered = texts_of(value, key);
  } else if (key == "env") {
    if (value.as_table() == nullptr) refuse(value, "env is a table");
    a.env = table_of(*value.as_table());
  } else if (key == "start_phases") {
    a.start_phases = phases_of(value);
  } else if (key == "max_time") {
    a.max_time = seconds_of(value);
  } else {
    refuse(value, "an application has no " + key);
  }
}

bool is_bare(std::string_view word) {
  return !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                              std::string_view::npos;
}

}  // namespace

namespace detail {

result<void> parse_assignment(std::string_view text, app::config& into) {
  const std::string shown(text);
  const auto equals = text.find('=');
  const auto dot = text.substr(0, equals).find('.');
  if (equals == std::string_view::npos || dot == std::string_view::npos)
    return exit_reason("--set " + shown + ": it is APPLICATION.KEY=VALUE");
  const std::string_view name = text.substr(0, dot);
  const std::string_view key = text.substr(dot + 1, equals - dot - 1);
  const std::string_view value = text.substr(equals + 1);
  if (!is_bare(name) || !is_bare(key))
    return exit_reason("--set " + shown + ": names are letters, digits, _ and -");
  const bool is_text = value.empty() || value.find_first_of("\r\n") != std::string_view::npos;
  auto parsed = is_text ? result<setting>(setting(value))
                        : reading<setting>("--set " + shown, [&] {
                            const toml::table all =
                                parse_toml("v = " + std::string(value), "--set");
                            if (all.size() != 1) throw wrong{{}, "more than one value"};
                            return setting_of(*all.get("v"));
                          });
  if (!parsed) {
    const auto* why = parsed.error().get_if<bad_file>();
    const bool begins_as_one = std::string_view("\"'[{").find(value.front()) != std::string_view::npos;
    if (begins_as_one && why != nullptr) return exit_reason(why->path + ": " + why->text);
    parsed = setting(value);
  }
  into[std::string(name)].insert_or_assign(std::string(key), *std::move(parsed));
  return {};
}

}  // namespace detail

namespace app {

result<config> read_config(const std::vector<std::string>& paths) {
  config all;
  for (const std::string& path : paths) {
    std::set<std::string> open;
    const auto one = read_one(path, open);
    if (!one) return one.error();
    put_above(all, *one);
  }
  return all;
}

result<config> parse_config(std::string_view text, const std::string& path) {
  std::set<std::string> open;
  return config_in(text, path, open);
}

result<application> read_application(const std::string& path, application otherwise) {
  const auto text = contents_of(path);
  if (!text) return text.error();
  return parse_application(*text, path, std::move(otherwise));
}

result<application> parse_application(std::string_view text, const std::string& path,
                                      application otherwise) {
  return reading<application>(path, [&] {
    const toml::table all = parse_toml(text, path);
    for (const auto& [key, value] : all) put_into(otherwise, std::string(key.str()), value);
    if (otherwise.name.empty()) throw wrong{{}, "an application has a name"};
    return std::move(otherwise);
  });
}

}  // namespace app
}  // namespace kin
