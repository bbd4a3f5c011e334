// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace kin_tool {

/// Writes the template as a project of that name to the folder `parent / name`, which must not be
/// there.
/// Throws  std::runtime_error with a sentence for the user.
void new_project(const std::filesystem::path& parent, std::string_view name);

}  // namespace kin_tool
