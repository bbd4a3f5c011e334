// SPDX-License-Identifier: Apache-2.0
#include "shell/lines.hpp"

#include <kin/blocking.hpp>

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace kv {

lines::lines(int from) : from_(from), wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

lines::~lines() { ::close(wake_); }

std::optional<std::string> lines::next() {
  auto end = text_.find('\n');
  while (end == std::string::npos) {
    if (!kin::blocking([this](const std::stop_token& stop) { return read_some(stop); })) {
      if (text_.empty()) return std::nullopt;
      return std::exchange(text_, {});  // the last line has no end
    }
    end = text_.find('\n');
  }
  std::string line = text_.substr(0, end);
  text_.erase(0, end + 1);
  return line;
}

// False: there is no more to read, or no time.
bool lines::read_some(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { ::eventfd_write(wake_, 1); });
  std::array waits{pollfd{from_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
  if (::poll(waits.data(), waits.size(), -1) < 0) return errno == EINTR;
  if (waits[1].revents != 0) return false;
  std::array<char, 4096> block{};
  const auto got = ::read(from_, block.data(), block.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  text_.append(block.data(), static_cast<std::size_t>(got));
  return got > 0;
}

}  // namespace kv
