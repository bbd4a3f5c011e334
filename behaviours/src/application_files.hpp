// SPDX-License-Identifier: Apache-2.0
// What is read of files and command lines in TOML, beside what programs can ask for.
#pragma once

#include <kin/application.hpp>

#include <string_view>

namespace kin::detail {

/// Adds what `APPLICATION.KEY=VALUE` says. The value is one of TOML; what is none, and does not
/// begin as text, a list or a table does, is text. The error is text for people.
result<void> parse_assignment(std::string_view text, app::config& into);

}  // namespace kin::detail
