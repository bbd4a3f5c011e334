// SPDX-License-Identifier: Apache-2.0
// Text for a signal handler: no memory is taken, no lock, only write(2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kin::detail {

/// Goes to a descriptor, or into a string (in no signal handler then), when it is full and at its end.
class plain_text {
 public:
  explicit plain_text(int descriptor) noexcept : descriptor_(descriptor) {}
  explicit plain_text(std::string& end) noexcept : end_(&end) {}
  plain_text(const plain_text&) = delete;
  plain_text& operator=(const plain_text&) = delete;
  ~plain_text() { flush(); }

  plain_text& add(std::string_view text) noexcept;
  plain_text& add(std::uint64_t number) noexcept { return add_digits(number, 10); }
  plain_text& add_hex(std::uint64_t number) noexcept { return add("0x").add_digits(number, 16); }
  /// Of seconds, to the microsecond.
  plain_text& add_seconds(std::uint64_t microseconds) noexcept;
  /// A type's name, in the words of the source if it is a plain one, or for a string;
  /// else as c++filt reads it: `_ZTIZ4mainEUlvE_`.
  plain_text& add_name(const char* mangled) noexcept;
  void flush() noexcept;

 private:
  plain_text& add_digits(std::uint64_t number, unsigned base, unsigned least = 1) noexcept;

  int descriptor_ = -1;
  std::string* end_ = nullptr;
  std::array<char, 1024> text_{};
  std::size_t used_ = 0;
};

}  // namespace kin::detail
