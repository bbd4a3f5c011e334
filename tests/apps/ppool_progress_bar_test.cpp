// SPDX-License-Identifier: Apache-2.0
#include "count/progress_bar.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): posix_openpt is not in <cstdlib>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using ppool::drawn;
using ppool::progress;
using ppool::progress_bar;

const progress half{.done = 5, .found = 10, .walked = true, .bytes = 1'500, .matches = 7};

TEST(progress, is_a_bar_and_numbers) {
  EXPECT_EQ(drawn(half, 80), "[#############..............] 5 of 10 files, 1.5 kB, 7 matches");
}

TEST(progress, has_no_bar_while_files_are_still_found) {
  EXPECT_EQ(drawn({.done = 1, .found = 3, .bytes = 20, .matches = 1}, 80),
            "1 of 3+ files, 20 B, 1 match");
}

TEST(progress, never_fills_the_last_column) {
  for (int columns = 0; columns < 100; ++columns) {
    EXPECT_LE(drawn(half, columns).size(), static_cast<std::size_t>(std::max(columns - 1, 0)));
  }
}

TEST(progress, drops_the_bar_before_the_numbers) {
  EXPECT_EQ(drawn(half, 40), "5 of 10 files, 1.5 kB, 7 matches");
  EXPECT_EQ(drawn(half, 14), "5 of 10 files");
}

TEST(progress, survives_more_files_done_than_found) {
  EXPECT_NE(drawn({.done = 3, .found = 2, .walked = true}, 80).find("[###"), std::string::npos);
  EXPECT_EQ(drawn({.walked = true}, 80), "0 of 0 files, 0 B, 0 matches");
}

/// A terminal of a given width, and what was written to it.
class pseudo_terminal {
 public:
  explicit pseudo_terminal(unsigned short columns) {
    ::grantpt(ours_);
    ::unlockpt(ours_);
    char name[64];
    EXPECT_EQ(::ptsname_r(ours_, name, sizeof name), 0);
    theirs_ = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(theirs_, TIOCSWINSZ, &size);
  }
  ~pseudo_terminal() {
    ::close(theirs_);
    ::close(ours_);
  }
  pseudo_terminal(const pseudo_terminal&) = delete;
  pseudo_terminal& operator=(const pseudo_terminal&) = delete;

  int fd() const { return theirs_; }
  std::string written() const {
    ::fcntl(ours_, F_SETFL, O_NONBLOCK);
    std::string text(4096, '\0');
    const auto got = ::read(ours_, text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

 private:
  int ours_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  int theirs_ = -1;
};

const progress_bar::clock::time_point start{1h};

TEST(progress_bar, draws_at_the_width_of_the_terminal) {
  const pseudo_terminal terminal{14};
  progress_bar bar{terminal.fd()};

  bar.update(half, start);

  EXPECT_EQ(terminal.written(), "\r\x1b[K5 of 10 files");
}

TEST(progress_bar, draws_no_more_than_ten_times_a_second) {
  const pseudo_terminal terminal{14};
  progress_bar bar{terminal.fd()};
  bar.update(half, start);
  terminal.written();

  bar.update(half, start + 99ms);
  EXPECT_EQ(terminal.written(), "");
  bar.update(half, start + 100ms);
  EXPECT_NE(terminal.written(), "");
}

TEST(progress_bar, leaves_nothing_behind) {
  const pseudo_terminal terminal{14};
  {
    progress_bar bar{terminal.fd()};
    bar.update(half, start);
    terminal.written();
  }

  EXPECT_EQ(terminal.written(), "\r\x1b[K");
}

TEST(progress_bar, erases_only_what_it_drew) {
  const pseudo_terminal terminal{14};
  { progress_bar bar{terminal.fd()}; }

  EXPECT_EQ(terminal.written(), "");
}

TEST(progress_bar, shows_nothing_where_it_is_not_wanted_or_there_is_no_terminal) {
  const pseudo_terminal terminal{14};
  progress_bar unwanted{terminal.fd(), false};
  unwanted.update(half, start);
  EXPECT_EQ(terminal.written(), "");

  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  progress_bar piped{ends[1]};
  piped.update(half, start);
  EXPECT_FALSE(piped.is_shown());
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), -1);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
