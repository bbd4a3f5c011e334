// SPDX-License-Identifier: Apache-2.0
// A whole program that is an application: its command line, and the controller as its first process.
#include <kin/application.hpp>

#include "application_controller.hpp"
#include "application_files.hpp"

#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace kin {
namespace {

constexpr int usage_error = 2;

/// What a command line says.
struct command_line {
  std::vector<std::string> files;
  app::config values;
  settings rest;
  bool wants_help = false;
};

std::string usage(const application& top) {
  return "usage: " + top.name +
         " [--config FILE]... [--set APPLICATION.KEY=VALUE]... [-- ARGUMENT...]\n" +
         (top.description.empty() ? "" : top.name + " " + top.description + ".\n") +
         "  --config FILE   a configuration file in TOML: a table for each application\n"
         "  --set A.K=V     a value in TOML, or text; stands above all files\n"
         "  --help          this\n";
}

result<command_line> parse(std::span<const char* const> args) {
  command_line said;
  for (std::size_t i = 1; i < args.size(); ++i) {
    const std::string_view word = args[i];
    const auto value_of = [&](std::string_view option) -> std::optional<std::string_view> {
      if (word == option) {
        if (i + 1 == args.size()) return std::nullopt;
        return args[++i];
      }
      return word.substr(option.size() + 1);
    };
    if (word == "--") {
      for (const char* one : args.subspan(i + 1)) said.rest.emplace_back(one);
      return said;
    }
    if (word == "--help" || word == "-h") {
      said.wants_help = true;
    } else if (word == "--config" || word.starts_with("--config=")) {
      const auto file = value_of("--config");
      if (!file) return exit_reason("--config needs a file");
      said.files.emplace_back(*file);
    } else if (word == "--set" || word.starts_with("--set=")) {
      const auto assignment = value_of("--set");
      if (!assignment) return exit_reason("--set needs APPLICATION.KEY=VALUE");
      if (auto done = detail::parse_assignment(*assignment, said.values); !done)
        return done.error();
    } else {
      return exit_reason("what is " + std::string(word) + "? See --help");
    }
  }
  return said;
}

int refuse(const application& top, const exit_reason& why) {
  const auto* text = why.get_if<std::string>();
  std::cerr << top.name << ": " << (text != nullptr ? *text : to_string(why)) << '\n';
  return usage_error;
}

void put_above(app::config& below, const app::config& all) {
  for (const auto& [name, values] : all) {
    for (const auto& [key, value] : values) below[name].insert_or_assign(key, value);
  }
}

}  // namespace

int run(const application& top, int argc, const char* const* argv, app::run_options options) {
  auto said = parse({argv, static_cast<std::size_t>(argc)});
  if (!said) return refuse(top, said.error());
  if (said->wants_help) {
    std::cout << usage(top);
    return 0;
  }
  const auto files = app::read_config(said->files);
  if (!files) return refuse(top, files.error());
  put_above(options.controller.config, *files);
  put_above(options.controller.command_line, said->values);
  if (!said->rest.empty())
    options.controller.command_line[top.name].insert_or_assign("arguments", said->rest);
  return run(top, std::move(options));
}

int run(const application& top, app::run_options options) {
  auto how = std::make_unique<detail::starting>();
  how->name = detail::start_name(app::controller_name.untyped());
  using body = detail::server_body<app::controller, app::controller_options,
                                   std::optional<detail::boot_plan>>;
  return detail::run_root(
      std::make_unique<body>(std::move(how),
                             std::tuple(std::move(options.controller),
                                        std::optional(detail::boot_plan{detail::shown_by(top),
                                                                        top.name, options.type}))),
      options.run);
}

}  // namespace kin
