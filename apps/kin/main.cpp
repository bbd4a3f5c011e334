// SPDX-License-Identifier: Apache-2.0
// kin: the tool of those who write programs with kin.
#include "new_project.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  CLI::App app("Starts programs that are written with kin.", "kin");
  app.set_version_flag("--version", "kin " KIN_VERSION);
  app.require_subcommand(1);
  std::string name;
  CLI::App* new_command =
      app.add_subcommand("new", "writes a project: a supervised server, its test, CMake presets");
  new_command->add_option("NAME", name, "of the project and of its folder, made here")->required();

  try {
    app.parse(argc, argv);
    kin_tool::new_project(".", name);
    std::cout << "made " << name << "; next: cd " << name
              << " && cmake --preset debug && cmake --build --preset debug"
                 " && ctest --preset debug\n";
    return 0;
  } catch (const CLI::ParseError& leave) {
    return app.exit(leave) == 0 ? 0 : 2;
  } catch (const std::exception& failure) {
    std::cerr << "kin: " << failure.what() << '\n';
    return 2;
  }
}
