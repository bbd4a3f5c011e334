// SPDX-License-Identifier: Apache-2.0
#include "file_reader.hpp"

#include "line_buffer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ppool {
namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

class descriptor {
 public:
  /// Non-blocking, which regular files ignore: opening a fifo must not wait for its writer.
  explicit descriptor(const std::filesystem::path& path)
      : fd_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)} {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Waits until a fifo or a device has something, or a stop is asked for.
void await_readable(int fd, const std::stop_token& stop) {
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  while (!stop.stop_requested() && ::poll(&wanted, 1, 100) == 0) {
  }
}

/// One file, from open to its end.
class reading {
 public:
  reading(const matcher& matcher, const std::stop_token& stop, file_count& result)
      : matcher_{matcher}, stop_{stop}, result_{result}, file_{result.path} {}

  std::error_code run(const std::function<void()>& after_block) {
    struct stat about {};
    if (!file_.is_open() || ::fstat(file_.get(), &about) != 0) return last_error();
    may_wait_ = !S_ISREG(about.st_mode);
    line_buffer buffer{first_capacity(about)};
    for (;;) {
      if (const auto error = fill(buffer)) return error;
      if (at_end_) break;
      if (const auto lines = buffer.whole_lines(); !lines.empty()) {
        count(lines);
        buffer.drop(lines.size());
      } else if (!buffer.grow(line_bytes_max)) {
        return std::make_error_code(std::errc::value_too_large);
      }
      if (after_block) after_block();
    }
    count(buffer.filled());
    return {};
  }

 private:
  /// Room for the whole file and one byte, so that the read that finds its end needs no growth.
  /// Files under /proc say they have no size.
  static std::size_t first_capacity(const struct stat& about) {
    const auto size = static_cast<std::size_t>(std::max<off_t>(about.st_size, 0));
    if (!S_ISREG(about.st_mode)) return block_bytes;
    return size == 0 ? block_bytes / 16 : std::min(size + 1, block_bytes);
  }

  /// Reads until the buffer is full or the file ends.
  std::error_code fill(line_buffer& buffer) {
    while (!buffer.is_full()) {
      if (may_wait_) await_readable(file_.get(), stop_);
      if (stop_.stop_requested()) return std::make_error_code(std::errc::operation_canceled);
      const auto room = buffer.room();
      const auto got = ::read(file_.get(), room.data(), room.size());
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) return last_error();
      if (got == 0) {
        at_end_ = true;
        return {};
      }
      const auto fresh = room.first(static_cast<std::size_t>(got));
      result_.binary |= nuls_to_newlines(fresh);  // before lines are looked for: a NUL ends one
      result_.bytes += fresh.size();
      buffer.added(fresh.size());
    }
    return {};
  }

  void count(std::span<char> lines) {
    if (lines.empty()) return;
    const auto newlines = std::count(lines.begin(), lines.end(), '\n');
    result_.lines += static_cast<std::uint64_t>(newlines) + (lines.back() == '\n' ? 0 : 1);
    if (matcher_.text_encoding() == encoding::utf8) hide_ill_formed(lines);
    result_.matches += matcher_.count_lines({lines.data(), lines.size()});
  }

  const matcher& matcher_;
  const std::stop_token& stop_;
  file_count& result_;
  descriptor file_;
  bool may_wait_ = false;
  bool at_end_ = false;
};

}  // namespace

file_count count_file(const matcher& matcher, const std::filesystem::path& path,
                      const std::stop_token& stop, const std::function<void()>& after_block) {
  file_count result{.path = path};
  result.error = reading{matcher, stop, result}.run(after_block);
  return result;
}

std::string reason(const std::error_code& error) {
  if (error == std::errc::value_too_large) {
    return "has a line longer than " + std::to_string(line_bytes_max >> 20) + " MiB";
  }
  return error.message();
}

}  // namespace ppool
