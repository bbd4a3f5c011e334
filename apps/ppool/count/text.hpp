// SPDX-License-Identifier: Apache-2.0
//
// What GNU grep takes for a line, and what for a character: prepared here so that RE2, which knows
// only newlines and its own idea of UTF-8, comes to the same counts.
//
//   T1  `grep -c` ends a line at a newline *and at a NUL* (it rewrites NULs once it has seen one:
//       grep.c, zap_nuls), so a binary file has a count. We rewrite them as well.
//   T2  In a UTF-8 locale no part of an ill-formed sequence matches '.' or [^x]; other bytes of the
//       line match as ever. RE2 does the same, but for three simplifications: '.' lets overlong
//       forms, surrogates and what lies beyond U+10FFFF pass (re2/compile.cc, Add_80_10ffff).
//       We break those sequences by a byte that stands in no UTF-8 text; no pattern can name it.
//   T3  In other locales (C) each byte is a character, for grep and, as Latin-1, for RE2.
//
// Not imitated: in UTF-8 grep's [^x], unlike its '.', takes sequences beyond U+10FFFF (lead bytes
// F4 to F7; it is glibc's regex that does). Such bytes are in no text; some binary files show it.
#pragma once

#include <span>

namespace ppool {

enum class encoding { utf8, bytes };

/// How grep would read text if it ran here: LC_ALL, LC_CTYPE or LANG says.
encoding encoding_of_environment();

/// T1, in place. True if there was a NUL: grep's sign of a binary file.
bool nuls_to_newlines(std::span<char> text);

/// T2, in place. Sequences are looked for inside lines: give whole lines.
void hide_ill_formed(std::span<char> text);

}  // namespace ppool
