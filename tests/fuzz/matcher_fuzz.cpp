// SPDX-License-Identifier: Apache-2.0
// ppool's matcher: the first line is an expression, the rest a text. Searched as a whole it has as many
// matching lines as line by line, in both encodings; a file of it has as many as the text.
#include "count/file_reader.hpp"
#include "count/matcher.hpp"
#include "count/text.hpp"
#include "fuzz/claim.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace {

std::optional<ppool::matcher> compiled(std::string_view regex, ppool::encoding as) {
  try {
    return ppool::matcher(regex, as);
  } catch (const ppool::bad_regex& refused) {
    CLAIM(std::string_view(refused.what()).find("bad regex") == 0);
    return std::nullopt;
  }
}

// What the reader makes of a text before it is matched.
std::string prepared(std::string text, ppool::encoding as) {
  const bool had_nul = text.find('\0') != text.npos;
  CLAIM(ppool::nuls_to_newlines(text) == had_nul);
  CLAIM(text.find('\0') == text.npos);
  if (as == ppool::encoding::utf8) ppool::hide_ill_formed(text);
  std::string again = text;
  if (as == ppool::encoding::utf8) ppool::hide_ill_formed(again);
  CLAIM(again == text);
  return text;
}

std::uint64_t line_by_line(const ppool::matcher& m, std::string_view text) {
  std::uint64_t count = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::uint64_t one = m.count_lines(text.substr(0, end));
    CLAIM(one <= 1);
    count += one;
    text.remove_prefix(end);
  }
  return count;
}

// A file in memory that has a path.
class file {
 public:
  explicit file(std::string_view text) : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
    CLAIM(fd_ >= 0);
    CLAIM(write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  file(const file&) = delete;
  file& operator=(const file&) = delete;
  ~file() { close(fd_); }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

void check(std::string_view regex, const std::string& text, ppool::encoding as) {
  const auto matcher = compiled(regex, as);
  if (!matcher) return;
  const std::string whole = prepared(text, as);
  const std::uint64_t matches = matcher->count_lines(whole);
  CLAIM(matches == line_by_line(*matcher, whole));

  const file on_disk(text);
  const auto counted = ppool::count_file(*matcher, on_disk.path(), {});
  CLAIM(!counted.error);
  CLAIM(counted.matches == matches && counted.bytes == text.size());
  CLAIM(counted.binary == (text.find('\0') != text.npos));
  const auto newlines = static_cast<std::uint64_t>(std::count(whole.begin(), whole.end(), '\n'));
  CLAIM(counted.lines == newlines + (whole.empty() || whole.back() == '\n' ? 0 : 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(input.find('\n'), input.size());
  const std::string_view regex = input.substr(0, end);
  const std::string text(input.substr(std::min(end + 1, input.size())));
  check(regex, text, ppool::encoding::utf8);
  check(regex, text, ppool::encoding::bytes);
  return 0;
}
