// SPDX-License-Identifier: Apache-2.0
// What is written when the program dies of a fault: the reason, a backtrace, what the workers have
// done last, and all processes. Everything here can be called in a signal handler.
#pragma once

#include <string>
#include <string_view>

namespace kin::detail {

struct control_block;
class plain_text;

/// `<0.83.0> registered as counter`. Any thread.
void write_name(plain_text& out, const control_block& p) noexcept;

/// Before any fault: where the file goes. Empty: KIN_CRASH_DIR; without that, the current directory
/// when this is called. KIN_CRASH_DIR set to nothing: no file.
void choose_crash_folder(const std::string& folder);

/// What will stand in the file as the last words of the program.
void note_last_words(std::string_view text) noexcept;

/// Writes the file, and says so on standard error. Once: a second call does nothing.
void write_crash_file(const char* reason, const void* address) noexcept;

}  // namespace kin::detail
