// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace kin_tool {

struct template_file {
  std::string_view path;  // in the project
  std::string_view text;  // in which @project@ and @kin_version@ stand for their values
};

/// The files of template/, as they were when this program was built.
std::span<const template_file> project_template();

}  // namespace kin_tool
