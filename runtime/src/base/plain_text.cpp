// SPDX-License-Identifier: Apache-2.0
#include "base/plain_text.hpp"

#include <cerrno>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <unistd.h>

namespace kin::detail {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One name with its length before it; false if there is none.
bool take_name(std::string_view& rest, std::string_view& name) {
  std::size_t length = 0;
  std::size_t digits = 0;
  while (digits < rest.size() && digits < 4 && is_digit(rest[digits]))
    length = 10 * length + static_cast<std::size_t>(rest[digits++] - '0');
  if (digits == 0 || length == 0 || rest.size() - digits < length) return false;
  name = rest.substr(digits, length);
  rest.remove_prefix(digits + length);
  return true;
}

}  // namespace

plain_text& plain_text::add(std::string_view text) noexcept {
  for (const char c : text) {
    if (used_ == text_.size()) flush();
    *(text_.data() + used_++) = c;
  }
  return *this;
}

plain_text& plain_text::add_digits(std::uint64_t number, unsigned base, unsigned least) noexcept {
  std::array<char, 20> digits{};
  std::size_t at = digits.size();
  do {
    digits[--at] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number != 0 || digits.size() - at < least);
  return add({digits.data() + at, digits.size() - at});
}

plain_text& plain_text::add_seconds(std::uint64_t microseconds) noexcept {
  constexpr std::uint64_t second = 1'000'000;
  return add_digits(microseconds / second, 10).add(".").add_digits(microseconds % second, 10, 6);
}

// `7counter` and `N4shop7counterE`; all else needs memory, or is a page long.
plain_text& plain_text::add_name(const char* mangled) noexcept {
  if (end_ != nullptr) {
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr), &std::free);
    return add(text == nullptr ? mangled : text.get());
  }
  std::string_view rest(mangled);
  const bool nested = rest.starts_with('N') && rest.ends_with('E');
  if (nested) rest = rest.substr(1, rest.size() - 2);
  if (nested && rest.empty()) return add("_ZTI").add(mangled);
  std::string_view name;
  for (std::string_view check = rest; !check.empty();) {
    if (!take_name(check, name) || (!nested && !check.empty()))
      return add("_ZTI").add(mangled);  // c++filt finds it there
  }
  for (bool first = true; !rest.empty(); first = false) {
    take_name(rest, name);
    if (!first) add("::");
    add(name.starts_with("_GLOBAL__N_") ? std::string_view("(anonymous namespace)") : name);
  }
  return *this;
}

void plain_text::flush() noexcept {
  if (end_ != nullptr) {
    end_->append(text_.data(), used_);
    used_ = 0;
  }
  std::size_t done = 0;
  while (done < used_) {
    const ssize_t wrote = ::write(descriptor_, text_.data() + done, used_ - done);
    if (wrote < 0 && errno != EINTR) break;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  used_ = 0;
}

}  // namespace kin::detail
