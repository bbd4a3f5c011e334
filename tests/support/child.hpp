// SPDX-License-Identifier: Apache-2.0
// A program as a child of the test: what becomes of it, and what it says when it dies.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace kin::test {

struct outcome {
  int code = -1;    // of exit
  int signal = -1;  // or what killed it
  std::string errors = {};
};

/// Forks before any machine exists here, so the child has one thread; runs `program` there. With
/// `act`, does something to the child when it has written a line to `ready`.
inline outcome run_child(const std::function<int(int ready)>& program,
                         const std::function<void(pid_t)>& act = {}) {
  std::array<int, 2> errors{};
  std::array<int, 2> ready{};
  EXPECT_EQ(pipe(errors.data()), 0);
  EXPECT_EQ(pipe(ready.data()), 0);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(errors[1], STDERR_FILENO);
    close(errors[0]);
    close(ready[0]);
    alarm(60);
    setenv("KIN_CRASH_DIR", "", 0);  // what dies here is meant to: no crash file
    const int code = program(ready[1]);
    std::fflush(nullptr);
    _Exit(code);
  }
  close(errors[1]);
  close(ready[1]);
  char byte = 0;
  if (act && read(ready[0], &byte, 1) == 1) act(child);
  outcome seen;
  std::array<char, 4096> text{};
  for (ssize_t got = 0; (got = read(errors[0], text.data(), text.size())) > 0;) {
    seen.errors.append(text.data(), static_cast<std::size_t>(got));
  }
  close(errors[0]);
  close(ready[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) seen.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) seen.signal = WTERMSIG(status);
  return seen;
}

}  // namespace kin::test
