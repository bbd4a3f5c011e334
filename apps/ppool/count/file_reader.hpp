// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "matcher.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <system_error>

namespace ppool {

/// What came of one file. With an `error` the numbers say how far it got.
struct file_count {
  std::filesystem::path path;
  std::uint64_t lines = 0;    // ended by newline, NUL or the end of the file
  std::uint64_t bytes = 0;    // read
  std::uint64_t matches = 0;  // matching lines
  bool binary = false;        // has a NUL; its NULs ended lines, as for grep -c
  std::error_code error{};
};

/// A file is read in blocks of this size; a smaller one takes only what it needs.
inline constexpr std::size_t block_bytes = std::size_t{1} << 20;

/// A longer line is an error (errc::value_too_large): memory is bounded, whatever the file.
inline constexpr std::size_t line_bytes_max = std::size_t{256} << 20;

/// Counts the lines of a file that match.
///
/// `after_block` is called between two blocks, without locks, so that a long file can let others
/// run; what it throws passes through and the file is closed. A fifo or a device is read until its
/// end, which may never come.
///
/// Errors  in `error`, never thrown; errc::operation_canceled after a stop, seen once a block, or
///         ten times a second while a fifo has nothing to say.
/// Stack   little: the buffer is on the heap.   Waits  in read(2) and, for a fifo, in poll(2).
file_count count_file(const matcher& matcher, const std::filesystem::path& path,
                      const std::stop_token& stop,
                      const std::function<void()>& after_block = nullptr);

/// The text of a file's error, in grep's words where grep has some.
std::string reason(const std::error_code& error);

}  // namespace ppool
