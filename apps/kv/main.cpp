// SPDX-License-Identifier: Apache-2.0
#include <kin/application.hpp>
#include <kin/kin.hpp>

#include "shell/lines.hpp"
#include "shell/shell.hpp"
#include "store/application.hpp"

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <iostream>
#include <string_view>
#include <unistd.h>

namespace {

// Whoever reads our output may be slow.
void say(std::string_view text) {
  if (!text.empty()) kin::blocking([text] { std::cout << text << std::flush; });
}

void read_and_answer() {
  const bool prompts = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  kv::lines input(STDIN_FILENO);
  kv::shell shell;
  if (prompts) say("HELP lists the commands, Ctrl-D ends.\n");
  for (;;) {
    if (prompts) say("> ");
    const auto line = input.next();
    if (!line) return;
    say(shell.answer(*line));
  }
}

// Who closes our input means that there is none: else another file would get its number.
void begin_with_an_input() {
  if (::fcntl(STDIN_FILENO, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY));
}

}  // namespace

int main(int argc, char** argv) {
  begin_with_an_input();
  CLI::App app{
      "kv: buckets of keys and values, an example of kin. Commands come on standard input.", "kv"};
  bool no_start = false;
  app.add_flag("--no-start", no_start, "start no application; the command START does");
  CLI11_PARSE(app, argc, argv)

  return kin::run([no_start] {
    kin::app::start_link();
    if (!no_start) kin::app::ensure_all_started(kv::store_application);
    read_and_answer();
  });
}
