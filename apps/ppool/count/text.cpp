// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <algorithm>
#include <clocale>
#include <cstdint>
#include <cstring>
#include <langinfo.h>
#include <string_view>

namespace ppool {
namespace {

std::uint8_t byte(char c) { return static_cast<std::uint8_t>(c); }

/// Whether a lead byte and the one after it begin a sequence that RE2 lets pass and grep does not.
bool only_re2_accepts(std::uint8_t lead, std::uint8_t next) {
  switch (lead) {
    case 0xE0:
      return next >= 0x80 && next <= 0x9F;  // overlong, below U+0800
    case 0xED:
      return next >= 0xA0 && next <= 0xBF;  // surrogates
    case 0xF0:
      return next >= 0x80 && next <= 0x8F;  // overlong, below U+10000
    case 0xF4:
      return next >= 0x90 && next <= 0xBF;  // beyond U+10FFFF
    default:
      return false;
  }
}

/// One pass without branches, which a compiler turns into vector code: nearly all text ends here.
bool has_long_sequences(std::span<const char> text) {
  std::uint8_t highest = 0;
  for (const char c : text) highest = std::max(highest, byte(c));
  return highest >= 0xE0;
}

}  // namespace

encoding encoding_of_environment() {
  // Not setlocale: that would change number formats of the whole program.
  const locale_t here = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (here == nullptr) return encoding::bytes;  // an unknown locale is C, for grep too
  const std::string_view codeset = ::nl_langinfo_l(CODESET, here);
  const auto found = codeset == "UTF-8" ? encoding::utf8 : encoding::bytes;
  ::freelocale(here);
  return found;
}

bool nuls_to_newlines(std::span<char> text) {
  const auto first = text.empty() ? nullptr : std::memchr(text.data(), '\0', text.size());
  if (first == nullptr) return false;
  std::replace(static_cast<char*>(first), text.data() + text.size(), '\0', '\n');
  return true;
}

void hide_ill_formed(std::span<char> text) {
  if (!has_long_sequences(text)) return;
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (only_re2_accepts(byte(text[at]), byte(text[at + 1]))) text[at] = '\xFF';
  }
}

}  // namespace ppool
