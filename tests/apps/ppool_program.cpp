// SPDX-License-Identifier: Apache-2.0
#include "ppool_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

namespace ppool::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto patience = 30s;

struct ends {
  descriptor ours;
  descriptor childs;
};

ends pipe() {
  std::array<int, 2> both{};
  if (::pipe2(both.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {descriptor(both[0]), descriptor(both[1])};
}

ends terminal() {
  int ours = -1;
  int childs = -1;
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::openpty(&ours, &childs, nullptr, nullptr, &size) != 0) {
    throw std::runtime_error("no terminal");
  }
  for (const int end : {ours, childs}) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  termios how{};
  ::tcgetattr(childs, &how);
  how.c_lflag &= ~static_cast<tcflag_t>(ECHO);   // what is typed is not what ppool says,
  how.c_oflag &= ~static_cast<tcflag_t>(OPOST);  // which comes to us as it is,
  how.c_lflag |= NOFLSH;                         // all of it, also what ^C finds on its way
  ::tcsetattr(childs, TCSANOW, &how);
  return {descriptor(ours), descriptor(childs)};
}

/// Bytes that have been written and nobody has read.
int unread(const descriptor& pipe) {
  int bytes = -1;
  EXPECT_EQ(::ioctl(pipe.get(), FIONREAD, &bytes), 0);
  return bytes;
}

void take_some(descriptor& from, std::string& text) {
  std::array<char, 4096> block{};
  const auto got = ::read(from.get(), block.data(), block.size());
  if (got <= 0) {
    from.close();  // of a terminal, the end is an error
  } else {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

void await(std::string_view what, const std::function<bool()>& has_come) {
  const auto end = clock::now() + patience;
  while (!has_come()) {
    if (clock::now() > end) throw std::runtime_error("waited in vain: " + std::string(what));
    std::this_thread::sleep_for(1ms);
  }
}

void descriptor::close() {
  if (is_open()) ::close(std::exchange(number_, -1));
}

endless::endless(std::filesystem::path where) : path_(std::move(where)) {
  if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("no fifo");
}

void endless::await_reader() {
  await("somebody reads the fifo", [this] {
    writer_ = descriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    return writer_.is_open();
  });
}

void endless::say(std::string_view text) const {
  ASSERT_EQ(::write(writer_.get(), text.data(), text.size()), std::ssize(text));
  await("the fifo is read empty", [this] { return unread(writer_) == 0; });
}

program::program(const std::filesystem::path& home, std::vector<std::string> words,
                 errors_to where) {
  ends out = pipe();
  ends err = where == errors_to::pipe ? pipe() : terminal();
  if (::fcntl(out.ours.get(), F_SETPIPE_SZ, out_bytes) != out_bytes) {
    throw std::runtime_error("no small pipe");
  }
  words.insert(words.begin(), {PPOOL_BINARY, "count"});
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  child_ = ::fork();
  if (child_ < 0) throw std::runtime_error("no fork");
  if (child_ == 0) {
    ::setsid();
    if (where == errors_to::terminal) ::ioctl(err.childs.get(), TIOCSCTTY, 0);
    ::dup2(out.childs.get(), STDOUT_FILENO);
    ::dup2(err.childs.get(), STDERR_FILENO);
    ::setenv("TMPDIR", home.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): a child has one thread
    if (::chdir(home.c_str()) == 0) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  out_ = std::move(out.ours);
  err_ = std::move(err.ours);
}

program::~program() {
  if (child_ == 0) return;
  ::kill(-child_, SIGKILL);
  ::kill(child_, SIGKILL);  // if it has not yet got so far as to lead a group
  ::waitpid(child_, nullptr, 0);
}

void program::signal(int number) const { ASSERT_EQ(::kill(child_, number), 0); }

void program::type(std::string_view keys) const {
  ASSERT_EQ(::write(err_.get(), keys.data(), keys.size()), std::ssize(keys));
}

void program::await_full_out() const {
  await("its standard output is full", [this] { return unread(out_) == out_bytes; });
}

void program::await_end_unread() const {
  await("it ends", [this] {
    siginfo_t about{};
    ::waitid(P_PID, static_cast<id_t>(child_), &about, WEXITED | WNOHANG | WNOWAIT);
    return about.si_pid == child_;
  });
}

void program::await_error_text(std::string_view part) {
  read_until(part, [&] { return text_.err.find(part) != std::string::npos; });
}

outcome program::await_end() {
  read_until("its end", [this] { return !out_.is_open() && !err_.is_open(); });
  await_end_unread();
  int status = 0;
  ::waitpid(child_, &status, 0);
  const pid_t group = std::exchange(child_, 0);
  EXPECT_EQ(::kill(-group, 0), -1) << "it has left a process behind";
  EXPECT_TRUE(WIFEXITED(status)) << "it was killed by signal " << WTERMSIG(status);
  EXPECT_THAT(text_.err, testing::Not(testing::HasSubstr("did not stop in time")));
  text_.code = WEXITSTATUS(status);
  return text_;
}

void program::read_until(std::string_view what, const std::function<bool()>& enough) {
  const auto end = clock::now() + patience;
  while (!enough()) {
    if (clock::now() > end) {
      throw std::runtime_error("waited in vain for " + std::string(what) + "; it has said:\n" +
                               text_.out + text_.err);
    }
    std::array from{pollfd{out_.get(), POLLIN, 0}, pollfd{err_.get(), POLLIN, 0}};
    ::poll(from.data(), from.size(), 100);
    if (from[0].revents != 0) take_some(out_, text_.out);
    if (from[1].revents != 0) take_some(err_, text_.err);
  }
}

}  // namespace ppool::test
