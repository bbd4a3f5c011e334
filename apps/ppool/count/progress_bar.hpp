// SPDX-License-Identifier: Apache-2.0
//
// One line on a terminal, drawn over itself. It costs a comparison when it is not yet time to draw,
// leaves nothing behind, and never exists where stderr is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ppool {

/// How far a run has come. While the tree is still walked, `found` grows.
struct progress {
  std::uint64_t done = 0;   // files
  std::uint64_t found = 0;  // files
  bool walked = false;      // all files are found
  std::uint64_t bytes = 0;
  std::uint64_t matches = 0;
};

/// The line as text, at most `columns` long: what does not fit is left out, the bar first.
std::string drawn(const progress& now, int columns);

class progress_bar {
 public:
  using clock = std::chrono::steady_clock;

  /// Draws on `terminal`, a file descriptor (2), if it is one and `wanted`.
  explicit progress_bar(int terminal, bool wanted = true);
  ~progress_bar() { erase(); }
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  bool is_shown() const { return terminal_.has_value(); }

  /// Draws, if the last drawing is a tenth of a second old; call it as often as you like.
  void update(const progress& now, clock::time_point time = clock::now());

  /// Takes the line away; before anything else is printed there.
  void erase();

 private:
  void write(const std::string& text) const;

  std::optional<int> terminal_;
  clock::time_point next_{};
  bool on_screen_ = false;
};

}  // namespace ppool
