// SPDX-License-Identifier: Apache-2.0
//
// One compiled expression, and the question put to it: how many of these lines does it match?
//
// A buffer is searched whole, not line by line: RE2 skips lines without a match at the speed of
// its automaton (or of memchr, for a literal), and a call into it is paid once a *matching* line.
//
//   M1  The expression can never consume a newline (never_nl), so a hit lies within one line.
//   M2  ^ and $ hold at every line (one_line off), and a search starts only where a line starts.
//   M3  The last newline is cut off before the search: behind it no line begins, but RE2 sees
//       an empty one there, and `^$` or `x*` would count it.
//   M4  Nothing that could act across lines or bytes exists: RE2 has \A \z \C (?s) only outside
//       posix_syntax. What is left is what grep -E understands too, and \d \s \w \b.
//
// Known to differ from grep -E, all by syntax: a backslash in [...] escapes; \w \b [[:alpha:]] are
// ASCII; \s has no \v; no back references. GNU spellings that RE2 would read *silently* as
// something else are refused (\< \> \` \' and {,n}).
#pragma once

#include "text.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace ppool {

/// The expression is none; what() says which one and why.
class bad_regex : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thread  any number at once: counting is const. RE2 takes a read lock a search, so where every
///         line matches and cores are many, one matcher a worker is faster than one for all.
/// Stack   a few KiB to count; construct it elsewhere, parsing needs more.
class matcher {
 public:
  /// Throws bad_regex.
  explicit matcher(std::string_view regex, encoding text = encoding::utf8);
  ~matcher();
  matcher(matcher&&) noexcept;
  matcher& operator=(matcher&&) noexcept;

  /// How many lines of `text` match. `text` is whole lines; the last may lack its newline.
  std::uint64_t count_lines(std::string_view text) const;

  encoding text_encoding() const { return encoding_; }

 private:
  std::unique_ptr<const re2::RE2> regex_;
  encoding encoding_;
};

}  // namespace ppool
