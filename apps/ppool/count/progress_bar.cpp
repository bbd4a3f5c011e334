// SPDX-License-Identifier: Apache-2.0
#include "progress_bar.hpp"

#include "print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ppool {
namespace {

using namespace std::chrono_literals;

constexpr auto period = 100ms;
constexpr int bar_columns_min = 10;
constexpr int bar_columns_max = 30;
constexpr std::string_view to_line_start = "\r\x1b[K";  // and clear what was there

/// Asked at each drawing: windows change, and ten times a second costs nothing.
int columns_of(int terminal) {
  winsize size{};
  const bool known = ::ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

/// [#####.....] with a share of its inside filled; nothing while the share is not known.
std::string bar(const progress& now, int columns) {
  if (!now.walked || now.found == 0 || columns < bar_columns_min) return {};
  const int inside = std::min(columns, bar_columns_max) - 3;  // brackets and the blank behind
  const auto filled = static_cast<std::size_t>(inside) * std::min(now.done, now.found) / now.found;
  return '[' + std::string(filled, '#') +
         std::string(static_cast<std::size_t>(inside) - filled, '.') + "] ";
}

}  // namespace

std::string drawn(const progress& now, int columns) {
  const std::string text =
      fmt::format("{} of {}{} files, {}, {}", now.done, now.found, now.walked ? "" : "+",
                  human_bytes(now.bytes), counted(now.matches, "match", "matches"));
  // One column stays free: a full line makes some terminals wrap, and then \r erases half of it.
  const int room = std::max(columns - 1, 0);
  const std::string line = bar(now, room - static_cast<int>(text.size())) + text;
  return line.substr(0, static_cast<std::size_t>(room));
}

progress_bar::progress_bar(int terminal, bool wanted) {
  if (wanted && ::isatty(terminal) == 1) terminal_ = terminal;
}

void progress_bar::update(const progress& now, clock::time_point time) {
  if (!terminal_ || time < next_) return;
  next_ = time + period;
  on_screen_ = true;
  write(std::string{to_line_start} + drawn(now, columns_of(*terminal_)));
}

void progress_bar::erase() {
  if (!on_screen_) return;
  on_screen_ = false;
  write(std::string{to_line_start});
}

/// In one write, so that lines of others do not come between; a part that fails is not worth a
/// word, the next drawing is near.
void progress_bar::write(const std::string& text) const {
  [[maybe_unused]] const auto written = ::write(*terminal_, text.data(), text.size());
}

}  // namespace ppool
