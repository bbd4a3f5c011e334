// SPDX-License-Identifier: Apache-2.0
//
// `ppool count` as a child of ours, and what holds it in the middle of its work: a fifo. Once that
// can be opened for writing, a worker reads it, and while we hold the writing end it does not end.
// Nothing here waits for a time to pass, only for what must come.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace ppool::test {

/// Waits for what must come. Throws when it does not.
void await(std::string_view what, const std::function<bool()>& has_come);

class descriptor {
 public:
  explicit descriptor(int number = -1) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() { close(); }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  void close();

 private:
  int number_;
};

/// A file to count that has no end.
class endless {
 public:
  explicit endless(std::filesystem::path where);
  [[nodiscard]] std::string name() const { return path_.string(); }

  void await_reader();
  /// Comes back when it has been read.
  void say(std::string_view text) const;

 private:
  std::filesystem::path path_;
  descriptor writer_;
};

struct outcome {
  int code = -1;
  std::string out = {};
  std::string err = {};
};

class program {
 public:
  enum class errors_to { pipe, terminal };
  static constexpr int out_bytes = 4096;  // it can print and go on, if nobody reads

  /// Starts `ppool count WORDS...` in the directory `home`, in a session of its own.
  program(const std::filesystem::path& home, std::vector<std::string> words,
          errors_to where = errors_to::pipe);
  /// Kills what is left.
  ~program();
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  void signal(int number) const;
  /// Of a program whose errors go to a terminal.
  void type(std::string_view keys) const;

  /// Reads nothing.
  void await_full_out() const;
  void await_end_unread() const;

  void await_error_text(std::string_view part);
  /// Reads what it prints until it has ended, and nobody else holds its outputs. It has ended by
  /// itself, and so have its processes.
  outcome await_end();

 private:
  void read_until(std::string_view what, const std::function<bool()>& enough);

  pid_t child_ = 0;
  descriptor out_;
  descriptor err_;
  outcome text_;
};

}  // namespace ppool::test
