// SPDX-License-Identifier: Apache-2.0
#include <kin/setting.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ostream>

namespace kin {
namespace {

constexpr std::string_view hex = "0123456789ABCDEF";

// As a basic string of TOML.
void print_text(std::ostream& out, std::string_view text) {
  out << '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out << '\\' << c;
    } else if (c == '\n') {
      out << "\\n";
    } else if (c == '\t') {
      out << "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out << "\\u00" << hex[byte >> 4U] << hex[byte & 0xfU];
    } else {
      out << c;
    }
  }
  out << '"';
}

// The shortest text that is this number again, and no whole number.
void print_number(std::ostream& out, double value) {
  if (std::isnan(value)) {
    out << "nan";
    return;
  }
  if (std::isinf(value)) {
    out << (value < 0 ? "-inf" : "inf");
    return;
  }
  std::array<char, 32> digits{};
  const auto [end, failed] = std::to_chars(digits.begin(), digits.end(), value);
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.begin()));
  out << text;
  if (text.find_first_of(".e") == std::string_view::npos) out << ".0";
}

bool is_bare(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace

std::ostream& setting::print(std::ostream& out) const {
  const char* between = "";
  if (const auto* all = list()) {
    out << '[';
    for (const setting& one : *all) {
      out << std::exchange(between, ", ");
      one.print(out);
    }
    return out << ']';
  }
  if (const auto* all = table()) {
    out << '{';
    for (const auto& [key, one] : *all) {
      out << std::exchange(between, ", ");
      if (is_bare(key)) {
        out << key;
      } else {
        print_text(out, key);
      }
      out << " = ";
      one.print(out);
    }
    return out << '}';
  }
  if (const auto* yes = std::get_if<bool>(&held_)) return out << (*yes ? "true" : "false");
  if (const auto* whole = std::get_if<std::int64_t>(&held_)) return out << *whole;
  if (const auto* value = std::get_if<double>(&held_)) {
    print_number(out, *value);
    return out;
  }
  print_text(out, *std::get_if<std::string>(&held_));
  return out;
}

}  // namespace kin
