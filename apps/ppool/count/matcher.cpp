// SPDX-License-Identifier: Apache-2.0
#include "matcher.hpp"

#include <re2/re2.h>

namespace ppool {
namespace {

/// Past the class that begins at `at`, as RE2 reads it: a first ] is a member, \] is another.
std::size_t after_class(std::string_view regex, std::size_t at) {
  ++at;
  if (at < regex.size() && regex[at] == '^') ++at;
  if (at < regex.size() && regex[at] == ']') ++at;
  while (at < regex.size() && regex[at] != ']') {
    const auto named_end = regex.substr(at, 2) == "[:" ? regex.find(":]", at) : regex.npos;
    if (named_end != regex.npos) {
      at = named_end + 2;
    } else {
      at += regex[at] == '\\' ? 2 : 1;
    }
  }
  return at + 1;
}

/// A GNU spelling that RE2 takes for something else without a word, or nothing.
std::string_view misread(std::string_view regex) {
  std::size_t at = 0;
  while (at < regex.size()) {
    const char next = at + 1 < regex.size() ? regex[at + 1] : '\0';
    if (regex[at] == '\n') return "a newline; separate alternatives by |";
    if (regex[at] == '\\') {
      if (next == '<' || next == '>') return R"(\< and \> are GNU's; write \b)";
      if (next == '`' || next == '\'') return R"(\` and \' are GNU's; write ^ or $)";
      at += 2;
    } else if (regex[at] == '[') {
      at = after_class(regex, at);
    } else if (regex[at] == '{' && next == ',') {
      return "{,n} is GNU's; write {0,n}";
    } else {
      ++at;
    }
  }
  return {};
}

RE2::Options grep_like(encoding text) {
  RE2::Options options;
  options.set_encoding(text == encoding::utf8 ? RE2::Options::EncodingUTF8
                                              : RE2::Options::EncodingLatin1);
  options.set_posix_syntax(true);  // M4
  options.set_perl_classes(true);
  options.set_word_boundary(true);
  options.set_never_nl(true);   // M1
  options.set_one_line(false);  // M2
  options.set_never_capture(true);
  options.set_log_errors(false);
  return options;
}

[[noreturn]] void refuse(std::string_view regex, std::string_view why) {
  throw bad_regex("bad regex '" + std::string{regex} + "': " + std::string{why});
}

}  // namespace

matcher::matcher(std::string_view regex, encoding text) : encoding_{text} {
  if (const auto why = misread(regex); !why.empty()) refuse(regex, why);
  auto compiled = std::make_unique<const RE2>(regex, grep_like(text));
  if (!compiled->ok()) refuse(regex, compiled->error());
  compiled->ReverseProgramSize();  // RE2 compiles this half when first needed: let that be here,
  regex_ = std::move(compiled);    // not on a worker's small stack
}

matcher::~matcher() = default;
matcher::matcher(matcher&&) noexcept = default;
matcher& matcher::operator=(matcher&&) noexcept = default;

std::uint64_t matcher::count_lines(std::string_view text) const {
  if (text.empty()) return 0;
  if (text.back() == '\n') text.remove_suffix(1);  // M3

  std::uint64_t count = 0;
  std::size_t line = 0;
  re2::StringPiece hit;
  while (regex_->Match(text, line, text.size(), RE2::UNANCHORED, &hit, 1)) {
    ++count;
    const auto at = static_cast<std::size_t>(hit.data() - text.data());
    const auto newline = text.find('\n', at);  // M1: the end of the hit's own line
    if (newline == text.npos) break;
    line = newline + 1;
  }
  return count;
}

}  // namespace ppool
